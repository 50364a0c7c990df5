"""The services of retrieval, playlists, composing, encoding and status over a real server."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from services.catalogue.records import PlaylistRecord
from services.generation.servicer import GenerationServicer
from services.operations.runner import OperationRunner
from services.operations.store import OperationStore
from services.recommendation.servicer import RecommendationServicer
from services.retrieval.admin_servicer import REINDEX_KIND, AdminServicer
from services.retrieval.encoding_servicer import EncodingServicer
from services.retrieval.reindex import ReindexTools, reindex
from services.retrieval.server_status import ServerFacts
from services.retrieval.servicer import RetrievalServicer
from services.status import StatusInterceptor
from services.uploads import MediaSource, UploadStore
from services.workload import Workload
from temptrack.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    common_pb2,
    encoding_pb2,
    encoding_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    recommendation_pb2,
    recommendation_pb2_grpc,
    retrieval_pb2,
    retrieval_pb2_grpc,
)
from tests.fakes import write_tone
from tests.fixtures.retrieval import Shelf, empty_database, shelf  # noqa: F401

MAX_UPLOAD = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a test talks to."""

    shelf: Shelf
    folder: Path
    runner: OperationRunner
    servicers: dict[str, Any]

    def call(self, ask: Callable[["Stubs"], Awaitable[Any]]) -> Any:
        """Starts a server on a free port, asks, and stops it."""
        return asyncio.run(self._call(ask))

    async def _call(self, ask: Callable[["Stubs"], Awaitable[Any]]) -> Any:
        server = grpc.aio.server(interceptors=[StatusInterceptor()])
        for name, servicer in self.servicers.items():
            ADD[name](servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                return await ask(Stubs(channel))
        finally:
            await server.stop(None)


class Stubs:
    """One stub for each service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.retrieval = retrieval_pb2_grpc.RetrievalServiceStub(channel)  # type: ignore[no-untyped-call]
        self.playlists = recommendation_pb2_grpc.RecommendationServiceStub(channel)  # type: ignore[no-untyped-call]
        self.generation = generation_pb2_grpc.GenerationServiceStub(channel)  # type: ignore[no-untyped-call]
        self.encoding = encoding_pb2_grpc.EncodingServiceStub(channel)  # type: ignore[no-untyped-call]
        self.admin = admin_pb2_grpc.AdminServiceStub(channel)  # type: ignore[no-untyped-call]


ADD: dict[str, Callable[[Any, Any], None]] = {
    "retrieval": retrieval_pb2_grpc.add_RetrievalServiceServicer_to_server,
    "playlists": recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server,
    "generation": generation_pb2_grpc.add_GenerationServiceServicer_to_server,
    "encoding": encoding_pb2_grpc.add_EncodingServiceServicer_to_server,
    "admin": admin_pb2_grpc.add_AdminServiceServicer_to_server,
}


def make_servicers(
    shelf: Shelf,  # noqa: F811
    sources: MediaSource,
    runner: OperationRunner,
    work: Workload,
) -> dict[str, Any]:
    facts = ServerFacts(
        version="0", home=Path("/home/x"), home_format=1, space=shelf.space, device="cpu",
        database="sqlite", started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    tools = shelf.tools
    return {
        "retrieval": RetrievalServicer(tools, sources, searches=work, heavy=work),
        "playlists": RecommendationServicer(shelf.playlist_tools, work),
        "generation": GenerationServicer(tools.composer, tools.reader, work),
        "encoding": EncodingServicer(tools.embedder, tools.reader, sources=sources, heavy=work),
        "admin": AdminServicer(facts, shelf.catalogue, searcher=shelf.searcher, runner=runner),
    }


@pytest.fixture
def running(shelf: Shelf, tmp_path: Path) -> Iterator[Running]:  # noqa: F811
    uploads = UploadStore(tmp_path / "uploads", max_bytes=MAX_UPLOAD, expires_s=60)
    runner = OperationRunner(OperationStore(shelf.catalogue._sessions))
    tools = ReindexTools(
        catalogue=shelf.catalogue,
        generations=shelf.generations,
        searcher=shelf.searcher,
        hears=None,  # type: ignore[arg-type]  # every track has its vectors
        fit_calibration=shelf.fit,
        space=shelf.embedder.space,
    )
    runner.register(REINDEX_KIND, lambda request, progress: reindex(request, progress, tools))
    work = Workload("stories", num_at_once=2, max_waiting=8)
    servicers = make_servicers(shelf, MediaSource((tmp_path,), uploads), runner, work)
    yield Running(shelf=shelf, folder=tmp_path, runner=runner, servicers=servicers)
    runner.close()
    work.close()


def refused(running: Running, ask: Callable[[Stubs], Awaitable[Any]]) -> tuple[str, str]:
    """The gRPC code and the reason with which a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        running.call(ask)
    details = dict(error.value.trailing_metadata())["grpc-status-details-bin"]
    info = ErrorInfo()
    assert Status.FromString(details).details[0].Unpack(info)
    return error.value.code().name, info.reason


async def pieces_of(content: bytes, name: str = "tone.wav") -> AsyncIterator[Any]:
    yield retrieval_pb2.UploadMediaRequest(
        header=retrieval_pb2.UploadHeader(
            file_name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
        )
    )
    for start in range(0, len(content), 100):
        yield retrieval_pb2.UploadMediaRequest(chunk=content[start : start + 100])


def test_music_is_found_by_words(running: Running) -> None:
    running.shelf.add("a", "zither dusk", tags=("evening",))
    request = retrieval_pb2.FindMusicRequest(text="zither dusk")
    answer = running.call(lambda stubs: stubs.retrieval.FindMusic(request))
    assert [hit.track.id for hit in answer.hits] == ["a"]
    assert answer.hits[0].relevance == pytest.approx(1.0, abs=1e-3)
    assert answer.hits[0].reasons[0].text
    assert answer.understood.text == "zither dusk"
    assert not answer.HasField("composed")
    assert not answer.HasField("seen")


def test_an_upload_can_be_asked_with(running: Running) -> None:
    running.shelf.add("a", "pitch-69")
    content = write_tone(running.folder / "tone.wav", 440.0).read_bytes()

    async def ask(stubs: Stubs) -> Any:
        upload = await stubs.retrieval.UploadMedia(pieces_of(content))
        media = common_pb2.Media(upload=upload.upload)
        return upload, await stubs.retrieval.FindMusic(retrieval_pb2.FindMusicRequest(audio=media))

    upload, answer = running.call(ask)
    assert upload.size_bytes == len(content)
    assert upload.expires_at.seconds > 0
    assert [hit.track.id for hit in answer.hits] == ["a"]


@pytest.mark.parametrize("name", ["", "a/b.wav", "..\\b.wav", "x" * 300])
def test_an_upload_whose_name_has_folders_is_refused(running: Running, name: str) -> None:
    outcome = refused(running, lambda stubs: stubs.retrieval.UploadMedia(pieces_of(b"x", name)))
    assert outcome == ("INVALID_ARGUMENT", "INVALID_REQUEST")


def test_an_upload_without_a_header_or_beyond_its_size_is_refused(running: Running) -> None:
    async def headless() -> AsyncIterator[Any]:
        yield retrieval_pb2.UploadMediaRequest(chunk=b"x")

    async def endless() -> AsyncIterator[Any]:
        header = retrieval_pb2.UploadHeader(file_name="long.wav")
        yield retrieval_pb2.UploadMediaRequest(header=header)
        for _ in range(6):
            yield retrieval_pb2.UploadMediaRequest(chunk=b"x" * (1 << 20))

    assert refused(running, lambda stubs: stubs.retrieval.UploadMedia(headless()))[1] == (
        "INVALID_REQUEST"
    )
    assert refused(running, lambda stubs: stubs.retrieval.UploadMedia(endless()))[1] == "TOO_LARGE"
    assert list((running.folder / "uploads").iterdir()) == []


def test_requests_outside_their_limits_are_refused(running: Running) -> None:
    find = retrieval_pb2.FindMusicRequest
    wrong = [
        find(),
        find(text="x" * 2001),
        find(text="a", limit=-1),
        find(text="a", balance=1.5),
        find(text="a", filter=common_pb2.TrackFilter(keys=["H minor"])),
        find(text="a", filter=common_pb2.TrackFilter(max_per_artist=-1)),
        find(text="a", seed=-1, may_compose=True),
        find(clip=common_pb2.Media()),
    ]
    for request in wrong:
        outcome = refused(running, lambda stubs, r=request: stubs.retrieval.FindMusic(r))  # type: ignore[misc]
        assert outcome == ("INVALID_ARGUMENT", "INVALID_REQUEST"), request


def test_files_outside_the_allowed_folders_are_refused(running: Running) -> None:
    media = common_pb2.Media(path="/etc/hostname")
    request = retrieval_pb2.FindMusicRequest(audio=media)
    outcome = refused(running, lambda stubs: stubs.retrieval.FindMusic(request))
    assert outcome == ("PERMISSION_DENIED", "PATH_NOT_ALLOWED")


def test_a_damaged_file_is_one_clear_error(running: Running) -> None:
    path = running.folder / "broken.wav"
    path.write_bytes(b"\x00\x01 no tone")
    request = retrieval_pb2.FindMusicRequest(audio=common_pb2.Media(path=str(path)))
    outcome = refused(running, lambda stubs: stubs.retrieval.FindMusic(request))
    assert outcome == ("INVALID_ARGUMENT", "UNREADABLE_MEDIA")


def test_a_composed_piece_is_labelled_as_generated(running: Running) -> None:
    request = retrieval_pb2.FindMusicRequest(text="zither", may_compose=True, render=True)
    answer = running.call(lambda stubs: stubs.retrieval.FindMusic(request))
    assert answer.no_match
    assert answer.composed.generated
    assert answer.composed.wav[:4] == b"RIFF"


def test_similar_tracks_are_found_and_a_soundless_one_is_refused(running: Running) -> None:
    for track_id in "ab":
        running.shelf.add(track_id, f"zither {track_id}")
    running.shelf.add_words_only("w", title="Words")
    request = retrieval_pb2.FindSimilarRequest(track_id="a")
    answer = running.call(lambda stubs: stubs.retrieval.FindSimilar(request))
    assert [hit.track.id for hit in answer.hits] == ["b"]
    soundless = retrieval_pb2.FindSimilarRequest(track_id="w")
    outcome = refused(running, lambda stubs: stubs.retrieval.FindSimilar(soundless))
    assert outcome == ("FAILED_PRECONDITION", "NO_SOUND")


def test_a_stored_playlist_is_continued(running: Running) -> None:
    for number in range(4):
        running.shelf.add(f"t{number}", f"zither v{number}")
    stored = PlaylistRecord(id="p", title="P", track_ids=("t0", "t1"))
    running.shelf.catalogue.create_playlist(stored)
    request = recommendation_pb2.ContinuePlaylistRequest(
        playlist_id="p", seed_track_ids=["t2", "nobody"]
    )
    answer = running.call(lambda stubs: stubs.playlists.ContinuePlaylist(request))
    assert [hit.track.id for hit in answer.hits] == ["t3"]
    assert answer.ignored_seed_ids == ["nobody"]
    made = running.call(
        lambda stubs: stubs.playlists.MakePlaylist(
            recommendation_pb2.MakePlaylistRequest(text="zither", limit=2)
        )
    )
    assert len(made.hits) == 2


def test_no_track_of_a_long_playlist_is_answered_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.recommendation.servicer.MAX_SEED", 2)
    for number in range(5):
        running.shelf.add(f"t{number}", f"zither v{number}")
    stored = PlaylistRecord(id="p", title="P", track_ids=("t0", "t1", "t2", "t3"))
    running.shelf.catalogue.create_playlist(stored)
    request = recommendation_pb2.ContinuePlaylistRequest(playlist_id="p")
    answer = running.call(lambda stubs: stubs.playlists.ContinuePlaylist(request))
    assert [hit.track.id for hit in answer.hits] == ["t4"]


def test_a_piece_is_composed_to_words_and_a_brief(running: Running) -> None:
    request = generation_pb2.ComposeMusicRequest(
        text="slow, in D minor", brief=generation_pb2.Brief(tempo_bpm=100), seed=3
    )
    answer = running.call(lambda stubs: stubs.generation.ComposeMusic(request))
    assert (answer.brief.tempo_bpm, answer.brief.key) == (100, "D minor")
    assert answer.piece.seed == 3
    assert {asked.name for asked in answer.understood.asked} == {"tempo", "key"}
    empty = generation_pb2.ComposeMusicRequest()
    assert refused(running, lambda stubs: stubs.generation.ComposeMusic(empty))[1] == (
        "INVALID_REQUEST"
    )


def test_vectors_are_given_out_with_the_space(running: Running) -> None:
    path = write_tone(running.folder / "tone.wav", 440.0)
    media = common_pb2.Media(path=str(path))

    async def ask(stubs: Stubs) -> Any:
        texts = encoding_pb2.EmbedTextRequest(texts=["slow", "fast"])
        sound = encoding_pb2.EmbedSoundRequest(media=media)
        return await stubs.encoding.EmbedText(texts), await stubs.encoding.EmbedSound(sound)

    texts, sound = running.call(ask)
    assert texts.space == sound.space == running.shelf.space
    assert [len(vector.values) for vector in texts.vectors] == [256, 256]
    assert [read.text for read in texts.understood] == ["slow", "fast"]
    assert len(sound.segments) == len(sound.starts_s) == 2
    none = encoding_pb2.EmbedTextRequest()
    assert refused(running, lambda stubs: stubs.encoding.EmbedText(none))[1] == "INVALID_REQUEST"


def test_a_reindex_is_an_operation_and_the_status_shows_it(running: Running) -> None:
    running.shelf.add("a", "zither", segments=["zither", "dusk"])

    async def ask(stubs: Stubs) -> Any:
        before = await stubs.admin.GetStatus(admin_pb2.GetStatusRequest())
        operation = await stubs.admin.Reindex(admin_pb2.ReindexRequest())
        await asyncio.to_thread(
            running.runner.wait, operation.name.removeprefix("operations/"), 20.0
        )
        return before, operation, await stubs.admin.GetStatus(admin_pb2.GetStatusRequest())

    before, operation, after = running.call(ask)
    record = running.runner.get(operation.name.removeprefix("operations/"))
    assert record.state == "succeeded", record.error
    assert (before.generation, before.generation_rows, before.fresh_rows) == ("", 0, 3)
    assert (after.generation_rows, after.fresh_rows) == (3, 0)
    assert after.generation == record.response["generation"] if record.response else False
    assert (after.num_tracks, after.num_segments, after.num_running_operations) == (1, 2, 0)
