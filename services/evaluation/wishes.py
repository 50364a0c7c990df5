"""How well rankings by wishes in users' words serve what the wishes want: nDCG@10 by kind of wish.

The gain of a track is how far the wanted emotions' shares lie above the mean, less the avoided
ones', within the genre asked for; see `encoders.metrics.wish_gains`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from encoders.metrics import bootstrap_interval, ndcg_at_k, wish_gains
from services.evaluation.rated_tracks import RatedTracks, Wish
from services.evaluation.report import Row
from services.evaluation.systems import System

GROUPS = ("emotion", "genre", "genre + emotion", "negation")
NUM_RANKED = 10


def wish_rows(
    name: str, system: System, tracks: RatedTracks, wishes: Sequence[Wish]
) -> Iterator[Row]:
    """nDCG@10 of one system over all wishes and over each kind."""
    scores = system([wish.text for wish in wishes])  # (Q, N)
    gains = np.stack([_gains(wish, tracks) for wish in wishes])  # (Q, N)
    kinds = np.array([wish.group for wish in wishes])
    for group in ("all", *GROUPS):
        chosen = np.ones(len(wishes), dtype=bool) if group == "all" else kinds == group
        if chosen.any():
            yield _row(name, group, scores[chosen], gains[chosen], tracks)


def _row(
    name: str,
    group: str,
    scores: npt.NDArray[np.float64],
    gains: npt.NDArray[np.float64],
    tracks: RatedTracks,
) -> Row:
    def mean(rows: npt.NDArray[np.int64]) -> float:
        pairs = zip(scores, gains, strict=True)
        return float(np.mean([ndcg_at_k(s[rows], g[rows], NUM_RANKED) for s, g in pairs]))

    return Row(
        metric=f"nDCG@10 ({group})",
        system=name,
        num_items=scores.shape[1],
        num_queries=len(scores),
        chance=_chance(gains),
        interval=bootstrap_interval(tracks.artists, mean),
    )


def _gains(wish: Wish, tracks: RatedTracks) -> npt.NDArray[np.float64]:
    of_genre = tracks.genres == wish.genre if wish.genre else None
    return wish_gains(tracks.shares, wanted=wish.wanted, avoided=wish.avoided, of_genre=of_genre)


def _chance(gains: npt.NDArray[np.float64]) -> float:
    """Mean nDCG of random orders; exact, since every place holds the mean gain on average."""
    discount = 1.0 / np.log2(np.arange(2, min(NUM_RANKED, gains.shape[1]) + 2))
    best = np.sort(gains, axis=1)[:, ::-1][:, : len(discount)] @ discount
    expected = gains.mean(axis=1) * discount.sum()
    return float(np.mean(expected[best > 0] / best[best > 0]))
