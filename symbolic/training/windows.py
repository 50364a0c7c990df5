"""Sketches -> training windows: whole bars that fit the model's window, padded into batches.

A window may end where the piece, or a phrase of it, comes home; then the bars left count down to
zero there, which is how the model learns endings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from symbolic.grammar import (
    DENSITY_EDGES,
    HARMONIC_EDGES,
    NUM_FEATURES,
    Controls,
    read_features,
)
from symbolic.sketch import STEPS_PER_QUARTER, TONIC, Chord, Note, Sketch
from symbolic.tokens import END, PAD, encode_sketch

# How often each metre is drawn, whatever the data hold; rare ones must still be learnt.
METRE_SHARES: Mapping[str, float] = {
    "4/4": 0.42,
    "6/8": 0.18,
    "3/4": 0.2,
    "2/4": 0.14,
    "9/8": 0.06,
}
ENDING_SHARE = 0.5
MAX_BARS = 24
MIN_BARS = 4


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Features (B, T, F), controls (B, 5) and targets (B, T), PAD where there is nothing."""

    features: NDArray[np.int64]
    controls: NDArray[np.int64]
    targets: NDArray[np.int64]


class WindowSampler:
    """Draws windows from sketches, metres by `METRE_SHARES`, pieces by their length."""

    def __init__(self, pieces: Sequence[tuple[Sketch, str]], window: int) -> None:
        self._pieces = list(pieces)  # (sketch, style)
        self._window = window
        self._by_metre = {
            metre: [i for i, (sketch, _) in enumerate(pieces) if sketch.metre == metre]
            for metre in METRE_SHARES
        }
        self._endings = [find_endings(sketch) for sketch, _ in pieces]

    def draw(self, generator: np.random.Generator, num_rows: int) -> Batch:
        """One batch of windows of about equal length: `num_rows`, or more where they are short."""
        num_bars = int(generator.integers(MIN_BARS, MAX_BARS + 1))
        num_rows = max(1, round(num_rows * (MIN_BARS + MAX_BARS) / 2 / num_bars))
        return stack_rows([self._draw_row(generator, num_bars) for _ in range(num_rows)])

    def _draw_row(self, generator: np.random.Generator, num_bars: int) -> "Row":
        metres = [metre for metre, members in self._by_metre.items() if members]
        shares = np.array([METRE_SHARES[metre] for metre in metres])
        metre = metres[int(generator.choice(len(metres), p=shares / shares.sum()))]
        members = self._by_metre[metre]
        lengths = np.array([self._pieces[index][0].num_bars for index in members], dtype=float)
        index = members[int(generator.choice(len(members), p=lengths / lengths.sum()))]
        sketch, style = self._pieces[index]
        num_bars = min(num_bars, sketch.num_bars)
        first, last, end = _draw_bars(generator, sketch, self._endings[index], num_bars)
        if metre == "4/4" and style == "folk" and generator.random() < 0.1:
            sketch, first, last, end = halve_bars(sketch), 2 * first, 2 * last, 2 * end
        return make_row(cut_sketch(sketch, first, last), style, end - first, self._window)


def _draw_bars(
    generator: np.random.Generator, sketch: Sketch, endings: Sequence[int], num_bars: int
) -> tuple[int, int, int]:
    """First bar, last bar (exclusive) and the bar towards which bars left are counted."""
    if endings and generator.random() < ENDING_SHARE:
        last = int(generator.choice(endings))
        return max(0, last - num_bars), last, last
    first = int(generator.integers(0, sketch.num_bars - num_bars + 1))
    return first, first + num_bars, sketch.num_bars


Row = tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.int16]]


def make_row(sketch: Sketch, style: str, num_bars: int, window: int) -> Row:
    """Features, controls and targets of one window; END is no target where the piece goes on."""
    tokens = encode_sketch(sketch)
    features = read_features(tokens, num_bars)[:-1][:window]
    targets = tokens[1:].copy()
    if num_bars > sketch.num_bars:
        targets[targets == END] = PAD
    return features, measure_controls(sketch, style).to_row(), targets[:window]


def stack_rows(rows: Sequence[Row]) -> Batch:
    """Pad rows to the longest and stack them."""
    longest = max(len(targets) for _, _, targets in rows)
    features = np.zeros((len(rows), longest, NUM_FEATURES), dtype=np.int64)
    targets = np.full((len(rows), longest), PAD, dtype=np.int64)
    for index, (row, _, target) in enumerate(rows):
        features[index, : len(row)] = row
        targets[index, : len(target)] = target
    return Batch(features=features, controls=np.stack([row[1] for row in rows]), targets=targets)


def measure_controls(sketch: Sketch, style: str) -> Controls:
    """The controls that describe a sketch as it is."""
    quarters = sketch.num_steps / STEPS_PER_QUARTER
    return Controls(
        metre=sketch.metre,
        mode=sketch.mode,
        style=style,
        density=int(np.searchsorted(DENSITY_EDGES, len(sketch.melody) / quarters)),
        harmonic_rhythm=int(np.searchsorted(HARMONIC_EDGES, len(sketch.chords) / sketch.num_bars)),
    )


def find_endings(sketch: Sketch) -> list[int]:
    """Bars (exclusive) after which a phrase has come home: tonic chord, long tonic in the melody.

    The end of the piece counts only when it does so too.
    """
    steps, tonic = sketch.steps_per_bar, TONIC[sketch.mode]
    last_chord = {chord.onset // steps: chord for chord in sketch.chords}
    last_note = {note.onset // steps: note for note in sketch.melody}
    endings = []
    for bar in range(MIN_BARS - 1, sketch.num_bars):
        note = last_note.get(bar)
        before = [chord for index, chord in last_chord.items() if index <= bar]
        chord = before[-1] if before else None
        at_home = chord is not None and chord.root == tonic
        if at_home and note and note.pitch % 12 == tonic and note.duration >= steps // 4:
            endings.append(bar + 1)
    return endings


def cut_sketch(sketch: Sketch, first: int, last: int) -> Sketch:
    """Bars [first, last) as a piece; the chord and bass that sound at the cut start there."""
    start, stop = first * sketch.steps_per_bar, last * sketch.steps_per_bar
    carried = [chord for chord in sketch.chords if chord.onset <= start][-1:]
    inside = [chord for chord in sketch.chords if start < chord.onset < stop]
    return replace(
        sketch,
        num_bars=last - first,
        melody=tuple(_cut_note(n, start, stop) for n in sketch.melody if start <= n.onset < stop),
        bass=tuple(
            _cut_note(n, start, stop) for n in sketch.bass if n.end > start and n.onset < stop
        ),
        chords=tuple(
            Chord(onset=max(c.onset - start, 0), root=c.root, quality=c.quality)
            for c in carried + inside
        ),
    )


def halve_bars(sketch: Sketch) -> Sketch:
    """The same piece in 2/4 instead of 4/4: as many steps, twice as many bars."""
    return replace(sketch, metre="2/4", num_bars=2 * sketch.num_bars)


def _cut_note(note: Note, start: int, stop: int) -> Note:
    onset = max(note.onset, start)
    return Note(onset=onset - start, duration=min(note.end, stop) - onset, pitch=note.pitch)
