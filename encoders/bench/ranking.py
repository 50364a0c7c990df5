"""Rows of R@1, R@5, R@10 and median rank, which every protocol that finds something reports.

Q queries, N items.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from encoders.bench.table import Row, make_row
from encoders.metrics import RECALLS, bootstrap_interval, ranks_of_answers

MEDIAN = "median rank"
METRICS = (*(f"R@{k}" for k in RECALLS), MEDIAN)


def ranking_rows(
    method: str,
    scores: np.ndarray,
    right: np.ndarray,
    *,
    subset: str,
    groups: Sequence[str] | None = None,
) -> list[Row]:
    """Rows of (Q, N) scores.

    Args:
        method: what made the scores.
        scores: higher is closer.
        right: (Q, N) bool; every query needs a right item.
        subset: what was searched.
        groups: of the Q queries for the bootstrap, by default each its own.
    """
    num_queries, num_tracks = scores.shape
    names = groups or [str(i) for i in range(num_queries)]
    ranks = ranks_of_answers(scores, right)
    chances = chance_of(right)
    return [
        make_row(
            bootstrap_interval(names, partial(_of_ranks, metric, ranks)),
            method=method,
            metric=metric,
            subset=subset,
            num_tracks=num_tracks,
            num_queries=num_queries,
            chance=chances[metric],
        )
        for metric in METRICS
    ]


def chance_of(right: np.ndarray, *, num_draws: int = 1_000) -> dict[str, float]:
    """Each metric for an order drawn at random; only the median is found by drawing."""
    num_items, num_right = right.shape[1], right.sum(axis=1)
    within = {int(count): _rank_distribution(num_items, int(count)) for count in set(num_right)}
    chances = {
        f"R@{k}": float(np.mean([within[c][min(k, num_items) - 1] for c in num_right]))
        for k in RECALLS
    }
    rng = np.random.default_rng(0)
    ranks = [np.searchsorted(within[c], rng.random(num_draws)) + 1 for c in num_right]
    return chances | {MEDIAN: float(np.median(ranks, axis=0).mean())}


def _rank_distribution(num_items: int, num_right: int) -> np.ndarray:
    """(N,) chance that the best of R right items lies within the first 1, 2, ... N of N.

    1 - C(N - k, R) / C(N, R), as a product.
    """
    places = np.arange(num_items)
    free = np.maximum(num_items - places - num_right, 0)  # wrong items still in the urn
    return np.asarray(1.0 - np.cumprod(free / (num_items - places)))


def _of_ranks(metric: str, all_ranks: np.ndarray, rows: np.ndarray) -> float:
    ranks = all_ranks[rows]
    if metric == MEDIAN:
        return float(np.median(ranks))
    return float((ranks <= int(metric.removeprefix("R@"))).mean())
