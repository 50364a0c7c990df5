"""Descriptions of sounds: moods from axes, tags, vocals, and their way through JSON."""

import json

import numpy as np
import pytest

from encoders.attributes import (
    MOOD_AXES,
    Description,
    describe_moods,
    describe_sound,
    tag_probabilities,
)
from encoders.lexicon.vocabulary import AXES
from encoders.towers.instruments import SPOKEN, shipped_instruments
from encoders.trunks.features import SoundFeatures
from encoders.trunks.musicnn import TAGS


def features(**logits: float) -> SoundFeatures:
    tag_logits = np.full((2, 50), -4.0, dtype=np.float32)
    for tag, value in logits.items():
        tag_logits[:, TAGS.index(tag.replace("_", " "))] = value
    return SoundFeatures(
        pools=np.zeros((2, 1506), dtype=np.float32),
        tag_logits=tag_logits,
        signal=np.zeros((2, 9), dtype=np.float32),
        starts_s=np.array([0.0, 3.0], dtype=np.float32),
        segments=np.array([[0, 1, 1]]),
        segment_starts_s=np.zeros(1, dtype=np.float32),
        tempo_bpm=120.04,
        key="A minor",
        loudness_db=-14.123,
        duration_s=6.0,
    )


def describe(**logits: float) -> Description:
    return describe_sound(features(**logits), np.zeros(5))


def test_the_axes_are_those_of_the_word_lists() -> None:
    assert MOOD_AXES == AXES


def test_moods_are_places_among_the_training_sounds() -> None:
    moods = describe_moods(np.array([0.0, 1.2816, -1.2816, 9.0, -9.0]))
    assert moods["valence"] == 0.0
    assert moods["energy"] == pytest.approx(0.8, abs=0.001)
    assert moods["tension"] == pytest.approx(-0.8, abs=0.001)
    assert (moods["power"], moods["tenderness"]) == (1.0, -1.0)


def test_joy_is_pleasant_and_excited_and_calmness_neither_excited_nor_tense() -> None:
    merry, serene = describe_moods(np.array([1, 1, 0, 0, 0])), describe_moods(-np.ones(5))
    assert merry["joy"] > 0.9 > 0.5 > merry["calmness"]
    assert serene["calmness"] > 0.9 > 0.5 > serene["joy"]


def test_a_singer_is_told_from_an_instrumental_piece() -> None:
    assert describe(female_vocalists=1.0).vocals > 0.8
    assert describe(instrumental=1.0).vocals < 0.2


def test_a_folk_guitar_is_acoustic_and_a_synthesizer_is_not() -> None:
    folk, techno = (
        describe(folk=1.0, acoustic=1.0, guitar=0.0),
        describe(electronic=1.0, House=1.0),
    )
    assert folk.acoustic > 0.8
    assert techno.acoustic < 0.2


def test_instruments_are_what_the_shipped_heads_hear_and_singers_what_the_tags_say() -> None:
    heard, heads = describe(female_vocalists=0.0), shipped_instruments()
    plain = features(female_vocalists=0.0)
    row = np.concatenate([a.mean(axis=0) for a in (plain.tag_logits, plain.signal, plain.pools)])
    chances = dict(zip(heads.names, heads.probabilities(row[None])[0], strict=True))
    assert set(heard.instruments) == {SPOKEN.get(n, n) for n in heads.spoken} | {"voice"}
    assert heard.instruments["drums"] == pytest.approx(chances["drums"], abs=1e-4)
    assert heard.instruments["keyboard"] == pytest.approx(chances["keys"], abs=1e-4)
    assert heard.instruments["voice"] == pytest.approx(0.5, abs=0.02)


def test_a_description_of_an_older_version_is_read_with_the_few_instruments_it_has() -> None:
    values = {**describe().to_dict(), "instruments": {"guitar": 0.1, "voice": 0.2}}
    assert Description.from_dict(values).instruments == {"guitar": 0.1, "voice": 0.2}


def test_the_strongest_tags_come_first() -> None:
    found = describe(jazz=2.0, metal=1.0).strongest_tags(2)
    assert found == ("jazz", "metal")


def test_a_tag_is_the_mean_of_the_patches_probabilities() -> None:
    logits = np.zeros((2, 50))
    logits[0, 0], logits[1, 0] = 30.0, -30.0
    assert tag_probabilities(logits)["rock"] == pytest.approx(0.5)


def test_a_description_survives_json() -> None:
    description = describe(jazz=2.0)
    text = json.dumps(description.to_dict())
    assert Description.from_dict(json.loads(text)) == description
    assert description.tempo_bpm == 120.0
    assert description.key == "A minor"


def test_a_description_of_a_later_version_is_read_without_its_new_fields() -> None:
    values = {**describe().to_dict(), "invented_later": 1}
    assert Description.from_dict(values) == describe()


def test_a_description_with_a_missing_field_is_refused() -> None:
    values = describe().to_dict()
    del values["vocals"]
    with pytest.raises(KeyError, match="vocals"):
        Description.from_dict(values)
