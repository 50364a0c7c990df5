"""The client against a server of a few lines that answers what a test put into it."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from temptrack import errors, types
from temptrack.client import Client
from temptrack.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
    common_pb2,
    retrieval_pb2,
    retrieval_pb2_grpc,
)


def packed(message: Message) -> Packed:
    result = Packed()
    result.Pack(message)
    return result


def refuse(context: Any, code: grpc.StatusCode, reason: str, message: str) -> None:
    info = error_details_pb2.ErrorInfo(reason=reason, domain="temptrack")
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed(info)])
    context.abort_with_status(rpc_status.to_status(status))


class Server:
    """Keeps every request; a path is refused unless `reads_paths`."""

    def __init__(self) -> None:
        self.reads_paths = True
        self.requests: list[Message] = []
        self.uploads: dict[str, bytes] = {}
        self.batches: list[list[str]] = []
        self.cancelled = threading.Event()
        self.holds = False
        self.ended = False

    # Retrieval
    def upload_media(self, pieces: Iterator[Any], context: Any) -> Message:
        header = next(pieces).header
        content = b"".join(piece.chunk for piece in pieces)
        if header.file_name.startswith("huge"):
            refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE", "at most 1 byte")
        assert header.size_bytes == len(content)
        handle = f"u{len(self.uploads)}"
        self.uploads[handle] = content
        return retrieval_pb2.UploadMediaResponse(upload=handle, size_bytes=len(content))

    def find_music(self, request: Any, context: Any) -> Message:
        self.requests.append(request)
        self._check(request.clip, context)
        hits = [
            common_pb2.Hit(track=common_pb2.Track(id=f"t{i}", text="x" * 1000), relevance=0.5)
            for i in range(request.limit)
        ]
        return retrieval_pb2.FindMusicResponse(hits=hits, plan="exact")

    def find_similar(self, request: Any, context: Any) -> Message:
        refuse(context, grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "no track has the id x")
        raise AssertionError

    # Catalogue
    def list_tracks(self, request: Any, context: Any) -> Message:
        tracks = {"": ["a", "b"], "next": ["c"]}[request.page_token]
        return catalogue_pb2.ListTracksResponse(
            tracks=[common_pb2.Track(id=i) for i in tracks],
            next_page_token="" if request.page_token else "next",
            total_size=3,
        )

    def download_track(self, request: Any, context: Any) -> Iterator[Message]:
        yield catalogue_pb2.DownloadTrackResponse(file_name="../song.mp3", chunk=b"ab")
        yield catalogue_pb2.DownloadTrackResponse(chunk=b"cd")

    def import_tracks(self, request: Any, context: Any) -> Message:
        self.batches.append([s.media.upload or s.media.path for s in request.sources])
        outcomes = [self._import(source) for source in request.sources]
        response = catalogue_pb2.ImportTracksResponse(
            outcomes=outcomes, sound_s=10.0 * len(outcomes), elapsed_s=1.0
        )
        self.response = response
        return self._running()

    # Operations
    def wait_operation(self, request: Any, context: Any) -> Message:
        if self.cancelled.is_set():
            error = status_pb2.Status(code=1, message="cancelled by the caller")
            return operations_pb2.Operation(name=request.name, done=True, error=error)
        if self.holds:
            return self._running()
        metadata = catalogue_pb2.ImportTracksMetadata(num_sources=1, num_done=1, sound_s=10)
        return operations_pb2.Operation(
            name=request.name, done=True, metadata=packed(metadata), response=packed(self.response)
        )

    def cancel_operation(self, request: Any, context: Any) -> Message:
        self.cancelled.set()
        return Empty()

    def list_operations(self, request: Any, context: Any) -> Message:
        operation = self._running()
        operation.done = self.ended
        return operations_pb2.ListOperationsResponse(operations=[operation])

    def get_operation(self, request: Any, context: Any) -> Message:
        response = packed(catalogue_pb2.ImportTracksResponse(elapsed_s=2.0))
        return operations_pb2.Operation(name=request.name, done=True, response=response)

    def _running(self) -> operations_pb2.Operation:
        metadata = catalogue_pb2.ImportTracksMetadata(num_sources=1)
        return operations_pb2.Operation(name="operations/1", metadata=packed(metadata))

    def _check(self, media: Any, context: Any) -> None:
        if media.path and not self.reads_paths:
            code = grpc.StatusCode.PERMISSION_DENIED
            refuse(context, code, "PATH_NOT_ALLOWED", "outside the allowed roots")

    def _import(self, source: Any) -> Message:
        outcome = catalogue_pb2.ImportOutcome
        if source.media.path and not self.reads_paths:
            return outcome(
                label=source.label, state=outcome.STATE_REFUSED, reason="PATH_NOT_ALLOWED"
            )
        return outcome(label=source.label, track_id=source.label, state=outcome.STATE_ADDED)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Iterator[Client]:
    options = (("grpc.max_send_message_length", -1),)
    running = grpc.server(ThreadPoolExecutor(4), options=options)
    # `Any`: generated code has no types.
    register: list[Any] = [
        catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server,
        retrieval_pb2_grpc.add_RetrievalServiceServicer_to_server,
        operations_pb2_grpc.add_OperationsServicer_to_server,
    ]
    for add in register:
        add(_whole(server), running)
    target = f"unix:{tmp_path}/socket"
    running.add_insecure_port(target)
    running.start()
    with Client(target, timeout_s=30) as connected:
        yield connected
    running.stop(None).wait()


def _whole(server: Server) -> Any:
    """The server with a method for every name of the protocol, so that it can be registered."""

    class Whole:
        def __getattr__(self, name: str) -> object:
            return getattr(server, re.sub("(?<=[a-z])([A-Z])", r"_\1", name).lower(), None)

    return Whole()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "cut.mp4"
    file.write_bytes(b"moving picture")
    return file


def test_a_local_server_is_told_the_path(server: Server, client: Client, clip: Path) -> None:
    client.find_music("calm", clip=clip, balance=0.0)
    request: Any = server.requests[0]
    assert request.clip.path == str(clip)
    assert request.HasField("balance")
    assert not request.HasField("audio")
    assert server.uploads == {}


def test_a_file_outside_the_allowed_roots_is_sent(
    server: Server, client: Client, clip: Path
) -> None:
    server.reads_paths = False
    client.find_music(clip=clip)
    request: Any = server.requests[-1]
    assert server.uploads == {request.clip.upload: b"moving picture"}


def test_a_file_that_is_not_there_is_not_asked_about(server: Server, client: Client) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4: there is no such file"):
        client.find_music(clip=Path("gone.mp4"))
    assert server.requests == []


def test_an_answer_may_be_longer_than_four_megabytes(client: Client) -> None:
    found = client.find_music("calm", limit=6000)
    assert len(found.hits) == 6000
    assert found.understood is None


def test_an_error_keeps_its_reason(client: Client) -> None:
    with pytest.raises(errors.NotFoundError, match="no track has the id x") as caught:
        client.find_similar("x")
    assert caught.value.reason == "NOT_FOUND"


def test_a_target_where_nobody_listens_is_named(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/nobody"
    with Client(target) as client, pytest.raises(errors.UnreachableError, match=target):
        client.status()


def test_all_tracks_are_fetched_page_by_page(client: Client) -> None:
    assert [track.id for track in client.all_tracks()] == ["a", "b", "c"]


def test_a_download_stays_in_its_folder(client: Client, tmp_path: Path) -> None:
    file = client.download_track("a", tmp_path)
    assert file == tmp_path / "song.mp3"
    assert file.read_bytes() == b"abcd"


def sources(folder: Path, *names: str) -> list[types.TrackSource]:
    for name in names:
        (folder / name).write_bytes(name.encode())
    return [types.TrackSource(media=folder / name) for name in names]


def test_an_import_by_path_reports_each_source(
    server: Server, client: Client, tmp_path: Path
) -> None:
    seen: list[types.ImportProgress] = []
    report = client.import_tracks(sources(tmp_path, "a.mp3", "b.mp3")).wait(seen.append)
    assert [o.state for o in report.outcomes] == ["added", "added"]
    assert report.sound_s == 20.0
    assert seen[-1].num_sources == 2
    assert server.uploads == {}


def test_an_import_sends_what_the_server_may_not_read(
    server: Server, client: Client, tmp_path: Path
) -> None:
    server.reads_paths = False
    title = types.TrackSource(title="A mere title", label="title")
    wanted = [*sources(tmp_path, "a.mp3", "b.mp3"), title]
    report = client.import_tracks(wanted).wait()
    assert [o.label for o in report.outcomes] == ["a.mp3", "b.mp3", "title"]
    assert [o.state for o in report.outcomes] == ["added"] * 3
    assert server.batches[1] == ["u0", "u1"]


def test_an_import_refuses_one_file_and_takes_the_others(
    server: Server, client: Client, tmp_path: Path
) -> None:
    server.reads_paths = False
    gone = types.TrackSource(media=tmp_path / "gone.mp3")
    wanted = [gone, *sources(tmp_path, "huge.mp3", "b.mp3")]
    report = client.import_tracks(wanted).wait()
    assert [o.state for o in report.outcomes] == ["refused", "refused", "added"]
    assert [o.reason for o in report.outcomes] == ["NOT_FOUND", "TOO_LARGE", ""]


def test_an_import_of_nothing_that_is_there_asks_the_server_for_nothing(
    server: Server, client: Client, tmp_path: Path
) -> None:
    report = client.import_tracks([types.TrackSource(media=tmp_path / "gone.mp3")]).wait()
    assert [o.state for o in report.outcomes] == ["refused"]
    assert server.batches == []


def test_a_cancelled_import_says_so(server: Server, client: Client, tmp_path: Path) -> None:
    server.holds = True
    job = client.import_tracks(sources(tmp_path, "a.mp3"))
    with pytest.raises(errors.CancelledError, match="cancelled by the caller"):
        job.wait(lambda _: job.cancel())


def test_operations_are_listed_with_their_state(client: Client) -> None:
    (operation,) = client.operations()
    assert (operation.name, operation.kind, operation.state) == (
        "operations/1",
        "import",
        "running",
    )
    with pytest.raises(ValueError, match="has not ended"):
        operation.result()


def test_a_result_that_a_list_left_out_is_asked_for(server: Server, client: Client) -> None:
    server.ended = True
    (operation,) = client.operations()
    assert operation.state == "done"
    assert operation.result() == types.ImportReport(elapsed_s=2.0)


def test_a_wait_can_be_bounded(server: Server, client: Client) -> None:
    server.holds = True
    (operation,) = client.operations()
    with pytest.raises(errors.TimedOutError):
        operation.wait(timeout_s=0.01)
