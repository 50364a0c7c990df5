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

# Share of the whole track in a track's score; the rest is its best segment.
WHOLE_TRACK_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True)
class TrackScores:
    """Rows (T,) ascending, their scores (T,), and where their best segments start (T,), in s."""

    rows: Ids
    scores: Vector
    starts_s: Vector


def group_by_track(ids: Ids, scores: Vector, *, starts_s: Vector) -> TrackScores:
    """Scores each track by its whole and its best segment, whose start is the in-point.

    Args:
        ids: Index ids (R,) found, in any order, each once.
        scores: Their inner products (R,).
        starts_s: Where they start in their tracks, in seconds (R,).
    """
    rows, parts = split_ids(ids)
    # Rows together, segments before the whole, best segment first; the earlier of equal ones.
    order = np.lexsort((parts, -scores, parts == TRACK_PART, rows))
    rows, parts, scores, starts_s = rows[order], parts[order], scores[order], starts_s[order]
    first = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])[: len(rows)])
    last = np.append(first[1:], len(rows)) - 1 if len(first) else first
    best = scores[first]
    # The whole track comes last; where it was not found, the best segment stands for it.
    whole = np.where(parts[last] == TRACK_PART, scores[last], best)
    blended = WHOLE_TRACK_WEIGHT * whole + (1 - WHOLE_TRACK_WEIGHT) * best
    return TrackScores(
        rows=rows[first], scores=blended.astype(np.float32), starts_s=starts_s[first]
    )
