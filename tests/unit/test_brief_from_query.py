"""brief_from_query: words first, then the clip, then similar music; what is open stays open."""

from typing import Any

import pytest

from encoders.towers.clip import ClipDescription
from encoders.understanding import understand_text
from services.errors import InvalidRequest
from services.generation.brief import BriefReading, brief_from_query
from services.generation.messages import merge_brief
from symbolic.brief import Brief
from temptrack.v1 import generation_pb2 as pb
from tests.fakes import fake_description


def read(text: str, **more: Any) -> Brief:
    return brief_from_query(understand_text(text), **more).brief


def clip(**changes: float) -> ClipDescription:
    fields: dict[str, Any] = {
        "words": (), "brightness": 0.5, "saturation": 0.5, "warmth": 0.0, "motion": 0.0,
        "cuts_per_minute": 0.0, "valence": 0.0, "energy": 0.0, "power": 0.0,
    }  # fmt: skip
    return ClipDescription(**{**fields, **changes})


def test_words_become_a_brief() -> None:
    brief = read("a slow sad waltz in D minor for piano and cello, 16 bars, no drums")
    assert brief.tempo_qpm == 72.0
    assert brief.key == "D minor"
    assert brief.metre == "3/4"
    assert brief.bars == 16
    assert brief.length_s is None
    assert brief.instruments == ("piano", "cello")
    assert brief.without == ("drums",)
    assert brief.valence is not None
    assert brief.valence < 0


def test_what_nobody_asks_stays_open() -> None:
    assert brief_from_query(None).brief == Brief()


@pytest.mark.parametrize(
    ("text", "tempo"),
    [("very slow", 54), ("slow", 72), ("fast", 138), ("130 bpm", 130), ("fast, 90 bpm", 90)],
)
def test_tempo_words_and_numbers_become_tempos(text: str, tempo: float) -> None:
    assert read(text).tempo_qpm == tempo


def test_a_tempo_range_is_kept() -> None:
    tempo = read("between 80 and 100 bpm").tempo_qpm
    assert tempo is not None
    assert 80 <= tempo <= 100


def test_a_length_in_words_goes_before_the_clip() -> None:
    assert read("thirty seconds of calm", length_s=12.0).length_s == 30.0
    assert read("calm", length_s=12.0).length_s == 12.0


def test_a_clip_gives_tempo_and_mood() -> None:
    still = brief_from_query(None, seen=clip(valence=-0.5, energy=-0.7)).brief
    busy = brief_from_query(None, seen=clip(motion=0.9, cuts_per_minute=40, energy=0.8)).brief
    assert still.tempo_qpm is not None
    assert busy.tempo_qpm is not None
    assert still.tempo_qpm < 80 < 120 < busy.tempo_qpm
    assert (still.valence, still.energy) == (-0.5, -0.7)


def test_words_go_before_the_clip() -> None:
    brief = read("fast and joyful", seen=clip(valence=-0.9, energy=-0.9))
    assert brief.tempo_qpm == 138
    assert brief.valence is not None
    assert brief.valence > 0


def test_similar_music_fills_what_is_open() -> None:
    heard = [fake_description(tempo_bpm=96.0, key="E major", moods={"valence": 0.4})]
    brief = read("in C major", heard=heard)
    assert (brief.tempo_qpm, brief.key, brief.valence) == (96.0, "C major", 0.4)


def test_what_no_brief_can_hold_is_not_forgotten() -> None:
    reading = brief_from_query(understand_text("a song in 5/4 with female vocals and turntable"))
    assert ("metre", "5/4") in reading.unserved
    assert ("vocals", "female vocals") in reading.unserved
    assert ("instruments", "turntable") in reading.unserved
    assert reading.brief.metre is None


def test_every_instrument_of_the_word_lists_can_be_read() -> None:
    from encoders.lexicon.vocabulary import load_vocabulary

    for name in load_vocabulary().programs:
        reading = brief_from_query(understand_text(f"music with {name}"))
        assert reading.brief.instruments or reading.unserved, name


def test_contradictory_words_are_read_as_a_refusal() -> None:
    brief = read("piano, but no piano")
    assert brief.instruments == ()
    assert "piano" in brief.without


def test_an_explicit_brief_goes_before_the_words() -> None:
    words = brief_from_query(understand_text("slow, in D minor, 16 bars, no drums"))
    message = pb.Brief(tempo_bpm=150, length_s=20, instruments=["Drums", "Violin"])
    merged = merge_brief(words, message).brief
    assert (merged.tempo_qpm, merged.key, merged.bars) == (150, "D minor", None)
    assert merged.length_s == 20
    assert merged.instruments == ("Drums", "Violin")
    assert merged.without == ()


@pytest.mark.parametrize(
    "message",
    [pb.Brief(tempo_bpm=900), pb.Brief(key="H minor"), pb.Brief(metre="11/4"), pb.Brief(bars=0),
     pb.Brief(bars=129), pb.Brief(valence=2), pb.Brief(instruments=["gizmo"])],
)  # fmt: skip
def test_a_brief_that_cannot_be_meant_is_refused(message: pb.Brief) -> None:
    with pytest.raises(InvalidRequest):
        merge_brief(BriefReading(brief=Brief()), message)


@pytest.mark.parametrize(
    ("words", "taken", "unserved"),
    [
        ("400 bpm", {"tempo_qpm": 240.0}, ("tempo_qpm", "400")),
        ("220 bpm", {"tempo_qpm": 220.0}, None),
        ("900 bars", {"bars": 256}, ("bars", "900")),
        ("10 minutes long", {"length_s": 600.0}, None),
        ("20 minutes long", {"length_s": 600.0}, ("length_s", "1200")),
    ],
)
def test_a_number_beyond_a_brief_is_named_as_not_served(
    words: str, taken: dict[str, float], unserved: tuple[str, str] | None
) -> None:
    reading = brief_from_query(understand_text(words))
    assert {name: getattr(reading.brief, name) for name in taken} == taken
    assert reading.unserved == (() if unserved is None else (unserved,))
