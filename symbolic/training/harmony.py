"""Reads keys and chords from notes on the grid, for training data only; the checker has its own.

Chords are template matches over half bars (Fujishima 1999); keys are profile correlations with
the Temperley-Kostka-Payne weights (Temperley 2007, table 6.1).
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from symbolic.sketch import QUALITIES, Chord, Mode

MAJOR_WEIGHTS = (
    0.748,
    0.060,
    0.488,
    0.082,
    0.670,
    0.460,
    0.096,
    0.715,
    0.104,
    0.366,
    0.057,
    0.400,
)
MINOR_WEIGHTS = (
    0.712,
    0.084,
    0.474,
    0.618,
    0.049,
    0.460,
    0.105,
    0.747,
    0.404,
    0.067,
    0.133,
    0.330,
)
LETTERS: Mapping[str, int] = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# What a quality must earn above a plain triad before it is written down.
COST: Mapping[str, float] = {
    "": 0,
    "m": 0,
    "7": 0.1,
    "m7": 0.1,
    "maj7": 0.13,
    "dim": 0.06,
    "sus4": 0.1,
}
BASS_BONUS = 0.25
OUTSIDE_PENALTY = 0.6


def parse_key(text: str) -> tuple[int, Mode] | None:
    """Tonic and mode of "G", "Am", "Gb:maj" or "C# minor"; None for modes that are neither."""
    match = re.fullmatch(r"([A-G])([#b]?)\s*:?\s*(m|min|minor|maj|major|)", text)
    if match is None:
        return None
    letter, accidental, mode = match.groups()
    tonic = (LETTERS[letter] + {"#": 1, "b": -1, "": 0}[accidental]) % 12
    return tonic, "minor" if mode in ("m", "min", "minor") else "major"


def estimate_key(notes: NDArray[np.int64]) -> tuple[int, Mode]:
    """The best of 24 keys for notes (N, 3), weighted by duration."""
    histogram = np.bincount(notes[:, 2] % 12, weights=notes[:, 1], minlength=12)
    best: tuple[float, int, Mode] = (-2.0, 0, "major")
    modes: tuple[tuple[Mode, Sequence[float]], ...] = (
        ("major", MAJOR_WEIGHTS),
        ("minor", MINOR_WEIGHTS),
    )
    for mode, weights in modes:
        for tonic in range(12):
            agreement = float(np.corrcoef(np.roll(weights, tonic), histogram)[0, 1])
            best = max(best, (agreement, tonic, mode))
    return best[1], best[2]


def find_chords(notes: NDArray[np.int64], *, num_steps: int, span: int) -> tuple[Chord, ...]:
    """One chord for each `span` of steps in which notes sound; equal neighbours are joined."""
    profiles, lowest = _span_profiles(notes, num_steps, span)
    sounding = profiles.sum(axis=1)
    chords: list[Chord] = []
    for index in np.flatnonzero(sounding).tolist():
        root, quality = _best_chord(profiles[index] / sounding[index], int(lowest[index]) % 12)
        if not chords or (chords[-1].root, chords[-1].quality) != (root, quality):
            chords.append(Chord(onset=index * span, root=root, quality=quality))
    return tuple(chords)


def _span_profiles(
    notes: NDArray[np.int64], num_steps: int, span: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sounding steps by pitch class, (S, 12), and the lowest pitch, (S,), of each span."""
    num_spans = -(-num_steps // span)
    profiles = np.zeros((num_spans, 12))
    lowest = np.full(num_spans, 127, dtype=np.int64)
    for onset, duration, pitch in notes.tolist():
        last = min(onset + duration, num_steps)
        for index in range(onset // span, -(-last // span)):
            inside = min(last, (index + 1) * span) - max(onset, index * span)
            profiles[index, pitch % 12] += inside
            lowest[index] = min(lowest[index], pitch)
    return profiles, lowest


def _make_templates() -> tuple[list[tuple[int, str]], NDArray[np.float64], NDArray[np.float64]]:
    names = [(root, quality) for quality in QUALITIES for root in range(12)]
    members = np.zeros((len(names), 12))
    for index, (root, quality) in enumerate(names):
        members[index, [(root + interval) % 12 for interval in QUALITIES[quality]]] = 1
    return names, members, np.array([COST[quality] for _, quality in names])


CHORD_NAMES, CHORD_MEMBERS, CHORD_COSTS = _make_templates()  # (84,), (84, 12), (84,)
CHORD_ROOTS = np.array([root for root, _ in CHORD_NAMES])


def _best_chord(profile: NDArray[np.float64], bass: int) -> tuple[int, str]:
    inside = CHORD_MEMBERS @ profile  # (84,)
    missing = CHORD_MEMBERS @ (profile < 0.02) * 0.08
    value = inside - OUTSIDE_PENALTY * (1 - inside) - CHORD_COSTS - missing
    return CHORD_NAMES[int(np.argmax(value + BASS_BONUS * (bass == CHORD_ROOTS)))]
