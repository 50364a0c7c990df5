"""The real server, asked by the real client, over fakes of the models."""

import dataclasses
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from encoders.embed import TextEmbedding
from services.bootstrap import Application, build_application
from services.config import Config
from services.errors import HomeInUse
from services.home import find_owner, open_home
from services.server import AddressInUse, start_private_server
from temptrack import errors, types
from temptrack.client import Client
from tests.fakes import FakeEmbedder, write_tone
from tests.fixtures.applications import build_fake, fake_config, fake_models


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed_text(self, text: str) -> TextEmbedding:
        self.asked.append(text)
        return super().embed_text(text)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for pitch, tone_hz in ((69, 440.0), (81, 880.0), (57, 220.0)):
        tags = {"title": f"Tone {pitch}", "artist": f"Artist {pitch}"}
        write_tone(folder / f"{pitch}.wav", tone_hz, tags=tags)
    return folder


@pytest.fixture
def config(tmp_path: Path, music: Path) -> Config:
    return fake_config(tmp_path / "home", music)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with start_private_server(config, build=build_fake) as target, Client(target) as connected:
        yield connected


def import_all(client: Client, music: Path) -> types.ImportReport:
    sources = [types.TrackSource(media=file, id=file.stem) for file in sorted(music.iterdir())]
    return client.import_tracks(sources).wait()


def test_music_is_imported_and_found(client: Client, music: Path) -> None:
    report = import_all(client, music)
    assert [outcome.state for outcome in report.outcomes] == ["added"] * 3
    found = client.find_music("pitch-69")
    assert found.hits[0].track.id == "69"
    assert found.hits[0].track.title == "Tone 69"
    assert not found.no_match


def test_a_second_import_changes_nothing(client: Client, music: Path) -> None:
    import_all(client, music)
    again = import_all(client, music)
    assert [outcome.state for outcome in again.outcomes] == ["unchanged"] * 3
    assert client.status().num_tracks == 3


def test_a_file_outside_the_allowed_roots_is_uploaded(client: Client, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "elsewhere.wav", 330.0)
    (outcome,) = client.import_tracks([types.TrackSource(media=tone, id="e")]).wait().outcomes
    assert (outcome.state, outcome.label) == ("added", "elsewhere.wav")
    assert client.find_music(audio=tone).hits[0].track.id == "e"
    folder = tmp_path / "downloads"
    folder.mkdir()
    assert client.download_track("e", folder).read_bytes() == tone.read_bytes()


def test_a_file_whose_name_is_no_text_is_imported(client: Client, music: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(music) + b"/caf\xe9.wav"))
    write_tone(file, 330.0)
    (outcome,) = client.import_tracks([types.TrackSource(media=file, id="e")]).wait().outcomes
    assert (outcome.state, outcome.label) == ("added", "caf?.wav")
    assert client.get_track("e").title == "caf?"
    assert client.find_music(audio=file).hits[0].track.id == "e"


def test_a_broken_upload_is_called_what_its_owner_calls_it(client: Client, tmp_path: Path) -> None:
    broken = tmp_path / "My Song.wav"
    broken.write_bytes(b"nothing")
    with pytest.raises(errors.InvalidArgumentError, match=r"^My Song\.wav is damaged"):
        client.find_music(audio=broken)
    (outcome,) = client.import_tracks([types.TrackSource(media=broken)]).wait().outcomes
    assert outcome.message.startswith("My Song.wav is damaged")
    assert outcome.label == "My Song.wav"


def test_the_same_words_are_embedded_once(config: Config) -> None:
    embedder = CountingEmbedder()

    def build(given: Config) -> Application:
        return build_application(
            given, load=lambda _: dataclasses.replace(fake_models(given), embedder=embedder)
        )

    with start_private_server(config, build=build) as target, Client(target) as connected:
        connected.find_music("calm")
        connected.find_music("calm")
    assert embedder.asked == ["calm"]


def test_a_broken_file_is_refused_and_the_others_are_taken(client: Client, music: Path) -> None:
    (music / "broken.wav").write_bytes(b"nothing")
    report = import_all(client, music)
    refused = [outcome for outcome in report.outcomes if outcome.state == "refused"]
    assert [outcome.label for outcome in refused] == ["broken.wav"]
    assert refused[0].reason == "UNREADABLE_MEDIA"
    assert client.status().num_tracks == 3


def test_nothing_that_fits_is_an_answer_and_may_be_composed(client: Client, music: Path) -> None:
    import_all(client, music)
    found = client.find_music("bagpipes")
    assert found.no_match
    assert found.hits == ()
    composed = client.find_music("bagpipes", may_compose=True, seed=7, render=True).composed
    assert composed is not None
    assert composed.generated
    assert composed.seed == 7
    assert composed.wav.startswith(b"RIFF")


def test_playlists_are_kept_and_continued(client: Client, music: Path) -> None:
    import_all(client, music)
    made = client.create_playlist("Evening", ["69"], playlist_id="evening")
    assert client.get_playlist("evening") == made
    assert {hit.track.id for hit in client.continue_playlist(playlist="evening").hits} <= {
        "81",
        "57",
    }
    client.update_playlist(types.Playlist(id="evening", title="Night"), fields=["title"])
    assert client.list_playlists().playlists[0].title == "Night"
    client.remove_playlist("evening")
    with pytest.raises(errors.NotFoundError):
        client.get_playlist("evening")


def test_tracks_are_changed_and_removed(client: Client, music: Path) -> None:
    import_all(client, music)
    changed = client.update_track(types.Track(id="69", title="A"), fields=["title"])
    assert (changed.title, changed.artist) == ("A", "Artist 69")
    client.remove_track("69")
    assert [track.id for track in client.all_tracks()] == ["57", "81"]
    assert all(hit.track.id != "69" for hit in client.find_music("pitch-69", raw=True).hits)


def test_searches_go_on_while_tracks_come_and_go(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    names = [f"tone{number}" for number in range(12)]
    for number, name in enumerate(names):
        write_tone(folder / f"{name}.wav", 220.0 * 2 ** (number / 12))
    job = client.import_tracks(
        [types.TrackSource(media=folder / f"{name}.wav", id=name) for name in names]
    )
    removed: set[str] = set()
    while not job.operation or not job.operation.done or len(removed) < 6:
        there = [track.id for track in client.all_tracks()]
        for name in set(there) & set(names[::2]):
            client.remove_track(name)
            removed.add(name)
        found = {hit.track.id for hit in client.find_music("pitch-57", raw=True, limit=99).hits}
        assert not found & removed
        if job.operation:
            job.operation.refresh()
    job.wait()
    assert {track.id for track in client.all_tracks()} == set(names[1::2])
    assert client.find_music("pitch-58").hits[0].track.id == "tone1"


def test_a_reindex_puts_a_generation_live(client: Client, music: Path) -> None:
    import_all(client, music)
    assert client.status().generation == ""
    report = client.reindex().wait()
    status = client.status()
    assert status.generation == report.generation != ""
    assert (status.fresh_rows, status.generation_rows) == (0, report.num_rows)
    assert client.find_music("pitch-69").hits[0].track.id == "69"
    assert {operation.kind for operation in client.operations()} == {"import", "reindex"}


def test_vectors_are_given_out_as_they_are_stored(client: Client, music: Path) -> None:
    words = client.embed_text(["pitch-69"])
    sound = client.embed_sound(music / "69.wav")
    assert words.space == sound.space == client.status().space
    product = sum(a * b for a, b in zip(words.vectors[0], sound.track, strict=True))
    assert product == pytest.approx(1.0, abs=1e-5)
    assert sound.starts_s == (0.0, 3.0)


def test_a_wrong_request_says_what_is_allowed(client: Client) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="needs") as caught:
        client.find_music()
    assert caught.value.reason == "INVALID_REQUEST"
    with pytest.raises(errors.NotFoundError):
        client.get_track("nobody")


def test_every_service_is_healthy(client: Client) -> None:
    with grpc.insecure_channel(client.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "temptrack.v1.RetrievalService", "google.longrunning.Operations"):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_owner_of_a_home_is_named_and_its_home_given_back(config: Config) -> None:
    home = open_home(config.home)
    with start_private_server(config, build=build_fake) as target:
        owner = find_owner(home)
        assert owner is not None
        assert (owner.pid, owner.address) == (os.getpid(), target)
        written = json.loads(home.server_file.read_text())
        assert written == {"pid": os.getpid(), "address": target}
        with (
            pytest.raises(HomeInUse, match=f"process {os.getpid()}"),
            start_private_server(config, build=build_fake),
        ):
            pytest.fail("two servers own one home")
    assert find_owner(home) is None


def test_a_private_socket_is_reached_by_this_user_only(client: Client) -> None:
    folder = Path(client.target.removeprefix("unix:")).parent
    assert folder.stat().st_mode & 0o777 == 0o700


def test_no_thread_is_left_behind(config: Config) -> None:
    before = {thread.name for thread in threading.enumerate()}
    with start_private_server(config, build=build_fake) as target, Client(target) as client:
        client.status()
    left = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in left if name.startswith(("server", "searches", "operations"))]


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    import asyncio
    import socket

    from services import server as module

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = fake_config(tmp_path / "home", address=address)

        async def run() -> None:
            await module._serve(
                config, ready=lambda _: None, stop=asyncio.Event(), build=build_fake
            )

        with pytest.raises(AddressInUse, match=address):
            asyncio.run(run())
    assert find_owner(open_home(config.home)) is None
