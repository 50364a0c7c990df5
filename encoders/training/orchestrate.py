"""New orchestrations of old notes: which instruments play is drawn by chance, not by the style.

    excerpt = orchestrate(score, drum_pool, rng)    # 9 s, families and drums drawn evenly
    excerpt = as_written(score, start_s, duration_s)
    excerpt.notes            # (N, 6): onset_s, duration_s, pitch, velocity, program, channel

A head that learns from scores as they are learns which instruments a collection likes. Here every
family is as likely over a reel as over a march: melody, chords, broken chords and bass are taken
from a score, transposed, sped up, and given to programs drawn by chance; drums are borrowed from
other scores or made from a pattern.

N notes. Channel 9 are drums; a program of -1 in the notes is the drum channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encoders.training.programs import DRUMS

if TYPE_CHECKING:
    from media.midi import Score

EXCERPT_S = 9.0  # one segment of the audio tower
DRUM_CHANNEL = 9
DRUM_SHARE = 0.5
BORROWED_SHARE = 0.6  # of the drum tracks; the others are made from a pattern
NUM_FAMILIES = ((0, 0.03), (1, 0.17), (2, 0.27), (3, 0.27), (4, 0.17), (5, 0.09))
LONGEST_SHIFT = 6  # semitones
CHORD_NOTES = 3
FEWEST_NOTES = 8

# Programs that may be drawn for a family, in groups that are equally likely, each with the range
# in which its players feel at home (MIDI pitches).
Group = tuple[tuple[int, ...], int, int]
GROUPS: dict[str, tuple[Group, ...]] = {
    "keys": (((0, 1, 2, 3), 40, 88), ((4, 5), 40, 84), ((6,), 40, 84), ((7,), 40, 80)),
    "organ": (((16, 17, 18), 40, 84), ((19,), 36, 84), ((20,), 45, 80)),
    "guitar": (((24, 25), 40, 80), ((26, 27, 28), 40, 80), ((29, 30), 38, 76), ((31,), 52, 80)),
    "bass": (((32,), 28, 52), ((33, 34, 35), 28, 52), ((36, 37), 28, 52), ((38, 39), 28, 52)),
    "strings": (
        ((40, 110), 58, 96), ((41,), 50, 80), ((42,), 38, 70), ((44, 48, 49), 43, 88),
        ((45,), 43, 84), ((50, 51), 43, 84),
    ),
    "brass": (
        ((56, 59), 55, 84), ((57,), 42, 70), ((58,), 30, 54), ((60,), 43, 74),
        ((61,), 48, 80), ((62, 63), 45, 80),
    ),
    "winds": (
        ((64, 65), 52, 84), ((66, 67), 40, 72), ((68, 69), 55, 86), ((70,), 36, 68),
        ((71,), 50, 86), ((72, 73, 74), 62, 98), ((75, 76, 77, 78, 79), 60, 90),
    ),
    "voice": (((52,), 46, 82), ((53,), 46, 82), ((54,), 46, 82)),
    "synth": (
        ((80, 81), 45, 90), ((82, 83, 84, 85, 86, 87), 45, 86), ((88, 89, 90), 42, 84),
        ((91, 92, 93, 94, 95), 42, 84), ((96, 99, 100, 102, 103), 48, 84),
    ),
    "mallets": (
        ((8, 9, 10), 66, 96), ((11,), 54, 88), ((12, 13), 52, 92), ((14, 112), 58, 84),
        ((15, 108, 114), 52, 86),
    ),
    "others": (
        ((21, 23), 50, 86), ((22,), 58, 86), ((46,), 40, 92), ((47,), 38, 52),
        ((104, 105, 106, 107), 48, 80), ((109, 111), 55, 80),
    ),
}  # fmt: skip
FAMILY_WEIGHTS = {"bass": 1.5, "others": 0.5}
KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40, 48)
# Strokes of a bar in sixteenths: kick, snare, hi-hat or ride, tom or hand drum.
PATTERNS: tuple[dict[int, tuple[int, ...]], ...] = (
    {36: (0, 8), 38: (4, 12), 42: (0, 2, 4, 6, 8, 10, 12, 14)},
    {36: (0, 6, 8), 38: (4, 12), 42: tuple(range(16))},
    {36: (0, 4, 8, 12), 39: (4, 12), 46: (2, 6, 10, 14)},
    {36: (0, 10), 37: (4, 12), 51: (0, 4, 7, 8, 12, 15)},
    {36: (0, 8), 40: (2, 4, 6, 7, 10, 12, 14, 15)},
    {62: (0, 6, 12), 63: (3, 10), 70: tuple(range(0, 16, 2)), 75: (0, 3, 6, 10, 12)},
    {45: (0, 3, 8, 11), 43: (6, 14), 49: (0,)},
    {36: (0, 7, 10), 38: (4, 12, 15), 44: (2, 6, 10, 14), 54: (4, 12)},
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Excerpt:
    """Holds the notes of an excerpt and how loud, where and how wet each channel is."""

    notes: np.ndarray  # (N, 6) onset_s, duration_s, pitch, velocity, program, channel
    volumes: tuple[int, ...] = (100,) * 16
    pans: tuple[int, ...] = (64,) * 16
    reverbs: tuple[int, ...] = (40,) * 16
    kit: int = 0
    duration_s: float = EXCERPT_S


def note_rows(score: "Score") -> np.ndarray:
    """(N, 6) notes of a score; the last column is the number of the track."""
    columns = (score.onsets_s, score.durations_s, score.pitches, score.velocities,
               score.programs, score.tracks)  # fmt: skip
    return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)


def window(notes: np.ndarray, start_s: float, length_s: float) -> np.ndarray:
    """The notes that sound in a window, cut to it; onsets count from its start."""
    ends = np.minimum(notes[:, 0] + notes[:, 1], start_s + length_s)
    starts = np.maximum(notes[:, 0], start_s)
    struck = notes[:, 4] == DRUMS  # a stroke is where it begins
    inside = np.where(struck, (notes[:, 0] >= start_s) & (notes[:, 0] < start_s + length_s),
                      ends - starts > 0.02)  # fmt: skip
    cut = notes[inside].copy()
    cut[:, 0] = starts[inside] - start_s
    cut[:, 1] = (ends - starts)[inside]
    return cut


def as_written(notes: np.ndarray, start_s: float, duration_s: float = EXCERPT_S) -> Excerpt:
    """A window of a score with its own programs; tracks beyond 15 share the last channel."""
    cut = window(notes, start_s, duration_s)
    channels: dict[tuple[int, int], int] = {}
    free = [c for c in range(16) if c != DRUM_CHANNEL]
    for row in cut:
        key = (int(row[4]), int(row[5]) if row[4] != DRUMS else 0)
        if row[4] == DRUMS:
            channels[key] = DRUM_CHANNEL
        elif key not in channels:
            taken = sum(c != DRUM_CHANNEL for c in channels.values())
            channels[key] = free[min(taken, len(free) - 1)]
        row[5] = channels[key]
    return Excerpt(notes=cut, duration_s=duration_s)


def orchestrate(
    notes: np.ndarray, drum_pool: Sequence[np.ndarray], rng: np.random.Generator
) -> Excerpt:
    """Nine seconds of a score's notes, played by instruments drawn by chance."""
    speed = rng.uniform(0.75, 1.3)
    music = _busy_window(notes[notes[:, 4] != DRUMS], EXCERPT_S * speed, rng)
    music[:, :2] /= speed
    music[:, 2] += rng.integers(-LONGEST_SHIFT, LONGEST_SHIFT + 1)
    families = _draw_families(rng)
    parts, channel = [], 0
    for family in families:
        part = _part(music, family, rng)
        part[:, 5] = channel
        channel += 1 + (channel + 1 == DRUM_CHANNEL)
        parts.append(part)
    if rng.random() < DRUM_SHARE or not families:
        parts.append(_drums(drum_pool, rng))
    volumes = [int(v) for v in rng.integers(60, 122, 16)]
    return Excerpt(
        notes=np.concatenate(parts),
        volumes=tuple(volumes),
        pans=tuple(int(v) for v in rng.integers(24, 104, 16)),
        reverbs=tuple(int(v) for v in rng.integers(0, 100, 16)),
        kit=int(rng.choice(KITS)),
    )


def drum_windows(notes: np.ndarray) -> list[np.ndarray]:
    """Windows of 9 s of a score's drum channel in which it is busy."""
    drums = notes[notes[:, 4] == DRUMS]
    if not len(drums):
        return []
    starts = np.arange(0.0, max(drums[-1, 0] - EXCERPT_S, 0.1), EXCERPT_S)
    cuts = [window(drums, float(s), EXCERPT_S) for s in starts]
    return [c for c in cuts if len(c) >= 2 * EXCERPT_S][:4]


def _busy_window(notes: np.ndarray, length_s: float, rng: np.random.Generator) -> np.ndarray:
    last_s = max(float(notes[:, 0].max()) - length_s, 0.0)
    cuts = (window(notes, float(rng.uniform(0.0, last_s)), length_s) for _ in range(6))
    return max(cuts, key=len) if last_s == 0.0 else next(
        (c for c in cuts if len(c) >= FEWEST_NOTES), window(notes, last_s / 2, length_s)
    )  # fmt: skip


def _draw_families(rng: np.random.Generator) -> list[str]:
    counts, chances = zip(*NUM_FAMILIES, strict=True)
    names = list(GROUPS)
    weights = np.array([FAMILY_WEIGHTS.get(name, 1.0) for name in names])
    size = int(rng.choice(counts, p=np.array(chances) / sum(chances)))
    return [str(n) for n in rng.choice(names, size, replace=False, p=weights / weights.sum())]


def _part(music: np.ndarray, family: str, rng: np.random.Generator) -> np.ndarray:
    groups = GROUPS[family]
    programs, low, high = groups[int(rng.integers(len(groups)))]
    roles = (_bass,) if family == "bass" else (_melody, _melody, _chords, _broken, _track, _bass)
    role = roles[int(rng.integers(len(roles)))]
    part = role(music, rng).copy()
    part[:, 2] = _fold(part[:, 2], low, high, rng)
    part[:, 3] = np.clip(rng.uniform(60, 110) + rng.normal(0, 8, len(part)), 30, 127)
    part[:, 4] = int(rng.choice(programs))
    if rng.random() < 0.25:  # detached
        part[:, 1] = np.minimum(part[:, 1], rng.uniform(0.15, 0.4))
    return part


def _melody(music: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """The highest note of each onset, held to the next one at most."""
    order = np.lexsort((-music[:, 2], np.round(music[:, 0], 2)))
    first = np.unique(np.round(music[order, 0], 2), return_index=True)[1]
    return music[order[first]]


def _bass(music: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The lowest pitch class of each beat."""
    rows = _slices(music, rng.uniform(0.25, 0.7), rng, lowest=True)
    return rows if len(rows) else music[:1]


def _chords(music: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pitch classes that sound longest in each stretch, held."""
    return _slices(music, rng.uniform(0.8, 2.4), rng)


def _broken(music: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Chords, one note after another."""
    chords, step = _slices(music, rng.uniform(0.8, 2.0), rng), rng.uniform(0.11, 0.3)
    rows = []
    for onset in np.unique(chords[:, 0]):
        chord = chords[chords[:, 0] == onset]
        for i, at in enumerate(np.arange(onset, onset + chord[0, 1] - 0.05, step)):
            row = chord[i % len(chord)].copy()
            row[0], row[1] = at, step * 1.2
            rows.append(row)
    return np.array(rows)


def _track(music: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One track of the score as it is."""
    tracks, counts = np.unique(music[:, 5], return_counts=True)
    return np.asarray(music[music[:, 5] == rng.choice(tracks, p=counts / counts.sum())])


def _slices(
    music: np.ndarray, length_s: float, rng: np.random.Generator, *, lowest: bool = False
) -> np.ndarray:
    rows = []
    for start in np.arange(0.0, EXCERPT_S - 0.1, length_s):
        cut = window(music, float(start), length_s)
        if not len(cut):
            continue
        if lowest:
            pitches = cut[[np.argmin(cut[:, 2])], 2]
        else:
            classes, inverse = np.unique(cut[:, 2] % 12, return_inverse=True)
            weights = np.bincount(inverse, weights=cut[:, 1])
            pitches = 60 + classes[np.argsort(-weights)[:CHORD_NOTES]]
        rows += [[start, length_s * 0.95, p, 80, 0, 0] for p in pitches]
    return np.array(rows) if rows else music[[int(rng.integers(len(music)))]]


def _fold(pitches: np.ndarray, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Pitches moved by octaves into a range, as a whole and then one by one."""
    aim = rng.uniform(low + 0.3 * (high - low), high - 0.3 * (high - low))
    moved = pitches + 12 * np.round((aim - np.median(pitches)) / 12)
    moved += 12 * np.ceil(np.maximum(low - moved, 0) / 12)
    return np.asarray(moved - 12 * np.ceil(np.maximum(moved - high, 0) / 12))


def _drums(drum_pool: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    if len(drum_pool) and rng.random() < BORROWED_SHARE:
        drums = drum_pool[int(rng.integers(len(drum_pool)))].copy()
        drums[:, :2] *= rng.uniform(0.85, 1.2)
        drums = drums[drums[:, 0] < EXCERPT_S]
    else:
        drums = _pattern(rng)
    drums[:, 3] = np.clip(drums[:, 3] * rng.uniform(0.8, 1.1), 30, 127)
    drums[:, 4], drums[:, 5] = DRUMS, DRUM_CHANNEL
    return drums


def _pattern(rng: np.random.Generator) -> np.ndarray:
    pattern, step = PATTERNS[int(rng.integers(len(PATTERNS)))], rng.uniform(0.09, 0.2)
    rows = [
        [at, 0.1, key, rng.uniform(60, 115), DRUMS, DRUM_CHANNEL]
        for bar in np.arange(0.0, EXCERPT_S, 16 * step)
        for key, places in pattern.items()
        for place in places
        if (at := bar + place * step) < EXCERPT_S - 0.1 and rng.random() < 0.95
    ]
    return np.array(rows)
