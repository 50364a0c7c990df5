"""Who plays what: instruments -> roles. Knows ranges and skills, no notes."""

from collections.abc import Sequence
from dataclasses import dataclass

from symbolic.instruments import (
    BASS_PLAYERS,
    CHORD_PLAYERS,
    DRUMS,
    EFFECTS,
    MELODY_RANK,
    POLYPHONIC_SOLO,
    family_name,
    instrument_range,
)

LOW_ENOUGH = 45  # an ensemble that reaches this pitch can carry a bass line


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Programs by role. Every pitched program that was asked for stands in at least one role.

    Attributes:
        melody: The program that carries the tune, None for drums alone.
        bass: The program under everything, None where nobody can.
        chords: Programs that fill in the harmony, the first one rhythmically.
        counter: One-voiced programs left over; they hold guide tones or double the tune.
        colour: Programs without clear pitch; they mark the phrases.
        drums: Whether the kit plays.
    """

    melody: int | None
    bass: int | None
    chords: tuple[int, ...]
    counter: tuple[int, ...]
    colour: tuple[int, ...]
    drums: bool


def assign_roles(programs: Sequence[int]) -> Cast:
    """Give each program a role: the most melodic one the tune, a low one the bass, the rest fill.

    An instrument of many voices takes the roles that nobody else can.
    """
    pitched = [program for program in programs if program != DRUMS]
    colour = [program for program in pitched if program in EFFECTS]
    tonal = [program for program in pitched if program not in EFFECTS]
    if not tonal:  # something must carry the tune, however odd
        tonal, colour = colour[:1], colour[1:]
    melody = _choose_melody(tonal)
    others = [program for program in tonal if program != melody]
    bass = _choose_bass(others)
    others = [program for program in others if program != bass]
    chords = [program for program in others if program in CHORD_PLAYERS]
    counter = [program for program in others if program not in CHORD_PLAYERS]
    if not chords and melody is not None and melody in POLYPHONIC_SOLO:
        chords = [melody]
    if bass is None:
        bass = _borrow_bass(chords, melody)
    return Cast(
        melody=melody,
        bass=bass,
        chords=tuple(chords),
        counter=tuple(counter),
        colour=tuple(colour),
        drums=DRUMS in programs,
    )


def _choose_melody(programs: Sequence[int]) -> int | None:
    if not programs:
        return None
    return max(programs, key=lambda program: _melody_rank(program, programs))


def _melody_rank(program: int, programs: Sequence[int]) -> tuple[float, int, int]:
    rank = MELODY_RANK[family_name(program)]
    if program in BASS_PLAYERS and any(other not in BASS_PLAYERS for other in programs):
        rank /= 4  # a cello or a tuba is the bass where others can sing
    return rank, instrument_range(program)[1], -programs.index(program)


def _borrow_bass(chords: Sequence[int], melody: int | None) -> int | None:
    """A player of many voices who takes the bass too: two hands first, then low ensembles."""
    hands = [program for program in (*chords, melody) if program in POLYPHONIC_SOLO]
    low = [program for program in chords if instrument_range(program)[0] <= LOW_ENOUGH]
    return next((program for program in (*hands, *low)), None)


def _choose_bass(programs: Sequence[int]) -> int | None:
    players = [program for program in programs if program in BASS_PLAYERS]
    return min(players, key=lambda program: instrument_range(program)[0], default=None)
