"""Half A finds half B: does the first half of a track find its own second half first?

Needs no labels, so it runs on any catalogue.

Conventions
    first (N, D) and second (N, D) are vectors of the same N tracks in the same order, unit length.
    Row i of the scores first @ second.T asks with the first half of track i; one answer is right.

Metrics
    R@1, R@5, R@10 and median rank over all N second halves. Chance is k / N.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from encoders.bench import mfcc
from encoders.bench.kept import KeptArrays
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import project_part, read_features
from encoders.metrics import evaluate as evaluate_ranking
from encoders.training.cache import hear
from encoders.training.manifests import Track, read_tracks

MANIFESTS = ("audio", "emotify")
MFCC = "MFCC + tempo + loudness"
NUM_RANDOM = 64


def tabulate(setting: Setting) -> Table:
    """Every recording of `audio` and `emotify` among all of them.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = [t for name in MANIFESTS for t in read_tracks(setting.data_dir, name)]
    features = read_features(tracks, setting)
    tracks = [t for t in tracks if t.id in features]
    groups = [t.artist or t.id for t in tracks]
    sides = {
        MODEL: tuple(project_part(features.values(), setting, part=i) for i in range(2)),
        RANDOM: random_sides(len(tracks)),
    }
    subset = " + ".join(MANIFESTS)
    rows = [
        row
        for method, (first, second) in sides.items()
        for row in halves_rows(first, second, method=method, subset=subset, groups=groups)
    ]
    likeness = mfcc.standard_cosine(*_mfcc_sides(tracks, setting))
    right = np.eye(len(tracks), dtype=bool)
    rows += ranking_rows(MFCC, likeness, right, subset=subset, groups=groups)
    note = "the first half of an excerpt asks for its second half, the sound alone"
    return Table(name="halves", note=note, rows=tuple(rows))


def validate(first: np.ndarray, second: np.ndarray) -> None:
    """Refuse halves that are not of the same tracks.

    Raises:
        ValueError: other shapes, fewer than two tracks, or values that are not finite.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"halves of shapes {first.shape} and {second.shape} are not pairs")
    if len(first) < 2:
        raise ValueError(f"{len(first)} track: a half needs another track to be told from")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("vectors must be finite")


def evaluate(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(first, second)
    return evaluate_ranking(first @ second.T, np.eye(len(first), dtype=bool))


def halves_rows(
    first: np.ndarray,
    second: np.ndarray,
    *,
    method: str,
    subset: str,
    groups: Sequence[str] | None = None,
) -> list[Row]:
    """Rows with intervals of plain vectors, `groups` of the tracks drawn together."""
    validate(first, second)
    right = np.eye(len(first), dtype=bool)
    return ranking_rows(method, first @ second.T, right, subset=subset, groups=groups)


def random_sides(num_tracks: int) -> tuple[np.ndarray, np.ndarray]:
    """Random features of both halves: what no knowledge gives."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, num_tracks, NUM_RANDOM))
    return one, other


def _mfcc_sides(tracks: Sequence[Track], setting: Setting) -> list[np.ndarray]:
    kept = KeptArrays(setting.cache_folder / "mfcc", sources=(mfcc,))
    found = [kept.get(f"{t.id} halves", lambda t=t: _mfcc_of(t)) for t in tracks]  # type: ignore[misc]
    return [np.stack([rows[side] for rows in found]) for side in ("first", "second")]


def _mfcc_of(track: Track) -> Mapping[str, np.ndarray]:
    samples = hear(track).samples
    middle = len(samples) // 2
    return {
        "first": mfcc.mfcc_row(samples[:middle]),
        "second": mfcc.mfcc_row(samples[middle:]),
        "whole": mfcc.mfcc_row(samples),
    }
