"""Drum patterns by metre and energy, from rules: kick and snare of rock, waltz and jig.

Pitches are the General MIDI percussion map. Nothing here is learnt.
"""

from collections.abc import Mapping

import numpy as np

from symbolic.parts import PlayedNote

KICK, SIDE_STICK, SNARE, CLOSED_HAT, OPEN_HAT, RIDE, CRASH = 36, 37, 38, 42, 46, 51, 49
LOW_TOM, MIDDLE_TOM, HIGH_TOM = 45, 47, 50
FILL_EVERY = 8  # bars

# Steps of kick and of snare in one bar.
CALM: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "2/4": ((0,), (4,)),
    "3/4": ((0,), (4, 8)),
    "4/4": ((0, 8), (4, 12)),
    "6/8": ((0,), (6,)),
    "9/8": ((0,), (6, 12)),
}
LIVELY: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "2/4": ((0, 3), (4,)),
    "3/4": ((0, 10), (4, 8)),
    "4/4": ((0, 6, 8, 14), (4, 12)),
    "6/8": ((0, 4), (6,)),
    "9/8": ((0, 10), (6, 12)),
}


def play_drums(
    metre: str, num_bars: int, steps_per_bar: int, energy: float
) -> tuple[PlayedNote, ...]:
    """The whole kit part: a pattern, a fill at the end of every phrase, one stroke to end on."""
    notes: list[PlayedNote] = []
    for bar in range(num_bars - 1):
        start = bar * steps_per_bar
        is_fill = bar % FILL_EVERY == FILL_EVERY - 1 and num_bars > FILL_EVERY
        notes += _play_bar(metre, start, steps_per_bar, energy, is_fill)
        if bar % FILL_EVERY == 0 and energy > 0:
            notes.append(_hit(start, CRASH, 78 + 20 * energy))
    last = (num_bars - 1) * steps_per_bar
    notes += [_hit(last, KICK, 80 + 20 * energy), _hit(last, CRASH, 72 + 20 * energy)]
    return tuple(notes)


def _play_bar(
    metre: str, start: int, steps_per_bar: int, energy: float, is_fill: bool
) -> list[PlayedNote]:
    kicks, snares = (LIVELY if energy > 0.2 else CALM)[metre]
    drum = SNARE if energy > -0.2 else SIDE_STICK
    fill_from = steps_per_bar - (steps_per_bar // 2 if energy > 0.2 else 4)
    stop = fill_from if is_fill else steps_per_bar
    loud = 80 + 22 * energy
    notes = [_hit(start + step, KICK, loud) for step in kicks if step < stop]
    notes += [_hit(start + step, drum, loud - 4) for step in snares if step < stop]
    cymbal = RIDE if energy < -0.3 else CLOSED_HAT
    notes += [
        _hit(start + step, cymbal, loud - (22 if step % 4 == 0 else 34))
        for step in range(0, stop, 2)
    ]
    if is_fill:
        notes += _fill(start + fill_from, start + steps_per_bar, loud)
    return notes


def _fill(first: int, stop: int, loud: float) -> list[PlayedNote]:
    toms = (SNARE, HIGH_TOM, MIDDLE_TOM, LOW_TOM)
    onsets = range(first, stop, 2 if stop - first > 4 else 1)
    return [
        _hit(onset, toms[int(index * len(toms) / len(onsets))], loud - 10 + 2 * index)
        for index, onset in enumerate(onsets)
    ]


def _hit(onset: int, pitch: int, velocity: float) -> PlayedNote:
    return PlayedNote(
        onset=onset, duration=1, pitch=pitch, velocity=int(np.clip(velocity, 20, 120))
    )
