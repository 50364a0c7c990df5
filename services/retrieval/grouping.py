"""Groups the segments that a search found into tracks; knows rows and scores only.

R = rows found, T = tracks. Index ids hold the row of a track and a part of it: 0 is the whole
track, 1 and up are its segments.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.catalogue.records import TRACK_PART, split_ids
from services.recommendation.hits import Vector

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TrackScores:
    """Rows (T,) ascending, their scores (T,), and where their best segments start (T,), in s."""

    rows: Ids
    scores: Vector
    starts_s: Vector


def group_by_track(
    ids: Ids, scores: Vector, *, starts_s: Vector, best_share: float
) -> TrackScores:
    """Scores each track by its segments; the start of the best one is the in-point.

    A track's score is `best_share` of its best segment and the rest of its segments' mean:
    the form that relevance is calibrated for. The row of the whole track is not counted.

    Args:
        ids: Index ids (R,) of whole tracks, in any order, each once.
        scores: Their inner products (R,).
        starts_s: Where they start in their tracks, in seconds (R,).
        best_share: 0 for the mean alone, 1 for the best segment alone.
    """
    rows, parts = split_ids(ids)
    order = np.lexsort((parts, -scores, rows))  # rows together, best first, the earlier of equals
    order = order[parts[order] != TRACK_PART]
    rows, scores, starts_s = rows[order], scores[order], starts_s[order]
    found, first, counts = np.unique(rows, return_index=True, return_counts=True)
    sums = np.add.reduceat(scores.astype(np.float64), first) if len(first) else np.zeros(0)
    blended = best_share * scores[first] + (1 - best_share) * sums / counts
    return TrackScores(rows=found, scores=blended.astype(np.float32), starts_s=starts_s[first])
