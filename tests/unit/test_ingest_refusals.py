from pathlib import Path
from typing import Any

import pytest

from services.database import Sessions
from services.operations.records import Fields
from tests.fakes import write_tone
from tests.unit.ingest_rig import Rig, at, make_rig


@pytest.fixture
def rig(tmp_path: Path, sessions: Sessions) -> Rig:
    return make_rig(tmp_path, sessions)


def refused_source(rig: Rig, kind: str) -> Fields:
    (rig.music / "broken.wav").write_bytes(b"\x00noise")
    (rig.folder / "outside.wav").write_bytes(b"{}")
    sources: dict[str, Fields] = {
        "broken": at(rig.music / "broken.wav"),
        "silent": at(write_tone(rig.music / "silent.wav", 0.0)),
        "missing": at(rig.music / "nowhere.wav"),
        "outside": at(rig.folder / "outside.wav"),
        "no upload": {"media": {"upload": "0" * 32}},
        "bad id": at(write_tone(rig.music / "good.wav"), id="a b"),
        "no title": {"artist": "Bach"},
        "broken upload": rig.upload(b"noise", "x.wav"),
    }
    return sources[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("broken", "UNREADABLE_MEDIA"),
        ("silent", "MEDIA_NO_CONTENT"),
        ("missing", "NOT_FOUND"),
        ("outside", "PATH_NOT_ALLOWED"),
        ("no upload", "NOT_FOUND"),
        ("bad id", "INVALID_REQUEST"),
        ("no title", "INVALID_REQUEST"),
        ("broken upload", "UNREADABLE_MEDIA"),
    ],
)
def test_a_refused_source_is_one_outcome_and_stores_nothing(
    rig: Rig, kind: str, reason: str
) -> None:
    good = at(write_tone(rig.music / "a.wav"))
    bad = refused_source(rig, kind)
    outcomes = rig.outcomes(bad, good)
    assert [outcome["state"] for outcome in outcomes] == ["STATE_REFUSED", "STATE_ADDED"]
    assert (outcomes[0]["reason"], outcomes[0]["track_id"]) == (reason, "")
    assert outcomes[0]["message"]
    assert rig.catalogue.list_tracks().total == 1
    assert list(rig.media.iterdir()) == []


def test_a_refused_new_content_leaves_the_old_track_as_it_was(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path, id="one", title="Old"))
    before = rig.catalogue.get_track("one")
    path.write_bytes(b"noise")
    assert rig.states(at(path, id="one", title="New")) == ["REFUSED"]
    assert rig.catalogue.get_track("one") == before


def test_an_unexpected_error_refuses_one_source_and_is_logged_with_its_label(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [write_tone(rig.music / f"{name}.wav", 300.0 + name) for name in range(3)]
    embed = rig.embedder.embed_sound

    def fail_once(sound: Any) -> Any:
        if rig.embedder.num_sounds == 1:
            rig.embedder.num_sounds += 1
            raise ZeroDivisionError("inner secret")
        return embed(sound)

    monkeypatch.setattr(rig.embedder, "embed_sound", fail_once)
    outcomes = rig.outcomes(*[at(path) for path in paths])
    states = [outcome["state"] for outcome in outcomes]
    assert states == ["STATE_ADDED", "STATE_REFUSED", "STATE_ADDED"]
    assert outcomes[1]["reason"] == "INTERNAL"
    assert "secret" not in outcomes[1]["message"]
    assert "import of '1.wav' failed" in caplog.text
    assert "inner secret" in caplog.text


def test_a_label_names_the_source_in_outcomes(rig: Rig) -> None:
    (outcome,) = rig.outcomes(at(rig.music / "nowhere.wav", label="line 7"))
    assert outcome["label"] == "line 7"
