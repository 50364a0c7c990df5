import math
from typing import Any

import pytest

from symbolic.brief import Brief, Key, parse_key
from symbolic.instruments import (
    PROGRAM_NAMES,
    family_name,
    find_programs,
    instrument_name,
    instrument_range,
)


def test_an_empty_brief_is_a_good_brief() -> None:
    assert Brief().instruments == ()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"tempo_qpm": 20}, "tempo_qpm must be 30 to 240, not 20"),
        ({"tempo_qpm": math.nan}, "tempo_qpm must be 30 to 240, not nan"),
        ({"bars": 0}, "bars must be 1 to 256"),
        ({"bars": 2.5}, "bars must be a whole number"),
        ({"length_s": 4000}, "length_s must be 2 to 600"),
        ({"metre": "7/8"}, "metre must be one of 2/4, 3/4, 4/4, 2/2, 6/8, 9/8, 12/8"),
        ({"style": "polka"}, "style must be one of folk, pop, game"),
        ({"valence": 2}, "valence must be -1 to 1"),
        ({"key": "H minor"}, "unknown key 'H minor'"),
        ({"key": "A dorian"}, "and 'major' or 'minor'"),
        ({"instruments": ("Theremin",)}, "unknown instrument 'Theremin'.*families Piano"),
        ({"instruments": "Violin"}, "tuples of names, not one string"),
        ({"instruments": ("Violin",), "without": ("violin",)}, "both asked for and refused"),
        ({"instruments": ("Violin",) * 11}, "at most 10 instruments"),
    ],
)
def test_a_wrong_brief_says_what_is_allowed(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Brief(**fields)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", Key(tonic=9, mode="minor")),
        ("Bb major", Key(tonic=10, mode="major")),
        ("f# Minor", Key(tonic=6, mode="minor")),
        ("Cb major", Key(tonic=11, mode="major")),
    ],
)
def test_keys_are_read_with_their_accidentals(text: str, key: Key) -> None:
    assert parse_key(text) == key


def test_the_instrument_names_are_those_of_general_midi() -> None:
    pretty_midi = pytest.importorskip("pretty_midi.constants")
    assert list(PROGRAM_NAMES) == pretty_midi.INSTRUMENT_MAP
    assert all(
        family_name(program) == pretty_midi.INSTRUMENT_CLASSES[program // 8]
        for program in range(128)
    )


def test_names_families_and_everyday_words_find_programs() -> None:
    assert find_programs("  acoustic grand PIANO ") == (0,)
    assert find_programs("Brass")[0] == 61
    assert find_programs("Reed") == tuple(range(64, 72))
    assert find_programs("drums") == (-1,)
    assert instrument_name(-1) == "Drums"


def test_every_instrument_reaches_more_than_an_octave() -> None:
    assert all(high - low >= 16 for low, high in map(instrument_range, range(128)))
