"""Played notes: the common form of everything that orchestration writes. Makes no decisions."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PlayedNote:
    """A sounding note: onset and duration in sixteenth-note steps, MIDI pitch, velocity 1-127."""

    onset: float
    duration: float
    pitch: int
    velocity: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """The notes of one program (-1 for the drum kit)."""

    program: int
    notes: tuple[PlayedNote, ...]
