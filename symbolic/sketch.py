"""The sketch: melody, harmony and bass on a bar grid, in C major or A minor. Knows no tokens.

All times are counted in steps of a sixteenth note from the start of the piece. A sketch is what
the model writes; `orchestrate` gives it a key, a tempo and instruments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Mode = Literal["major", "minor"]

STEPS_PER_QUARTER = 4
# Steps in a bar of each metre that the model was shown.
STEPS_PER_BAR: Mapping[str, int] = MappingProxyType(
    {"2/4": 8, "3/4": 12, "4/4": 16, "6/8": 12, "9/8": 18}
)
METRES = tuple(STEPS_PER_BAR)
MAX_STEPS = max(STEPS_PER_BAR.values())  # 18
MODES: tuple[Mode, ...] = ("major", "minor")
STYLES = ("folk", "pop", "game")
TONIC: Mapping[Mode, int] = MappingProxyType({"major": 0, "minor": 9})

# Semitones above the root. The order is part of the vocabulary: only ever append.
QUALITIES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "": (0, 4, 7),
        "m": (0, 3, 7),
        "7": (0, 4, 7, 10),
        "m7": (0, 3, 7, 10),
        "maj7": (0, 4, 7, 11),
        "dim": (0, 3, 6),
        "sus4": (0, 5, 7),
    }
)
QUALITY_NAMES = tuple(QUALITIES)
NOTE_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

LOWEST_PITCH, HIGHEST_PITCH = 24, 96  # 73 pitches, in the normalised key


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note: onset and duration in steps, pitch as a MIDI number in the normalised key."""

    onset: int
    duration: int
    pitch: int

    @property
    def end(self) -> int:
        """The step at which the note stops."""
        return self.onset + self.duration


@dataclass(frozen=True, kw_only=True)
class Chord:
    """One chord, sounding until the next one: root as a pitch class, quality of `QUALITIES`."""

    onset: int
    root: int
    quality: str

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes from the root upwards."""
        return tuple((self.root + interval) % 12 for interval in QUALITIES[self.quality])

    def name(self, shift: int = 0) -> str:
        """The chord symbol after a transposition by `shift` semitones."""
        return NOTE_NAMES[(self.root + shift) % 12] + self.quality


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A piece: one-voice melody and bass, chords, all in order of time and inside `num_bars`."""

    metre: str
    mode: Mode
    num_bars: int
    melody: tuple[Note, ...]
    bass: tuple[Note, ...]
    chords: tuple[Chord, ...]

    @property
    def steps_per_bar(self) -> int:
        """Sixteenth notes in one bar."""
        return STEPS_PER_BAR[self.metre]

    @property
    def num_steps(self) -> int:
        """Sixteenth notes in the whole piece."""
        return self.num_bars * self.steps_per_bar
