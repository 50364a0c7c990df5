"""Opposites apart: do "calm music" and "loud music" put real recordings in contrary orders?

Conventions
    one (P, N) and other (P, N) are scores of the same N tracks for the two texts of P pairs
    (`antonyms.tsv`). Sound alone is ranked.

Metrics
    opposites apart: share of pairs whose Spearman correlation over the tracks is below 0.
    Spearman of opposites: its mean; -1 were contrary orders. Random scores reach 0.5 and 0.
    Intervals draw pairs.
"""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.baselines import Scorer, random_scorer, tag_name_scorer, vector_scorer
from encoders.bench.pool import POOL, pool_tracks
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import bootstrap_interval, spearman

PAIRS = Path(__file__).with_name("antonyms.tsv")
APART, MEAN = "opposites apart", "Spearman of opposites"
CHANCES = {APART: 0.5, MEAN: 0.0}


def tabulate(setting: Setting) -> Table:
    """Every published pair over the pool.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    vectors = embed_tracks(pool_tracks(setting.data_dir), setting)
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        RANDOM: random_scorer(len(vectors.ids)),
    }
    pairs = read_pairs()
    rows = [row for method, score in scorers.items() for row in _rows(method, score, pairs)]
    note = f"{len(pairs)} pairs of opposites; apart means a rank correlation below 0"
    return Table(name="antonyms", note=note, rows=tuple(rows))


def validate(one: np.ndarray, other: np.ndarray) -> None:
    """Refuse scores that are not of the same pairs and tracks.

    Raises:
        ValueError: other shapes, fewer than two tracks, or values that are not finite.
    """
    if one.shape != other.shape or one.ndim != 2:
        raise ValueError(f"scores of shapes {one.shape} and {other.shape} are not pairs")
    if one.shape[1] < 2 or not len(one):
        raise ValueError(f"{one.shape[0]} pairs over {one.shape[1]} tracks have no order")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("scores must be finite")


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(P,) Spearman correlation between the two orders of each pair."""
    validate(one, other)
    return np.array([spearman(a, b) for a, b in zip(one, other, strict=True)])


def evaluate(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    found = correlations(one, other)
    return {APART: float((found < 0).mean()), MEAN: float(found.mean())}


def read_pairs(path: Path = PAIRS) -> list[tuple[str, str]]:
    """The published pairs of texts."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["one"], row["other"]) for row in csv.DictReader(lines, delimiter="\t")]


def _rows(method: str, score: Scorer, pairs: Sequence[tuple[str, str]]) -> list[Row]:
    one, other = score([a for a, _ in pairs]), score([b for _, b in pairs])
    found = correlations(one, other)
    return [
        make_row(
            bootstrap_interval([str(i) for i in range(len(pairs))], partial(_of, metric, found)),
            method=method, metric=metric, subset=POOL,
            num_tracks=one.shape[1], num_queries=len(pairs), chance=chance,
        )
        for metric, chance in CHANCES.items()
    ]  # fmt: skip


def _of(metric: str, found: np.ndarray, rows: np.ndarray) -> float:
    return float((found[rows] < 0).mean() if metric == APART else found[rows].mean())
