"""Moods and styles of `stock`: does "nostalgic music" rank the tracks made as nostalgic first?

Conventions
    scores (M, N) of N tracks for "X music", X each of M moods; labels (N,) str, the mood that the
    maker asked for, which is not what a listener heard. Each mood was made acoustic and
    electronic. All rows are for tests: nothing is chosen on them.

Metrics
    AUROC of each mood against the other moods, and their mean: 0.5 by chance. acoustic or
    electronic: AUROC of the score of "acoustic music" less that of "electronic music" for the
    acoustic tracks. Intervals draw tracks.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from encoders.bench.baselines import Scorer, random_scorer, tag_name_scorer, vector_scorer
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import auroc, bootstrap_interval
from encoders.training.manifests import read_tracks

MEAN, STYLE = "mood AUROC, mean", "acoustic or electronic, AUROC"


def tabulate(setting: Setting) -> Table:
    """Every mood of `stock`, their mean, and acoustic against electronic.

    Raises:
        FileNotFoundError: the folder lacks `stock.jsonl`.
    """
    tracks = read_tracks(setting.data_dir, "stock")
    vectors = embed_tracks(tracks, setting)
    heard = [t for t in tracks if t.id in set(vectors.ids)]
    moods = np.array([t.labels["mood"] for t in heard])
    acoustic = np.array([t.labels["style"] == "acoustic" for t in heard])
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        RANDOM: random_scorer(len(heard)),
    }
    rows = [
        row for method, score in scorers.items() for row in _rows(method, score, moods, acoustic)
    ]
    note = "labels are what the maker asked for; nothing was chosen on these tracks"
    return Table(name="moods", note=note, rows=tuple(rows))


def validate(scores: np.ndarray, labels: np.ndarray, moods: Sequence[str]) -> None:
    """Refuse scores that do not fit the labels.

    Raises:
        ValueError: other shapes, values that are not finite, or a mood that all or no tracks have.
    """
    if scores.shape != (len(moods), len(labels)):
        raise ValueError(f"scores {scores.shape} for {len(moods)} moods, {len(labels)} tracks")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    for mood in moods:
        if not 0 < (labels == mood).sum() < len(labels):
            raise ValueError(f"{mood!r}: an AUROC needs tracks with it and tracks without it")


def evaluate(scores: np.ndarray, labels: np.ndarray, moods: Sequence[str]) -> dict[str, float]:
    """AUROC of each mood by name, and the mean."""
    validate(scores, labels, moods)
    each = {m: auroc(s, labels == m) for m, s in zip(moods, scores, strict=True)}
    return {
        **{f"mood AUROC, {m}": v for m, v in each.items()},
        MEAN: float(np.mean([*each.values()])),
    }


def _rows(method: str, score: Scorer, labels: np.ndarray, acoustic: np.ndarray) -> list[Row]:
    moods = sorted(set(labels.tolist()))
    scores = score([f"{mood} music" for mood in moods])
    style = np.subtract(*score(["acoustic music", "electronic music"]))
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        name: partial(_of_moods, name, scores, labels, moods)
        for name in evaluate(scores, labels, moods)
    }
    statistics[STYLE] = partial(_of_style, style, acoustic)
    return [
        make_row(
            bootstrap_interval([str(i) for i in range(len(labels))], statistic),
            method=method, metric=name, subset="stock",
            num_tracks=len(labels), num_queries=len(moods) if name == MEAN else 1, chance=0.5,
        )
        for name, statistic in statistics.items()
    ]  # fmt: skip


def _of_moods(
    name: str, scores: np.ndarray, labels: np.ndarray, moods: Sequence[str], rows: np.ndarray
) -> float:
    try:
        return evaluate(scores[:, rows], labels[rows], moods)[name]
    except ValueError:  # a resample without a mood
        return float("nan")


def _of_style(style: np.ndarray, acoustic: np.ndarray, rows: np.ndarray) -> float:
    drawn = acoustic[rows]
    return auroc(style[rows], drawn) if 0 < drawn.sum() < len(drawn) else float("nan")
