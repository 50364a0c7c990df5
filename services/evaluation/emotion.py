"""How well rankings by emotion words agree with what listeners felt.

A track's relevance for an emotion is the sum of (N - rank) over its four prompts. Spearman against
the listeners' shares; a genre is guessed by the highest relevance, z-scored over the tracks; two
antonyms are apart when their rankings correlate negatively.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from encoders.metrics import bootstrap_interval, spearman, worst_ranks
from services.evaluation.rated_tracks import EMOTIONS, Prompts, RatedTracks
from services.evaluation.report import Row
from services.evaluation.systems import System

Numbers = npt.NDArray[np.float64]


def emotion_rows(
    name: str, system: System, tracks: RatedTracks, prompts: Prompts
) -> Iterator[Row]:
    """All figures of one system."""
    relevance = np.stack([prompted(system, prompts.emotions[e]) for e in EMOTIONS])  # (5, N)
    for part in ("all", "test"):
        chosen = tracks.splits == part if part != "all" else np.ones(len(tracks.files), dtype=bool)
        yield _mean_spearman(name, relevance, tracks, part=part, chosen=chosen)
    for number, emotion in enumerate(EMOTIONS):
        only = relevance[number : number + 1]
        yield _spearman_row(name, f"Spearman {emotion}", only, tracks, emotions=(emotion,))
    yield _genre_row(name, system, tracks, prompts)
    yield _antonyms_row(name, system, tracks, prompts)


def prompted(system: System, prompts: Sequence[str]) -> Numbers:
    """Relevance (N,) of every track for an idea that some prompts ask for."""
    scores = system(prompts)
    ranks = np.stack([worst_ranks(row) for row in scores])
    return np.asarray((scores.shape[1] - ranks).sum(axis=0), dtype=np.float64)


def _mean_spearman(
    name: str,
    relevance: Numbers,
    tracks: RatedTracks,
    *,
    part: str,
    chosen: npt.NDArray[np.bool_],
) -> Row:
    places = np.flatnonzero(chosen)
    part_tracks = RatedTracks(
        files=tuple(tracks.files[i] for i in places),
        artists=tuple(tracks.artists[i] for i in places),
        genres=tracks.genres[places],
        splits=tracks.splits[places],
        shares={emotion: share[places] for emotion, share in tracks.shares.items()},
    )
    metric = f"mean Spearman ({part})"
    return _spearman_row(name, metric, relevance[:, places], part_tracks, emotions=EMOTIONS)


def _spearman_row(
    name: str,
    metric: str,
    relevance: Numbers,
    tracks: RatedTracks,
    *,
    emotions: Sequence[str],
) -> Row:
    shares = np.stack([tracks.shares[emotion] for emotion in emotions])  # (E, N)

    def mean(rows: npt.NDArray[np.int64]) -> float:
        return float(
            np.mean([spearman(r[rows], s[rows]) for r, s in zip(relevance, shares, strict=True)])
        )

    interval = bootstrap_interval(tracks.artists, mean)
    return Row(
        metric=metric,
        system=name,
        num_items=len(tracks.files),
        num_queries=4 * len(emotions),
        chance=0.0,
        interval=interval,
    )


def _genre_row(name: str, system: System, tracks: RatedTracks, prompts: Prompts) -> Row:
    genres = np.array(sorted(prompts.genres))
    relevance = np.stack([prompted(system, prompts.genres[genre]) for genre in genres])  # (G, N)
    spread = np.maximum(relevance.std(axis=1, keepdims=True), 1e-9)
    guessed = genres[((relevance - relevance.mean(axis=1, keepdims=True)) / spread).argmax(axis=0)]
    right = (guessed == tracks.genres).astype(np.float64)
    return Row(
        metric="genre accuracy",
        system=name,
        num_items=len(right),
        num_queries=sum(map(len, prompts.genres.values())),
        chance=1.0 / len(genres),
        interval=bootstrap_interval(tracks.artists, lambda rows: float(right[rows].mean())),
    )


def _antonyms_row(name: str, system: System, tracks: RatedTracks, prompts: Prompts) -> Row:
    words = [word for pair in prompts.antonyms for word in pair]
    scores = system([f"{word} music" for word in words])
    pairs = [(scores[i], scores[i + 1]) for i in range(0, len(words), 2)]

    def share_apart(rows: npt.NDArray[np.int64]) -> float:
        return float(np.mean([spearman(one[rows], other[rows]) < 0 for one, other in pairs]))

    return Row(
        metric="antonyms apart",
        system=name,
        num_items=len(tracks.files),
        num_queries=len(words),
        chance=0.5,
        interval=bootstrap_interval(tracks.artists, share_apart),
    )
