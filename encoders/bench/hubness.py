"""Hubs: do a few tracks stand in everybody's list, and do others stand in none?

Needs no labels, so it runs on any catalogue. In wide spaces some vectors are near to everything
(Radovanovic, Nanopoulos and Ivanovic, Hubs in space, JMLR 2010); with music they are the songs
that turn up whatever is asked (Flexer, Schnitzer and Schlueter, ISMIR 2012).

Conventions
    vectors (N, D) of the tracks, unit length, and the questions (N, D) that they ask as sounds, by
    default themselves. Each track asks for its k nearest others; N_k of a track is the number of
    lists that it stands in, k on average.

Metrics
    skewness: third standardised moment of N_k, 0 where all are listed alike; above 1 hubs begin.
    lists with a top hub: share of lists that hold one of the 1 % most listed tracks.
    never listed: share of tracks that stand in no list.
    Chance is what lists drawn at random give.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from encoders.bench.baselines import MFCC, mfcc_rows, random_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import ask_for_likes, embed_tracks, read_recordings
from encoders.metrics import bootstrap_interval

LIST_LENGTH = 10
HUB_SHARE = 0.01
BLOCK = 512  # queries at a time: memory grows with N, not with N x N
NUM_CHANCE_DRAWS = 20


def tabulate(setting: Setting) -> Table:
    """Every recording of `audio` and `emotify` asks for the others.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = read_recordings(setting)
    vectors = embed_tracks(tracks, setting)
    tracks = [t for t in tracks if t.id in set(vectors.ids)]
    plain = mfcc_rows(tracks, setting)
    standard = (plain - plain.mean(axis=0)) / (plain.std(axis=0) + 1e-6)
    groups = [t.artist or t.id for t in tracks]
    methods = {
        MODEL: vectors.tracks,
        MFCC: standard / np.linalg.norm(standard, axis=1, keepdims=True),
        RANDOM: random_rows(len(tracks)),
    }
    questions = {MODEL: ask_for_likes(vectors.tracks, setting)}
    rows: list[Row] = []
    for method, points in methods.items():
        lists = nearest_lists(points, questions=questions.get(method))
        rows += hubness_rows(lists, method=method, subset="audio + emotify", groups=groups)
    note = "each track asks for its ten nearest; lower is better in every column"
    return Table(name="hubness", note=note, rows=tuple(rows))


def validate(vectors: np.ndarray, *, k: int = LIST_LENGTH) -> None:
    """Refuse what has no lists.

    Raises:
        ValueError: not (N, D), not more tracks than a list holds, or values that are not finite.
    """
    if vectors.ndim != 2:
        raise ValueError(f"vectors of shape {vectors.shape}; (N, D) is needed")
    if len(vectors) <= k:
        raise ValueError(f"{len(vectors)} tracks; lists of {k} need at least {k + 1}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite")


def evaluate(vectors: np.ndarray, *, k: int = LIST_LENGTH) -> dict[str, float]:
    """Every metric by name."""
    return measures_of(nearest_lists(vectors, k=k), len(vectors))


def nearest_lists(
    vectors: np.ndarray, *, k: int = LIST_LENGTH, questions: np.ndarray | None = None
) -> np.ndarray:
    """(N, k) places of the nearest others, by inner product with the questions, in no order."""
    validate(vectors, k=k)
    asked = vectors if questions is None else questions
    lists = []
    for start in range(0, len(vectors), BLOCK):
        scores = asked[start : start + BLOCK] @ vectors.T
        own = np.arange(len(scores))
        scores[own, start + own] = -np.inf
        lists.append(np.argpartition(-scores, k - 1, axis=1)[:, :k])
    return np.concatenate(lists)


def occurrences(lists: np.ndarray, num_tracks: int) -> np.ndarray:
    """(N,) how many lists each track stands in."""
    return np.bincount(lists.ravel(), minlength=num_tracks)


def skewness(counts: np.ndarray) -> float:
    """Third standardised moment of (N,) counts; 0 where all are alike."""
    spread = counts.std()
    return float((((counts - counts.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0


def hub_lists(lists: np.ndarray, num_tracks: int) -> np.ndarray:
    """(N,) bool: the list holds one of the 1 % most listed tracks, at least one of them."""
    num_hubs = max(1, round(HUB_SHARE * num_tracks))
    hubs = np.argsort(-occurrences(lists, num_tracks), kind="stable")[:num_hubs]
    return np.asarray(np.isin(lists, hubs).any(axis=1))


def measures_of(lists: np.ndarray, num_tracks: int) -> dict[str, float]:
    """Every metric of (N, k) lists."""
    counts = occurrences(lists, num_tracks)
    return {
        "skewness": skewness(counts),
        "lists with a top hub": float(hub_lists(lists, num_tracks).mean()),
        "never listed": float((counts == 0).mean()),
    }


def chance_of_lists(num_tracks: int, *, k: int = LIST_LENGTH) -> dict[str, float]:
    """Every metric for lists drawn at random."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(NUM_CHANCE_DRAWS):
        lists = rng.integers(0, num_tracks, size=(num_tracks, k))
        draws.append(measures_of(lists, num_tracks))
    return {name: float(np.mean([d[name] for d in draws])) for name in draws[0]}


def hubness_rows(
    lists: np.ndarray, *, method: str, subset: str, groups: Sequence[str] | None = None
) -> list[Row]:
    """Rows of (N, k) lists with intervals over the tracks, whose lists stay as they are."""
    num_tracks = len(lists)
    counts, with_hub = occurrences(lists, num_tracks), hub_lists(lists, num_tracks)
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "skewness": lambda rows: skewness(counts[rows]),
        "lists with a top hub": partial(_share, with_hub),
        "never listed": partial(_share, counts == 0),
    }
    chances = chance_of_lists(num_tracks, k=lists.shape[1])
    names = groups or [str(i) for i in range(num_tracks)]
    return [
        make_row(
            bootstrap_interval(names, statistic),
            method=method,
            metric=metric,
            subset=subset,
            num_tracks=num_tracks,
            num_queries=num_tracks,
            chance=chances[metric],
        )
        for metric, statistic in statistics.items()
    ]


def _share(marked: np.ndarray, rows: np.ndarray) -> float:
    return float(marked[rows].mean())
