"""Voices on the grid -> sketches in C major or A minor: cut, normalised, reduced to one melody.

Stretches in which the melody rests for long are left out, so the model never learns silence.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from symbolic.sketch import STEPS_PER_BAR, TONIC, Chord, Note, Sketch
from symbolic.training.harmony import find_chords
from symbolic.training.scores import Voices

MIN_BARS = 4
MAX_SILENT_BARS = 2  # more bars without a melody onset part the piece
SHORT_GAP = 2  # steps; shorter rests are the player's articulation
BASS_TOP = 55  # before normalisation; higher lowest notes are no bass
BASS_WINDOW = 5  # semitones above the lowest note of half a bar that still are the bass
MELODY_LIMITS = (52, 93)
BASS_LIMITS = (28, 55)


def make_sketches(voices: Voices) -> list[Sketch]:
    """Every usable stretch of a score as a sketch in the normalised key."""
    shift = _shift_to_normal(voices)
    melody = _fit(_one_voice(voices.melody), shift, MELODY_LIMITS)
    low = _fit(_find_bass(voices), shift, BASS_LIMITS)
    accompaniment = voices.accompaniment + np.array([0, 0, shift])
    steps = STEPS_PER_BAR[voices.metre]
    num_bars = -(-int(max(_end(melody), _end(low), _end(accompaniment))) // steps)
    span = steps // 2 if voices.metre in ("4/4", "6/8") else steps
    span = steps // 3 if voices.metre == "9/8" else span
    chords = find_chords(accompaniment, num_steps=num_bars * steps, span=span)
    sketches = []
    for first, last in _sung_stretches(melody, num_bars, steps):
        sketch = _cut(voices, melody, low, chords, first, last)
        if sketch is not None:
            sketches.append(sketch)
    return sketches


def _shift_to_normal(voices: Voices) -> int:
    """The smaller of the two ways to C or A, in semitones (-6 to 5)."""
    return (TONIC[voices.mode] - voices.tonic + 6) % 12 - 6


def _end(notes: NDArray[np.int64]) -> int:
    return int((notes[:, 0] + notes[:, 1]).max()) if len(notes) else 0


def _one_voice(notes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The highest note of every onset, each cut at the next, short gaps closed."""
    ordered = notes[np.lexsort((-notes[:, 2], notes[:, 0]))]
    _, first = np.unique(ordered[:, 0], return_index=True)
    voice = ordered[first].copy()
    gap = np.diff(voice[:, 0])
    duration = voice[:-1, 1]
    voice[:-1, 1] = np.where(duration + SHORT_GAP >= gap, gap, duration)
    return voice


def _find_bass(voices: Voices) -> NDArray[np.int64]:
    """The lowest notes of each half bar that lie close together, as one voice."""
    notes = voices.accompaniment
    span = STEPS_PER_BAR[voices.metre] // 2
    keep = np.zeros(len(notes), dtype=bool)
    windows = notes[:, 0] // span
    for window in np.unique(windows):
        inside = windows == window
        lowest = notes[inside, 2].min()
        if lowest <= BASS_TOP:
            keep |= inside & (notes[:, 2] <= lowest + BASS_WINDOW)
    low = notes[keep]
    if len(low) == 0:
        return low
    low = low[np.lexsort((low[:, 2], low[:, 0]))]
    _, first = np.unique(low[:, 0], return_index=True)
    voice = low[first].copy()
    voice[:-1, 1] = np.diff(voice[:, 0])  # a bass does not breathe
    return voice


def _fit(notes: NDArray[np.int64], shift: int, limits: tuple[int, int]) -> NDArray[np.int64]:
    """Transpose, then move stray notes by octaves into the limits."""
    moved = notes.copy()
    moved[:, 2] += shift
    low, high = limits
    pitch = moved[:, 2]
    if len(pitch):
        centre = 12 * np.round((np.median(pitch) - (low + high) / 2) / 12)
        pitch = pitch - int(centre) if abs(centre) > 12 else pitch
    pitch = np.where(pitch < low, pitch + 12 * np.ceil((low - pitch) / 12), pitch)
    moved[:, 2] = np.where(pitch > high, pitch - 12 * np.ceil((pitch - high) / 12), pitch)
    return moved


def _sung_stretches(
    melody: NDArray[np.int64], num_bars: int, steps: int
) -> Iterator[tuple[int, int]]:
    """Ranges of bars [first, last) in which the melody does not rest for long."""
    bars = np.unique(melody[:, 0] // steps)
    if len(bars) == 0:
        return
    breaks = np.flatnonzero(np.diff(bars) > MAX_SILENT_BARS + 1)
    for group in np.split(bars, breaks + 1):
        first, last = int(group[0]), min(int(group[-1]) + 1, num_bars)
        if last - first >= MIN_BARS:
            yield first, last


def _cut(
    voices: Voices,
    melody: NDArray[np.int64],
    low: NDArray[np.int64],
    chords: tuple[Chord, ...],
    first: int,
    last: int,
) -> Sketch | None:
    steps = STEPS_PER_BAR[voices.metre]
    start, stop = first * steps, last * steps
    inside = [chord for chord in chords if start <= chord.onset < stop]
    before = [chord for chord in chords if chord.onset < start]
    if before and (not inside or inside[0].onset > start):
        inside.insert(0, before[-1])
    if len(inside) < 2:
        return None
    return Sketch(
        metre=voices.metre,
        mode=voices.mode,
        num_bars=last - first,
        melody=_cut_notes(melody, start, stop),
        bass=_cut_notes(low, start, stop),
        chords=tuple(
            Chord(onset=max(chord.onset - start, 0), root=chord.root, quality=chord.quality)
            for chord in inside
        ),
    )


def _cut_notes(notes: NDArray[np.int64], start: int, stop: int) -> tuple[Note, ...]:
    chosen = notes[(notes[:, 0] >= start) & (notes[:, 0] < stop)]
    ends = [*chosen[1:, 0].tolist(), stop]
    return tuple(
        Note(onset=onset - start, duration=min(onset + duration, end) - onset, pitch=pitch)
        for (onset, duration, pitch), end in zip(chosen.tolist(), ends, strict=False)
    )
