"""Reasons: only what was asked and was heard, in words of a person."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from encoders.towers.clip import ClipDescription
from encoders.understanding import understand_text
from services.catalogue.records import TrackRecord
from services.recommendation.hits import Candidate, Reason
from services.retrieval.reasons import clock, explain, reasons_for
from services.retrieval.wish import Wish
from tests.fakes import fake_description

SAD_AND_CALM = {"valence": -0.6, "energy": -0.7, "tension": -0.3, "power": -0.5, "tenderness": 0.2}


def candidate(*, own: tuple[str, ...] = (), start_s: float = 0.0, **heard: Any) -> Candidate:
    record = TrackRecord(
        key=1, id="t1", title="Song", artist="", album="", tags=own, text="", licence="",
        duration_s=30.0, description=fake_description(**heard), source_path=None,
        content_hash=None, generated=False, has_sound=True, num_segments=1,
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return Candidate(track=record, relevance=0.63, start_s=start_s)


def wish(text: str = "", **changes: Any) -> Wish:
    made = Wish(vector=np.zeros(1, np.float32), understood=understand_text(text) if text else None)
    return replace(made, **changes)


def texts(one: Candidate, asked: Wish) -> list[str]:
    return [reason.text for reason in reasons_for(one, asked)]


def test_a_mood_that_was_asked_and_is_heard_is_a_reason() -> None:
    found = texts(candidate(moods=SAD_AND_CALM), wish("sad music"))
    assert "sounds sad, as you asked" in found


def test_a_mood_that_is_not_heard_is_none() -> None:
    found = texts(candidate(moods={"valence": 0.8, "energy": 0.7}), wish("sad music"))
    assert not any("sad" in text for text in found)


def test_a_track_without_a_clear_mood_supports_no_mood() -> None:
    found = texts(candidate(moods={"valence": 0.01, "energy": -0.02}), wish("sad music"))
    assert not any("sad" in text for text in found)


def test_a_mood_that_was_ruled_out_and_is_absent_is_a_reason() -> None:
    found = texts(candidate(moods={"valence": 0.7, "energy": 0.6}), wish("not sad"))
    assert "not sad, as you asked" in found


@pytest.mark.parametrize(
    ("text", "heard", "reason"),
    [
        ("slow", {"tempo_bpm": 82.0}, "82 bpm, slow as you asked"),
        ("120 bpm", {"tempo_bpm": 118.0}, "118 bpm, as near as you asked (120 bpm)"),
        ("120 bpm", {"tempo_bpm": 60.0}, "60 bpm, half the 120 that you asked for"),
        ("in A minor", {"key": "A minor"}, "in A minor, as you asked"),
        ("synthesizer", {"instruments": {"synthesizer": 0.8}}, "synthesizer can be heard"),
        ("instrumental", {"vocals": 0.05}, "nobody sings, as you asked"),
        ("jazz", {"tags": {"jazz": 0.7}}, "sounds like jazz"),
    ],
)
def test_what_is_exact_is_a_reason_where_it_is_true(
    text: str, heard: dict[str, Any], reason: str
) -> None:
    assert reason in texts(candidate(**heard), wish(text))


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("slow", {"tempo_bpm": 160.0}),
        ("120 bpm", {"tempo_bpm": 90.0}),
        ("in A minor", {"key": "C major"}),
        ("synthesizer", {"instruments": {"synthesizer": 0.1}}),
        ("no guitar", {"instruments": {"guitar": 0.02}}),
        ("instrumental", {"vocals": 0.6}),
        ("jazz", {"tags": {"jazz": 0.01}}),
    ],
)
def test_what_is_not_true_is_no_reason(text: str, heard: dict[str, Any]) -> None:
    reasons = reasons_for(candidate(**heard, moods={}), wish(text))
    assert [reason.kind for reason in reasons] == ["other"]


def test_a_tag_that_was_asked_for_is_a_reason() -> None:
    assert "tagged “jazz”" in texts(candidate(own=("jazz", "demo"), tags={}), wish("some jazz"))


def test_the_place_is_said_in_minutes_and_seconds() -> None:
    assert clock(72.4) == "1:12"
    assert "starts at 0:12, where it is most calm" in texts(candidate(start_s=12.0), wish("calm"))
    several = texts(candidate(start_s=20.99), wish("calm and happy"))
    assert "starts at 0:21, where it fits best" in several


def test_likeness_names_the_track_and_what_is_shared() -> None:
    like = replace(candidate().track, title="Winter")
    heard = fake_description(tempo_bpm=121.0, key="A minor", tags={})
    found = texts(candidate(tempo_bpm=120.0, tags={}), wish(heard=heard, like=like))
    assert found == ["like “Winter”: about 120 bpm and in A minor"]


def test_a_clip_is_matched_by_its_movement_and_light() -> None:
    seen = ClipDescription(
        words=("sea",), brightness=0.2, saturation=0.3, warmth=-0.2, motion=0.1,
        cuts_per_minute=0.0, valence=-0.5, energy=-0.6, power=0.0,
    )  # fmt: skip
    found = texts(candidate(moods={"valence": -0.4, "energy": -0.5}), wish(seen=seen))
    assert found == ["calm, as the movement of the clip is", "dark, as the picture is"]


def test_a_number_goes_before_a_tempo_word() -> None:
    found = texts(candidate(tempo_bpm=140.0), wish("fast, 140 bpm"))
    assert [text for text in found if "bpm" in text] == ["140 bpm, as near as you asked (140 bpm)"]


def test_there_are_at_most_four_reasons_and_no_two_alike() -> None:
    one = candidate(moods=SAD_AND_CALM, tempo_bpm=60.0, vocals=0.0, start_s=12.0, own=("jazz",))
    asked = wish("sad calm slow instrumental jazz in A minor with guitar")
    reasons = reasons_for(one, asked)
    assert len(reasons) == len(set(reasons)) == 4


def test_there_is_always_a_reason() -> None:
    silent = candidate()
    silent = replace(silent, track=replace(silent.track, description=None))
    assert texts(silent, wish("zither")) == ["its sound is close to your words (63% sure)"]


def test_reasons_known_before_come_first() -> None:
    named = Reason(kind="words", text="you named it")
    one = replace(candidate(tempo_bpm=60.0), reasons=(named,))
    assert explain([one], wish("slow"))[0].reasons[0] == named
