"""Holds what can be searched at one moment, and searches it; knows vectors and keys, no words.

D = dimension, K = tracks answered, M = rows allowed, N = rows of a part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.vectors import VectorIndex
from services.catalogue.records import PARTS_PER_ROW, TrackRecord
from services.errors import WrongSpace
from services.recommendation.hits import Ranking, Vector
from services.retrieval.grouping import group_by_track

Ids = npt.NDArray[np.int64]

# Up to here every row is scored; beyond it the best rows choose the tracks that are scored whole.
SCORE_ALL_ROWS = 30_000
ROWS_PER_TRACK = 8


class CalibratesRelevance(Protocol):
    """Turns inner products into probabilities."""

    @property
    def floor(self) -> float:
        """The probability below which "no match" is the honest answer."""

    @property
    def blend(self) -> float:
        """The share of the best segment in a track's score; the rest is its segments' mean."""

    def relevance(self, query: Vector, scores: Vector) -> Vector:
        """Probabilities (K,) for the scores (K,) of one query (D,); keeps their order."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """An index, and where its rows start in their tracks: seconds, float32 (N,), in id order."""

    index: VectorIndex
    starts_s: Vector


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What can be searched at one moment; immutable but for the records it has looked up.

    Attributes:
        revision: Revision of the catalogue that it shows.
        space: Name and hash of the space of every vector.
        dimension: D.
        generation: Name of the live generation; empty before the first.
        parts: The live generation's index and the fresh rows.
        rows: Rows of tracks that exist, ascending; `keys` are their tracks.
        num_fresh_rows: Index rows that are newer than the generation.
        calibration: From inner products to probabilities.
        find_records: Reads records from the catalogue.
    """

    revision: int
    space: str
    dimension: int
    generation: str
    parts: tuple[Part, ...]
    rows: Ids
    keys: Ids
    num_fresh_rows: int
    calibration: CalibratesRelevance
    find_records: Callable[[Sequence[int]], Mapping[int, TrackRecord]]
    known: dict[int, TrackRecord] = field(default_factory=dict)

    @property
    def num_tracks(self) -> int:
        """Tracks that can be found by sound."""
        return len(self.rows)

    def search(self, vector: Vector, *, allowed: Ids | None = None, num_tracks: int) -> Ranking:
        """The nearest tracks, best first; equal ones in the order they were added.

        Args:
            vector: Unit float32 (D,) of this space.
            allowed: Rows (M,) that may be answered; None allows every track.
            num_tracks: Most tracks to answer, at least 1.

        Raises:
            WrongSpace: The vector is not of this space's dimension.
        """
        self._check(vector)
        wanted = self.rows if allowed is None else np.intersect1d(self.rows, allowed)
        found = [self._search_part(part, vector, wanted, num_tracks) for part in self.parts]
        tracks = group_by_track(
            np.concatenate([np.zeros(0, np.int64), *(ids for ids, _, _, _ in found)]),
            np.concatenate([np.zeros(0, np.float32), *(scores for _, scores, _, _ in found)]),
            starts_s=np.concatenate([np.zeros(0, np.float32), *(s for _, _, s, _ in found)]),
            best_share=self.calibration.blend,
        )
        keys = self.keys[np.searchsorted(self.rows, tracks.rows)]
        order = np.lexsort((keys, -tracks.scores))[:num_tracks]
        return Ranking(
            keys=keys[order],
            scores=tracks.scores[order],
            relevances=self.calibration.relevance(vector, tracks.scores[order]),
            starts_s=tracks.starts_s[order],
            plan=found[0][3] if found else "exact",
        )

    def records(self, keys: Ids) -> Mapping[int, TrackRecord]:
        """The records of these tracks; read once for as long as the catalogue does not change."""
        missing = [int(key) for key in keys if int(key) not in self.known]
        if missing:
            self.known.update(self.find_records(missing))
        return {int(key): self.known[int(key)] for key in keys if int(key) in self.known}

    def vectors(self, keys: Ids) -> Mapping[int, Vector]:
        """The whole-track vectors of those tracks that have sound, float32 (D,)."""
        rows = self.rows[np.isin(self.keys, keys)]
        answer: dict[int, Vector] = {}
        for part in self.parts:
            ids = rows * PARTS_PER_ROW
            ids = ids[np.isin(ids, part.index.ids)]
            owners = self.keys[np.searchsorted(self.rows, ids // PARTS_PER_ROW)]
            answer.update(zip(owners.tolist(), part.index.rows(ids), strict=True))
        return answer

    def _check(self, vector: Vector) -> None:
        if vector.shape != (self.dimension,):
            raise WrongSpace(
                f"the query has shape {vector.shape}; {self.space} allows ({self.dimension},)"
            )

    def _search_part(
        self, part: Part, vector: Vector, rows: Ids, num_tracks: int
    ) -> tuple[Ids, Vector, Vector, str]:
        ids = part.index.ids
        inside = np.isin(ids // PARTS_PER_ROW, rows)
        allowed = None if inside.all() else ids[inside]
        num_wanted = max(1, int(inside.sum()))
        if num_wanted > SCORE_ALL_ROWS:
            num_wanted = min(num_wanted, num_tracks * ROWS_PER_TRACK)
        near = part.index.search(vector[None], num_wanted, allowed=allowed)
        found = near.ids[0] >= 0
        best, scores = near.ids[0][found], near.relevances[0][found]
        if num_wanted < inside.sum():
            best = ids[np.isin(ids // PARTS_PER_ROW, best // PARTS_PER_ROW)]
            scores = part.index.rows(best) @ vector
        starts_s = part.starts_s[np.searchsorted(ids, best)]
        return best, scores, starts_s, near.plan.kind if near.plan else "exact"
