import threading
from pathlib import Path
from typing import Any

import pytest

from services.catalogue.importing import IMPORT_KIND, prepare_ahead
from services.catalogue.sources import source_from_fields
from services.database import Sessions
from services.operations.records import Fields
from tests.fakes import write_tone
from tests.unit.ingest_rig import WAIT_S, Rig, at, make_rig


@pytest.fixture
def rig(tmp_path: Path, sessions: Sessions) -> Rig:
    return make_rig(tmp_path, sessions)


class Valve:
    """Lets an embedder go on with a sound only when it is told to."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch, *, stop_at: int) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        embed = rig.embedder.embed_sound

        def embed_sound(sound: Any) -> Any:
            if rig.embedder.num_sounds == stop_at:
                self.reached.set()
                assert self.go_on.wait(WAIT_S)
            return embed(sound)

        monkeypatch.setattr(rig.embedder, "embed_sound", embed_sound)


def tones(rig: Rig, count: int) -> list[Fields]:
    return [at(write_tone(rig.music / f"{i}.wav", 300.0 + i)) for i in range(count)]


def test_progress_says_what_is_done_and_how_long_the_rest_will_take(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.operations.progress.SAVE_EVERY_S", 0.0)
    valve = Valve(rig, monkeypatch, stop_at=2)
    runner = rig.runner()
    operation_id = runner.start(IMPORT_KIND, {"sources": tones(rig, 4)})
    assert valve.reached.wait(WAIT_S)
    progress = runner.get(operation_id).progress
    valve.go_on.set()
    done = runner.wait(operation_id, WAIT_S)
    runner.close()
    assert (progress["num_sources"], progress["num_done"]) == (4, 2)
    assert (progress["current"], progress["sound_s"]) == ("2.wav", 24.0)
    assert progress["remaining_s"] > 0
    assert (done.progress["num_done"], done.progress["remaining_s"]) == (4, 0.0)
    assert done.response is not None
    assert done.response["sound_s"] == 48.0
    assert done.response["elapsed_s"] > 0


def test_a_cancelled_import_keeps_what_it_has_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    valve = Valve(rig, monkeypatch, stop_at=1)
    runner = rig.runner()
    operation_id = runner.start(IMPORT_KIND, {"sources": tones(rig, 4)})
    assert valve.reached.wait(WAIT_S)
    runner.cancel(operation_id)
    valve.go_on.set()
    record = runner.wait(operation_id, WAIT_S)
    runner.close()
    assert record.state == "cancelled"
    assert rig.catalogue.list_tracks().total == 2


def test_a_cancelled_import_keeps_no_uploads(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [*tones(rig, 2), rig.upload(b"noise", "x.wav")]
    valve = Valve(rig, monkeypatch, stop_at=0)
    runner = rig.runner()
    operation_id = runner.start(IMPORT_KIND, {"sources": sources})
    assert valve.reached.wait(WAIT_S)
    runner.cancel(operation_id)
    valve.go_on.set()
    assert runner.wait(operation_id, WAIT_S).state == "cancelled"
    runner.close()
    assert list((rig.folder / "uploads").iterdir()) == []


def test_a_stopped_import_goes_on_with_the_rest(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [*tones(rig, 3), at(rig.music / "nowhere.wav"), rig.upload(b"noise", "x.wav")]
    valve = Valve(rig, monkeypatch, stop_at=1)
    first = rig.runner()
    operation_id = first.start(IMPORT_KIND, {"sources": sources})
    assert valve.reached.wait(WAIT_S)
    closing = threading.Thread(target=first.close)
    closing.start()
    assert first._stop.wait(WAIT_S)
    valve.go_on.set()
    closing.join()
    assert first.get(operation_id).state == "queued"
    assert rig.catalogue.list_tracks().total == 2

    second = rig.runner()
    second.resume_unfinished()
    record = second.wait(operation_id, WAIT_S)
    second.close()
    assert record.response is not None
    states = [outcome["state"] for outcome in record.response["outcomes"]]
    assert states == ["STATE_ADDED"] * 3 + ["STATE_REFUSED"] * 2
    assert rig.embedder.num_sounds == 3
    assert record.response["sound_s"] == 36.0


def test_a_track_that_was_written_but_not_noted_is_unchanged_after_a_kill(rig: Rig) -> None:
    """The process ended between the commit of the track and that of its outcome."""
    upload = rig.upload(write_tone(rig.folder / "u.wav", 500.0).read_bytes(), "u.wav")
    operation_id = rig.operations.add(IMPORT_KIND, {"sources": [*tones(rig, 1), upload]})
    claim = rig.operations.claim((IMPORT_KIND,))
    assert claim is not None
    ingest = rig.ingest()
    for fields in claim.request["sources"]:
        ingest.store(ingest.prepare(source_from_fields(fields)))

    runner = rig.runner()
    assert runner.resume_unfinished() == 1
    response = runner.wait(operation_id, WAIT_S).response
    runner.close()
    assert response is not None
    states = [outcome["state"] for outcome in response["outcomes"]]
    assert states == ["STATE_UNCHANGED"] * 2
    assert rig.catalogue.list_tracks().total == 2


def test_two_files_are_decoded_ahead_and_no_more(rig: Rig) -> None:
    sources = [source_from_fields(fields) for fields in tones(rig, 5)]
    seen = []
    for number, _, prepared in prepare_ahead(enumerate(sources), rig.ingest()):
        prepared.result()
        seen.append(rig.reader.num_decoded - number)
    assert max(seen) <= 3
    assert rig.reader.num_decoded == 5


def test_an_error_while_preparing_is_met_where_its_source_is_used(rig: Rig) -> None:
    sources = [*tones(rig, 1), at(rig.music / "nowhere.wav"), *tones(rig, 1)]
    assert rig.states(*sources) == ["ADDED", "REFUSED", "UNCHANGED"]
