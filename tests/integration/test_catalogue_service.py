"""The catalogue and its operations over a real gRPC server; reader and embedder are fakes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from sqlalchemy import Engine

from services.catalogue.servicer import OPERATION_MESSAGES, CatalogueServicer
from services.database import Sessions
from services.operations.runner import OperationRunner
from services.operations.servicer import OperationsServicer
from services.status import DETAILS_KEY, StatusInterceptor
from services.uploads import MediaSource
from temptrack.v1 import catalogue_pb2 as pb
from temptrack.v1 import catalogue_pb2_grpc, common_pb2
from tests.fakes import write_tone
from tests.fixtures.databases import database_url, empty_engine, engine  # noqa: F401 - fixtures
from tests.unit.ingest_rig import Rig, make_rig

WAIT = Duration(seconds=30)


class Stubs:
    """The two services of a running server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.catalogue: Any = catalogue_pb2_grpc.CatalogueServiceStub(channel)  # type: ignore[no-untyped-call]
        self.operations: Any = operations_pb2_grpc.OperationsStub(channel)

    async def import_(self, *sources: pb.TrackSource) -> pb.ImportTracksResponse:
        started = await self.catalogue.ImportTracks(pb.ImportTracksRequest(sources=sources))
        wait = operations_pb2.WaitOperationRequest(name=started.name, timeout=WAIT)
        done = await self.operations.WaitOperation(wait)
        response = pb.ImportTracksResponse()
        assert done.response.Unpack(response)
        return response


Act = Callable[[Stubs], Awaitable[Any]]


@pytest.fixture
def rig(tmp_path: Path, engine: Engine) -> Rig:  # noqa: F811 - a fixture
    return make_rig(tmp_path, Sessions(engine))


@pytest.fixture
def serve(rig: Rig) -> Iterator[Callable[[Act], Any]]:
    """Runs something against a fresh server."""
    runner = rig.runner()
    yield lambda act: asyncio.run(_serve(rig, runner, act))
    runner.close()


async def _serve(rig: Rig, runner: OperationRunner, act: Act) -> Any:
    address = f"unix:{rig.folder / 'socket'}"
    server = grpc.aio.server(interceptors=[StatusInterceptor()])
    sources = MediaSource((rig.music, rig.media), rig.uploads)
    servicer = CatalogueServicer(rig.catalogue, runner, sources)
    catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    operations = OperationsServicer(runner, OPERATION_MESSAGES)
    operations_pb2_grpc.add_OperationsServicer_to_server(operations, server)
    server.add_insecure_port(address)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            return await act(Stubs(channel))
    finally:
        await server.stop(None)


async def refused(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    """The code and the reason with which a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    metadata = dict(caught.value.trailing_metadata() or ())
    info = ErrorInfo()
    assert Status.FromString(metadata[DETAILS_KEY]).details[0].Unpack(info)
    return caught.value.code(), info.reason


def path_source(path: Path, **words: Any) -> pb.TrackSource:
    return pb.TrackSource(media=common_pb2.Media(path=str(path)), **words)


def test_an_import_brings_a_track_that_can_be_shown_and_sent(rig: Rig, serve: Any) -> None:
    path = write_tone(rig.music / "a.wav", 440.0, duration_s=20.0)

    async def act(stubs: Stubs) -> None:
        response = await stubs.import_(path_source(path, id="one", title="One", tags=["Calm"]))
        (outcome,) = response.outcomes
        assert (outcome.state, outcome.track_id) == (pb.ImportOutcome.STATE_ADDED, "one")
        assert response.sound_s == pytest.approx(20.0)

        track = (await stubs.catalogue.GetTrack(pb.GetTrackRequest(id="one"))).track
        assert (track.title, list(track.tags), track.num_segments) == ("One", ["calm"], 3)
        assert (track.has_sound, track.available, track.generated) == (True, True, False)
        assert (track.heard.tempo_bpm, track.heard.key) == (120.0, "A minor")
        assert track.heard.moods["energy"] == pytest.approx(-0.4)
        assert track.added_at.seconds > 0

        call = stubs.catalogue.DownloadTrack(pb.DownloadTrackRequest(id="one"))
        pieces = [piece async for piece in call]
        assert pieces[0].file_name == "a.wav"
        assert b"".join(piece.chunk for piece in pieces) == path.read_bytes()

    serve(act)


def test_a_track_whose_file_is_gone_says_so(rig: Rig, serve: Any) -> None:
    path = write_tone(rig.music / "a.wav")

    async def act(stubs: Stubs) -> None:
        await stubs.import_(path_source(path, id="one"), pb.TrackSource(id="two", title="Two"))
        path.unlink()
        track = (await stubs.catalogue.GetTrack(pb.GetTrackRequest(id="one"))).track
        assert (track.has_sound, track.available) == (True, False)
        two = (await stubs.catalogue.GetTrack(pb.GetTrackRequest(id="two"))).track
        assert (two.has_sound, two.available, two.HasField("heard")) == (False, False, False)
        first = stubs.catalogue.DownloadTrack(pb.DownloadTrackRequest(id="one")).read()
        assert await refused(first) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        second = stubs.catalogue.DownloadTrack(pb.DownloadTrackRequest(id="two")).read()
        assert await refused(second) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_SOUND")

    serve(act)


def test_a_file_swapped_for_a_link_out_of_the_roots_is_not_sent(rig: Rig, serve: Any) -> None:
    path = write_tone(rig.music / "a.wav")

    async def act(stubs: Stubs) -> None:
        await stubs.import_(path_source(path, id="one"))
        path.unlink()
        path.symlink_to("/etc/passwd")
        call = stubs.catalogue.DownloadTrack(pb.DownloadTrackRequest(id="one")).read()
        assert await refused(call) == (grpc.StatusCode.PERMISSION_DENIED, "PATH_NOT_ALLOWED")

    serve(act)


def test_an_uploaded_file_is_imported_and_sent_back(rig: Rig, serve: Any) -> None:
    content = write_tone(rig.folder / "x.wav").read_bytes()
    handle = rig.upload(content, "x.wav")["media"]["upload"]

    async def act(stubs: Stubs) -> None:
        source = pb.TrackSource(media=common_pb2.Media(upload=handle), id="one")
        again = pb.TrackSource(media=common_pb2.Media(upload=handle), id="two")
        response = await stubs.import_(source, again)
        states = [outcome.state for outcome in response.outcomes]
        assert states == [pb.ImportOutcome.STATE_ADDED] * 2
        later = await stubs.import_(source)
        assert later.outcomes[0].reason == "NOT_FOUND"
        call = stubs.catalogue.DownloadTrack(pb.DownloadTrackRequest(id="one"))
        assert b"".join([piece.chunk async for piece in call]) == content

    serve(act)


def test_tracks_are_listed_changed_and_removed(rig: Rig, serve: Any) -> None:
    async def act(stubs: Stubs) -> None:
        await stubs.import_(*[pb.TrackSource(id=name, title=f"Title {name}") for name in "abc"])
        first = await stubs.catalogue.ListTracks(pb.ListTracksRequest(page_size=2))
        assert [track.id for track in first.tracks] == ["a", "b"]
        assert first.total_size == 3
        token = first.next_page_token
        rest = await stubs.catalogue.ListTracks(pb.ListTracksRequest(page_token=token))
        assert [track.id for track in rest.tracks] == ["c"]
        assert rest.next_page_token == ""

        changed = common_pb2.Track(id="a", title="New", artist="Ignored", tags=["X"])
        mask = FieldMask(paths=["title", "tags", "album"])
        request = pb.UpdateTrackRequest(track=changed, update_mask=mask)
        track = (await stubs.catalogue.UpdateTrack(request)).track
        assert (track.title, track.artist, list(track.tags)) == ("New", "", ["x"])
        unmasked = pb.UpdateTrackRequest(track=common_pb2.Track(id="a", artist="Bo"))
        track = (await stubs.catalogue.UpdateTrack(unmasked)).track
        assert (track.title, track.artist, list(track.tags)) == ("New", "Bo", ["x"])

        await stubs.catalogue.RemoveTrack(pb.RemoveTrackRequest(id="a"))
        gone = stubs.catalogue.GetTrack(pb.GetTrackRequest(id="a"))
        assert await refused(gone) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        found = await stubs.catalogue.ListTracks(pb.ListTracksRequest(words="TITLE b"))
        assert [track.id for track in found.tracks] == ["b"]

    serve(act)


def test_playlists_are_made_listed_changed_and_removed(rig: Rig, serve: Any) -> None:
    async def act(stubs: Stubs) -> None:
        await stubs.import_(*[pb.TrackSource(id=name, title=name) for name in "abc"])
        new = pb.Playlist(title="Mine", track_ids=["b", "a"])
        made = await stubs.catalogue.CreatePlaylist(pb.CreatePlaylistRequest(playlist=new))
        made_id = made.playlist.id
        assert made_id
        changed = pb.Playlist(id=made_id, track_ids=["c"])
        mask = FieldMask(paths=["track_ids"])
        await stubs.catalogue.UpdatePlaylist(
            pb.UpdatePlaylistRequest(playlist=changed, update_mask=mask)
        )
        shown = await stubs.catalogue.GetPlaylist(pb.GetPlaylistRequest(id=made_id))
        assert (shown.playlist.title, list(shown.playlist.track_ids)) == ("Mine", ["c"])
        listed = await stubs.catalogue.ListPlaylists(pb.ListPlaylistsRequest())
        assert [playlist.id for playlist in listed.playlists] == [made_id]
        await stubs.catalogue.RemovePlaylist(pb.RemovePlaylistRequest(id=made_id))
        gone = stubs.catalogue.GetPlaylist(pb.GetPlaylistRequest(id=made_id))
        assert await refused(gone) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

    serve(act)


def test_requests_that_break_a_rule_are_refused(rig: Rig, serve: Any) -> None:
    track = common_pb2.Track(id="a", title="x" * 1001)
    wrong_mask = FieldMask(paths=["id"])

    async def act(stubs: Stubs) -> None:
        catalogue = stubs.catalogue
        calls = [
            catalogue.ImportTracks(pb.ImportTracksRequest()),
            catalogue.ListTracks(pb.ListTracksRequest(page_size=-1)),
            catalogue.UpdateTrack(pb.UpdateTrackRequest(track=track)),
            catalogue.UpdateTrack(pb.UpdateTrackRequest(track=track, update_mask=wrong_mask)),
            catalogue.CreatePlaylist(pb.CreatePlaylistRequest(playlist=pb.Playlist(id="a b"))),
            catalogue.UpdatePlaylist(pb.UpdatePlaylistRequest(update_mask=wrong_mask)),
            stubs.operations.ListOperations(
                operations_pb2.ListOperationsRequest(filter="state=odd")
            ),
        ]
        for call in calls:
            assert await refused(call) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")

    serve(act)


def test_operations_are_shown_listed_cancelled_and_forgotten(
    rig: Rig, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [path_source(write_tone(rig.music / f"{i}.wav", 300.0 + i)) for i in range(3)]

    async def act(stubs: Stubs) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            gate = _hold_embedding(rig, monkeypatch)
            request = pb.ImportTracksRequest(sources=sources)
            name = (await stubs.catalogue.ImportTracks(request)).name
            await asyncio.get_running_loop().run_in_executor(pool, gate.reached.wait, 30)
            get = operations_pb2.GetOperationRequest(name=name)
            assert not (await stubs.operations.GetOperation(get)).done
            early = operations_pb2.WaitOperationRequest(name=name, timeout=Duration(nanos=1000))
            assert not (await stubs.operations.WaitOperation(early)).done
            delete = operations_pb2.DeleteOperationRequest(name=name)
            code, _ = await refused(stubs.operations.DeleteOperation(delete))
            assert code == grpc.StatusCode.INVALID_ARGUMENT
            await stubs.operations.CancelOperation(
                operations_pb2.CancelOperationRequest(name=name)
            )
            gate.go_on.set()
        late = operations_pb2.WaitOperationRequest(name=name, timeout=WAIT)
        done = await stubs.operations.WaitOperation(late)
        metadata = pb.ImportTracksMetadata()
        assert done.metadata.Unpack(metadata)
        assert (done.error.code, metadata.num_sources, metadata.num_done) == (1, 3, 1)
        listed = await stubs.operations.ListOperations(
            operations_pb2.ListOperationsRequest(filter="done=true")
        )
        assert [operation.name for operation in listed.operations] == [name]
        await stubs.operations.DeleteOperation(delete)
        gone = stubs.operations.GetOperation(get)
        assert await refused(gone) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

    serve(act)


def _hold_embedding(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Any:
    from tests.unit.test_ingest_progress import Valve

    return Valve(rig, monkeypatch, stop_at=0)
