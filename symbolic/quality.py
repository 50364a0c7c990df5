"""How much a sketch is like real music: ten plain features, compared with the training scores.

A feature counts only by how far it lies outside what real pieces do, so nothing is maximised.
Judges sketches, never MIDI; whether the wishes were met is `check`'s business.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from symbolic.sketch import STEPS_PER_QUARTER, TONIC, Chord, Note, Sketch

FREE_DEVIATIONS = 1.0  # within one standard deviation nothing is deducted
CADENCE_BONUS = 1.0
Features = Mapping[str, float]


def measure_sketch(sketch: Sketch) -> dict[str, float]:
    """The features of a sketch with at least two melody notes; each is a share or a mean."""
    pitches = np.array([note.pitch for note in sketch.melody])
    leaps = np.abs(np.diff(pitches)) if len(pitches) > 1 else np.zeros(1)
    bars = _bars_of(sketch)
    return {
        "mean_leap": float(leaps.mean()),
        "steps_share": float((leaps <= 2).mean()),
        "repeated_share": float((leaps == 0).mean()),
        "pitch_class_entropy": _entropy(pitches % 12),
        "pitch_span": float(np.ptp(pitches)),
        "chord_tone_share": _chord_tone_share(sketch),
        "rhythm_repetition": _repetition([tuple(o for o, _ in bar) for bar in bars]),
        "melody_repetition": _repetition([tuple(bar) for bar in bars]),
        "root_share": _root_share(sketch),
        "chord_kinds": len({(chord.root, chord.quality) for chord in sketch.chords})
        / sketch.num_bars**0.5,
    }


def rate_sketch(sketch: Sketch, statistics: Mapping[str, tuple[float, float]]) -> float:
    """0 for a piece like the training scores, less the stranger it is; a cadence earns 1.

    Args:
        sketch: The piece.
        statistics: Mean and standard deviation of each feature over real pieces.
    """
    rating = CADENCE_BONUS if has_cadence(sketch) else 0.0
    for name, value in measure_sketch(sketch).items():
        mean, deviation = statistics[name]
        rating -= max(0.0, abs(value - mean) / deviation - FREE_DEVIATIONS)
    return rating


def has_cadence(sketch: Sketch) -> bool:
    """Whether the last change of harmony is dominant or subdominant to tonic."""
    if len(sketch.chords) < 2:
        return False
    before, last = sketch.chords[-2:]
    tonic = TONIC[sketch.mode]
    return last.root == tonic and (before.root - tonic) % 12 in (5, 7)


def _bars_of(sketch: Sketch) -> list[list[tuple[int, int]]]:
    """Per bar the melody's (step, pitch) pairs."""
    bars: list[list[tuple[int, int]]] = [[] for _ in range(sketch.num_bars)]
    for note in sketch.melody:
        bar, step = divmod(note.onset, sketch.steps_per_bar)
        bars[bar].append((step, note.pitch))
    return bars


def _repetition(bars: list[tuple[object, ...]]) -> float:
    """Share of bars that occur more than once."""
    counts = Counter(bars)
    return sum(count for bar, count in counts.items() if count > 1 and bar) / len(bars)


def _entropy(classes: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    """Bits of the pitch-class distribution, 0 to 3.58."""
    counts = np.bincount(classes, minlength=12)
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log2(shares)).sum())


def _chord_tone_share(sketch: Sketch) -> float:
    """Of the melody notes that start on a beat, the share that belongs to the chord."""
    on_beat = [note for note in sketch.melody if note.onset % STEPS_PER_QUARTER == 0]
    inside = [note.pitch % 12 in _classes_at(sketch, note) for note in on_beat]
    return float(np.mean(inside)) if inside else 0.0


def _root_share(sketch: Sketch) -> float:
    """Of the bass notes that start with a chord, the share that is its root."""
    roots = {chord.onset: chord.root for chord in sketch.chords}
    meets = [note.pitch % 12 == roots[note.onset] for note in sketch.bass if note.onset in roots]
    return float(np.mean(meets)) if meets else 0.0


def _classes_at(sketch: Sketch, note: Note) -> tuple[int, ...]:
    current: Chord | None = None
    for chord in sketch.chords:
        if chord.onset > note.onset:
            break
        current = chord
    return current.pitch_classes if current else ()
