"""Directions in which recordings of different origins sound different; knows no clip.

    directions = source_directions(sounds, sources)     # (N, F), N names of games or albums
    directions.of(other_sounds)                         # (M, K), usual spread 1

Linear discriminants (Fisher 1936) in the strongest principal directions: what music of one game
has in common and music of others lacks (players, instruments, production). N recordings, F numbers
heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_STRONGEST = 20
NUM_DIRECTIONS = 5
LEAST_RECORDINGS = 3  # of a source; fewer say nothing about how it varies
MOST_COUNTED = 20  # recordings of one source beyond which it weighs no more
SHRINKAGE = 0.2  # of the spread within sources towards a sphere


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceDirections:
    """Holds a linear map from what is heard to what tells sources apart."""

    mean: np.ndarray  # (F,)
    matrix: np.ndarray  # (F, K)

    def of(self, sounds: np.ndarray) -> np.ndarray:
        """Places (N, K) of sounds (N, F)."""
        return np.asarray((sounds - self.mean) @ self.matrix)


def source_directions(
    sounds: np.ndarray, sources: Sequence[str], count: int = NUM_DIRECTIONS
) -> SourceDirections:
    """Fit the directions; sources of fewer than three recordings are left out.

    Raises:
        ValueError: fewer than two sources are left.
    """
    mean = sounds.mean(axis=0)
    _, spreads, directions = np.linalg.svd(sounds - mean, full_matrices=False)
    kept = min(NUM_STRONGEST, len(sounds) - 1)
    strongest = directions[:kept].T / spreads[:kept] * np.sqrt(len(sounds))
    telling = _discriminants((sounds - mean) @ strongest, np.array(sources))[:, :count]
    matrix = strongest @ telling
    usual = ((sounds - mean) @ matrix).std(axis=0).mean()
    return SourceDirections(mean=mean, matrix=matrix / usual)


def _discriminants(places: np.ndarray, sources: np.ndarray) -> np.ndarray:
    names, counts = np.unique(sources, return_counts=True)
    members = [
        places[sources == n] for n, c in zip(names, counts, strict=True) if c >= LEAST_RECORDINGS
    ]
    if len(members) < 2:
        raise ValueError(f"{len(members)} sources of {LEAST_RECORDINGS} recordings, needed are 2")
    inside = np.concatenate([m - m.mean(axis=0) for m in members])
    within = inside.T @ inside / len(inside)
    width = len(within)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / width * np.eye(width)
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values) @ vectors.T
    means = np.stack([m.mean(axis=0) for m in members])
    weights = np.sqrt([min(len(m), MOST_COUNTED) for m in members])[:, None]
    _, _, turned = np.linalg.svd((means - means.mean(axis=0)) * weights @ whitening)
    return np.asarray(whitening @ turned.T)
