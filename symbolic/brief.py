"""The brief: what a piece of music must be. It validates itself and decides nothing.

Every field is optional; `plan` fills what is missing and says how.
"""

import re
from dataclasses import dataclass
from typing import Literal

from symbolic.instruments import find_programs
from symbolic.sketch import STYLES, Mode

# Written metre -> the metre the model writes, and how many of its bars make one written bar.
SERVED_METRES = {
    "2/4": ("2/4", 1),
    "3/4": ("3/4", 1),
    "4/4": ("4/4", 1),
    "2/2": ("4/4", 1),
    "6/8": ("6/8", 1),
    "9/8": ("9/8", 1),
    "12/8": ("6/8", 2),
}
MIN_TEMPO, MAX_TEMPO = 30.0, 240.0  # quarter notes a minute
MAX_BARS = 256
MIN_LENGTH_S, MAX_LENGTH_S = 2.0, 600.0
MAX_INSTRUMENTS = 10
TONICS = {
    "C": 0,
    "C#": 1,
    "Db": 1,
    "D": 2,
    "D#": 3,
    "Eb": 3,
    "E": 4,
    "F": 5,
    "F#": 6,
    "Gb": 6,
    "G": 7,
    "G#": 8,
    "Ab": 8,
    "A": 9,
    "A#": 10,
    "Bb": 10,
    "B": 11,
    "Cb": 11,
}


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key: tonic as a pitch class 0 to 11, and mode."""

    tonic: int
    mode: Mode


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What is asked of a piece; None leaves it to the composer.

    Attributes:
        tempo_qpm: Quarter notes a minute, 30 to 240.
        key: Tonic and mode, "A minor", "Bb major".
        metre: One of `SERVED_METRES`.
        bars: Written bars, 1 to 256; decides over `length_s` when both are given.
        length_s: Seconds, 2 to 600.
        instruments: General MIDI names, families or everyday words; "Drums" is the kit.
        without: The same names, none of which may sound.
        valence: Sad (-1) to happy (1).
        energy: Calm (-1) to wild (1).
        style: One of "folk", "pop", "game".

    Raises:
        ValueError: A value is not allowed; the message says which are.
    """

    tempo_qpm: float | None = None
    key: str | None = None
    metre: str | None = None
    bars: int | None = None
    length_s: float | None = None
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    valence: float | None = None
    energy: float | None = None
    style: str | None = None

    def __post_init__(self) -> None:
        _check_range("tempo_qpm", self.tempo_qpm, (MIN_TEMPO, MAX_TEMPO))
        _check_range("length_s", self.length_s, (MIN_LENGTH_S, MAX_LENGTH_S))
        _check_range("valence", self.valence, (-1.0, 1.0))
        _check_range("energy", self.energy, (-1.0, 1.0))
        _check_range("bars", self.bars, (1, MAX_BARS))
        if self.bars is not None and self.bars != int(self.bars):
            raise ValueError(f"bars must be a whole number, not {self.bars}")
        _check_choice("metre", self.metre, tuple(SERVED_METRES))
        _check_choice("style", self.style, STYLES)
        if self.key is not None:
            parse_key(self.key)
        _check_instruments(self.instruments, self.without)


def parse_key(text: str) -> Key:
    """Read "A minor" or "Bb major"; case of the mode and spaces do not matter.

    Raises:
        ValueError: It is no such key.
    """
    match = re.fullmatch(r"\s*([A-Ga-g])\s*([#b]?)\s+(major|minor)\s*", text, re.IGNORECASE)
    tonic = TONICS.get(match[1].upper() + match[2].lower()) if match else None
    if match is None or tonic is None:
        raise ValueError(
            f"unknown key {text!r}: a key is one of {', '.join(TONICS)} and 'major' or 'minor', "
            "such as 'A minor'"
        )
    mode: Literal["major", "minor"] = "major" if match[3].lower() == "major" else "minor"
    return Key(tonic=tonic, mode=mode)


def _check_range(name: str, value: float | None, limits: tuple[float, float]) -> None:
    if value is not None and not limits[0] <= value <= limits[1]:  # also refuses NaN
        raise ValueError(f"{name} must be {limits[0]:g} to {limits[1]:g}, not {value}")


def _check_choice(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def _check_instruments(instruments: tuple[str, ...], without: tuple[str, ...]) -> None:
    if isinstance(instruments, str) or isinstance(without, str):
        raise ValueError("instruments and without are tuples of names, not one string")
    if len(instruments) > MAX_INSTRUMENTS:
        raise ValueError(f"at most {MAX_INSTRUMENTS} instruments, not {len(instruments)}")
    refused = {program for name in without for program in find_programs(name)}
    for name in instruments:
        if set(find_programs(name)) <= refused:
            raise ValueError(f"instrument {name!r} is both asked for and refused in `without`")
