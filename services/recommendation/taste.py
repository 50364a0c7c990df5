"""Summarises the tracks of a playlist into one or a few tastes: directions to search in.

Later tracks weigh more. Knows vectors only. N = tracks of the seed, D = dimension.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.recommendation.hits import Vector

Weights = npt.NDArray[np.float64]

# A track this many places before the last weighs half as much as the last.
HALF_LIFE = 8.0
# Mean cosine of the tracks with their mean below which a seed has more than one taste; tracks
# drawn at random have 0.77.
DIVERSE_BELOW = 0.8
MAX_TASTES = 3
MIN_TRACKS_PER_TASTE = 2
# Share of the overall taste that every part keeps, so that parts do not forget the whole.
OVERALL_WEIGHT = 0.5
_NUM_ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class Taste:
    """One direction of a seed: a unit vector (D,) and its share of the seed, 0 to 1."""

    vector: Vector = field(compare=False)
    weight: float


def summarise_taste(vectors: Sequence[Vector]) -> tuple[Taste, ...]:
    """The overall taste of tracks in order, and parts of it when they are diverse.

    Args:
        vectors: Unit float32 (D,) each, oldest first; at least one.

    Raises:
        ValueError: There are no vectors.
    """
    if not vectors:
        raise ValueError("a taste needs at least one track with sound")
    rows = np.stack(vectors).astype(np.float64)  # (N, D)
    weights = _recency(len(rows))
    overall = _unit(weights @ rows)
    parts = _parts(rows, weights, overall)
    if len(parts) < 2:
        return (Taste(vector=overall.astype(np.float32), weight=1.0),)
    whole = Taste(vector=overall.astype(np.float32), weight=OVERALL_WEIGHT)
    return (whole, *parts)


def _recency(num_tracks: int) -> Weights:
    ages = np.arange(num_tracks)[::-1]
    weights = np.power(0.5, ages / HALF_LIFE)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _parts(rows: Weights, weights: Weights, overall: Weights) -> tuple[Taste, ...]:
    num_parts = min(MAX_TASTES, len(rows) // MIN_TRACKS_PER_TASTE)
    if num_parts < 2 or float(weights @ (rows @ overall)) >= DIVERSE_BELOW:
        return ()
    labels = _cluster(rows, weights, num_parts)
    shares = {int(label): float(weights[labels == label].sum()) for label in np.unique(labels)}
    return tuple(
        Taste(
            vector=_unit(weights[labels == label] @ rows[labels == label]).astype(np.float32),
            weight=(1 - OVERALL_WEIGHT) * share,
        )
        for label, share in shares.items()
    )


def _cluster(rows: Weights, weights: Weights, num_parts: int) -> npt.NDArray[np.int64]:
    """Spherical k-means from far-apart starts, so that the same seed gives the same parts."""
    centres = _far_apart(rows, num_parts)
    labels: npt.NDArray[np.int64] = np.argmax(rows @ centres.T, axis=1)
    for _ in range(_NUM_ROUNDS):
        for part in range(num_parts):
            members = labels == part
            if members.any():
                centres[part] = _unit(weights[members] @ rows[members])
        moved = np.argmax(rows @ centres.T, axis=1)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels


def _far_apart(rows: Weights, num_parts: int) -> Weights:
    chosen = [len(rows) - 1]
    while len(chosen) < num_parts:
        nearest = (rows @ rows[chosen].T).max(axis=1)
        chosen.append(int(np.argmin(nearest)))
    return rows[chosen].copy()


def _unit(vector: Weights) -> Weights:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
