"""Metrics of retrieval, in mir_eval's shape: validate, one function per metric, evaluate.

Knows no model.

Higher scores are better matches everywhere. Ties count against the model: among equal scores the
wrong item comes first. Q queries, N items.

- spearman: for graded answers where the whole order matters (emotion shares). Not for yes-or-no
  labels.
- auroc: for yes-or-no labels where the whole order matters; blind to how good the first ten are.
- ndcg_at_k: for graded answers where the first k matter.
- recall_at_k, median_rank: for one (or any) right item per query. Not where many items are half
  right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NUM_RESAMPLES = 1_000
LEVEL = 0.95
RECALLS = (1, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Holds a value with its bootstrap interval."""

    value: float
    low: float
    high: float


def validate(scores: np.ndarray, truth: np.ndarray) -> None:
    """Refuse what no metric can read.

    Raises:
        ValueError: other lengths, nothing, or values that are not finite.
    """
    if scores.shape[-1] != truth.shape[-1]:
        raise ValueError(f"{scores.shape[-1]} scores for {truth.shape[-1]} items")
    if scores.size == 0:
        raise ValueError("no scores: a metric needs at least one item")
    if not (np.isfinite(scores).all() and np.isfinite(truth).all()):
        raise ValueError("scores and truth must be finite")


def spearman(scores: np.ndarray, grades: np.ndarray) -> float:
    """Rank correlation of (N,) scores and grades, ties at their mean rank.

    0 where either is constant.
    """
    validate(scores, grades)
    one, other = average_ranks(scores), average_ranks(grades)
    one, other = one - one.mean(), other - other.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other / length) if length > 0 else 0.0


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Share of (positive, negative) pairs in the right order, ties as wrong.

    Raises:
        ValueError: only one class, or what `validate` refuses.
    """
    validate(scores, positive)
    right, wrong = scores[positive.astype(bool)], np.sort(scores[~positive.astype(bool)])
    if not len(right) or not len(wrong):
        raise ValueError("an AUROC needs items of both classes")
    return float(np.searchsorted(wrong, right, side="left").mean() / len(wrong))


def ndcg_at_k(scores: np.ndarray, gains: np.ndarray, k: int = 10) -> float:
    """Discounted gain of the first k over that of the best order (Jarvelin and Kekalainen 2002).

    Gains are (N,), never negative; 0 where all are 0. Linear gain, discount 1 / log2(rank + 1).
    """
    validate(scores, gains)
    if (gains < 0).any():
        raise ValueError("gains must not be negative")
    order = np.lexsort((gains, -scores))[:k]  # among equal scores the lowest gain first
    discount = 1.0 / np.log2(np.arange(2, len(order) + 2))
    best = float(np.sort(gains)[::-1][:k] @ discount)
    return float(gains[order] @ discount / best) if best > 0 else 0.0


def ranks_of_answers(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(Q,) rank from 1 of the best right item of each query.

    Args:
        scores: (Q, N).
        right: (Q, N) bool; every query needs a right item.
    """
    validate(scores, right)
    if not right.any(axis=1).all():
        raise ValueError("a query has no right item")
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(((scores >= best) & ~right).sum(axis=1) + 1)


def recall_at_k(scores: np.ndarray, right: np.ndarray, k: int) -> float:
    """Share of queries with a right item among the first k."""
    return float((ranks_of_answers(scores, right) <= k).mean())


def median_rank(scores: np.ndarray, right: np.ndarray) -> float:
    """Median over all queries of the rank of the first right item."""
    return float(np.median(ranks_of_answers(scores, right)))


def evaluate(scores: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Every yes-or-no metric of (Q, N) scores by name."""
    ranks = ranks_of_answers(scores, right)
    recalls = {f"R@{k}": float((ranks <= k).mean()) for k in RECALLS}
    return recalls | {"median rank": float(np.median(ranks))}


def average_ranks(values: np.ndarray) -> np.ndarray:
    """(N,) ranks from 1, lowest first, equal values at their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse.reshape(values.shape)])


def worst_ranks(scores: np.ndarray) -> np.ndarray:
    """(N,) ranks from 1, highest score first, equal scores all at the lowest of their places."""
    return np.asarray(len(scores) - np.searchsorted(np.sort(scores), scores, side="left"))


def wish_gains(
    shares: Mapping[str, np.ndarray],
    *,
    wanted: Sequence[str],
    avoided: Sequence[str] = (),
    of_genre: np.ndarray | None = None,
) -> np.ndarray:
    """(N,) graded gains of a wish in emotions, by listeners' shares.

    How far a wanted emotion's share lies above the mean (largest share = 1, never below 0),
    geometric mean over the wanted ones, times one minus the same for each avoided one; with a
    genre only its tracks count, 0.25 + 0.75 x that.

    Args:
        shares: emotion -> (N,) share of listeners.
        wanted: emotions asked for; none means every track has gain 1.
        avoided: emotions ruled out.
        of_genre: (N,) bool, the tracks of the genre asked for.
    """
    num_items = len(next(iter(shares.values())))
    lifts = {name: _lift(shares[name]) for name in (*wanted, *avoided)}
    gains = np.ones(num_items)
    if wanted:
        gains = np.prod([lifts[name] for name in wanted], axis=0) ** (1.0 / len(wanted))
    for name in avoided:
        gains = gains * (1.0 - lifts[name])
    return np.asarray(gains if of_genre is None else of_genre * (0.25 + 0.75 * gains))


def bootstrap_interval(
    groups: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A statistic of items with a percentile interval over resampled groups, here artists.

    Args:
        groups: group of each item; a resample draws whole groups with replacement.
        num_resamples: how often groups are drawn.
        seed: of the drawing.
        statistic: takes item positions (repeats allowed), gives a value; NaN resamples are left
            out.
    """
    value = statistic(np.arange(len(groups)))
    return interval_of(value, bootstrap_draws(groups, statistic, num_resamples, seed=seed))


def bootstrap_draws(
    groups: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    num_resamples: int = NUM_RESAMPLES,
    *,
    seed: int = 0,
) -> np.ndarray:
    """(R,) values of a statistic on resampled groups.

    The same groups and seed draw the same items, so that draws of two statistics are pairs: their
    difference is the draw of a paired difference.
    """
    names = sorted(set(groups))
    members = [np.flatnonzero(np.array(groups) == name) for name in names]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(num_resamples):
        chosen = rng.integers(0, len(names), size=len(names))
        drawn.append(statistic(np.concatenate([members[i] for i in chosen])))
    return np.array(drawn)


def interval_of(value: float, drawn: np.ndarray) -> Interval:
    """A value with the percentile interval of its (R,) draws; NaN are left out."""
    tail = 100.0 * (1.0 - LEVEL) / 2.0
    low, high = np.nanpercentile(drawn, [tail, 100.0 - tail])
    return Interval(value=float(value), low=float(low), high=float(high))


def mean_interval(values: np.ndarray) -> Interval:
    """The mean of (N,) values, each drawn by itself; differences are drawn as pairs."""
    names = [str(i) for i in range(len(values))]
    return bootstrap_interval(names, lambda rows: float(values[rows].mean()))


def paired_difference(
    groups: Sequence[str],
    one: Callable[[np.ndarray], float],
    other: Callable[[np.ndarray], float],
    *,
    seed: int = 0,
) -> Interval:
    """How much better `one` is than `other` on the same resamples.

    Above 0 throughout means it is.
    """
    return bootstrap_interval(groups, lambda rows: one(rows) - other(rows), seed=seed)


def _lift(share: np.ndarray) -> np.ndarray:
    mean, largest = share.mean(), share.max()
    if largest <= mean:
        return np.zeros_like(share)
    return np.asarray(np.clip((share - mean) / (largest - mean), 0.0, None))
