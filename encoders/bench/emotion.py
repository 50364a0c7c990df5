"""Listeners' emotions, genres, opposites and wishes on `emotify`, and moods on `stock`.

Zero-shot: a text ranks the tracks.

Conventions
    Scores are (N,) for each text, higher is closer. Sound alone is ranked: titles, artists and
    tags play no part, but in the baseline that says so. Intervals draw artists.

Metrics
    See `emotify.py`: Spearman of summed relevance with listeners' shares, genre accuracy,
    opposites apart, nDCG@10 of wishes; mean AUROC of the moods of `stock`. "A minus B" rows are
    paired differences on the same artists; "ceiling" is the root of the split-half reliability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from encoders.bench.baselines import (
    metadata_scorer,
    random_scorer,
    tag_name_scorer,
    vector_scorer,
)
from encoders.bench.emotify import (
    EmotionTruth,
    Measure,
    emotion_measures,
    mean_mood_auroc,
    read_truth,
)
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import Interval, bootstrap_draws, bootstrap_interval, interval_of
from encoders.training.manifests import read_tracks

CEILING = "ceiling"
# Correlation of the shares of one half of the listeners with those of the other, as the data's
# README states it; its root bounds what anything can reach.
SPLIT_HALF = {
    "joyful_activation": 0.83,
    "calmness": 0.81,
    "power": 0.77,
    "tenderness": 0.74,
    "tension": 0.67,
}


def tabulate(setting: Setting) -> Table:
    """Every measure on all tracks and on each split, beside the baselines.

    Raises:
        FileNotFoundError: the folder lacks the manifest or the prompts.
    """
    truth = read_truth(setting.data_dir)
    vectors = embed_tracks(read_tracks(setting.data_dir, "emotify"), setting)
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        "titles alone": metadata_scorer(truth.titles, setting.sentence_vectors),
        RANDOM: random_scorer(len(vectors.ids)),
    }
    scores = {
        method: dict(zip(truth.texts, score(truth.texts), strict=True))
        for method, score in scorers.items()
    }
    rows = _emotion_rows(scores, truth)
    rows += _ceiling_rows(truth)
    if (setting.data_dir / "stock.jsonl").exists():
        rows += _stock_rows(setting)
    note = "zero-shot: nothing was trained on these tracks; choices were made on val"
    return Table(name="emotion", note=note, rows=tuple(rows))


def validate(scores: Mapping[str, np.ndarray], truth: EmotionTruth) -> None:
    """Refuse scores that do not fit the truth.

    Raises:
        ValueError: a text without scores, other lengths, or values that are not finite.
    """
    for text in truth.texts:
        if text not in scores:
            raise ValueError(f"the text {text!r} has no scores")
        if scores[text].shape != truth.genres.shape:
            raise ValueError(f"{text!r}: scores {scores[text].shape} for {truth.genres.shape}")
        if not np.isfinite(scores[text]).all():
            raise ValueError(f"{text!r}: scores must be finite")


def evaluate(scores: Mapping[str, np.ndarray], truth: EmotionTruth) -> dict[str, float]:
    """Every measure over all tracks by name."""
    validate(scores, truth)
    everything = np.arange(len(truth.genres))
    return {m.name: m.of(everything) for m in emotion_measures(scores, truth)}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """Holds one measure of one method with its draws, which pair with those of other methods."""

    measure: Measure
    subset: str
    num_tracks: int
    value: float
    drawn: np.ndarray

    def row(self, method: str, *, less: "_Measured | None" = None) -> Row:
        """A row, of the difference where another method's is taken away."""
        value, drawn = self.value, self.drawn
        if less is not None:
            value, drawn = value - less.value, drawn - less.drawn
        return make_row(
            interval_of(value, drawn),
            method=method,
            metric=self.measure.name,
            subset=self.subset,
            num_tracks=self.num_tracks,
            num_queries=self.measure.num_queries,
            chance=0.0 if less else self.measure.chance,
        )


def _emotion_rows(
    scores: Mapping[str, Mapping[str, np.ndarray]], truth: EmotionTruth
) -> list[Row]:
    """Every method's measures, then how much better ours is, on the same artists drawn anew."""
    measured = {method: _measured(scores[method], truth) for method in scores}
    rows = [found.row(method) for method in measured for found in measured[method]]
    for baseline in list(measured)[1:]:
        for ours, theirs in zip(measured[MODEL], measured[baseline], strict=True):
            rows.append(ours.row(f"{MODEL} minus {baseline}", less=theirs))
    return rows


def _measured(scores: Mapping[str, np.ndarray], truth: EmotionTruth) -> list[_Measured]:
    measures = emotion_measures(scores, truth)
    found = []
    for subset, members in truth.subsets().items():
        artists = [truth.artists[i] for i in members]
        for measure in measures:
            statistic = partial(_of_members, measure, members)
            found.append(
                _Measured(
                    measure=measure,
                    subset=subset,
                    num_tracks=len(members),
                    value=measure.of(members),
                    drawn=bootstrap_draws(artists, statistic),
                )
            )
    return found


def _ceiling_rows(truth: EmotionTruth) -> list[Row]:
    """What a perfect prediction would reach, since listeners' answers scatter."""
    ceilings = {e: float(np.sqrt(SPLIT_HALF[e])) for e in truth.emotion_prompts if e in SPLIT_HALF}
    named = {f"Spearman {e}": value for e, value in ceilings.items()}
    if named:
        named = {"Spearman, mean of five": float(np.mean(list(named.values()))), **named}
    return [
        make_row(
            Interval(value=value, low=value, high=value),
            method=CEILING,
            metric=metric,
            subset="all",
            num_tracks=len(truth.genres),
            num_queries=1,
            chance=0.0,
        )
        for metric, value in named.items()
    ]


def _stock_rows(setting: Setting) -> list[Row]:
    tracks = read_tracks(setting.data_dir, "stock")
    vectors = embed_tracks(tracks, setting).tracks
    labels = np.array([t.labels["mood"] for t in tracks])
    moods = sorted(set(labels.tolist()))
    groups = [f"{t.labels['mood']} {t.labels['style']}" for t in tracks]
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors),
        RANDOM: random_scorer(len(tracks)),
    }
    rows = []
    for method, score in scorers.items():
        scores = score([f"{mood} music" for mood in moods])
        interval = bootstrap_interval(groups, partial(_of_moods, scores, labels, moods))
        row = make_row(
            interval, method=method, metric="mood AUROC", subset="stock",
            num_tracks=len(tracks), num_queries=len(moods), chance=0.5,
        )  # fmt: skip
        rows.append(row)
    return rows


def _of_members(measure: Measure, members: np.ndarray, rows: np.ndarray) -> float:
    return measure.of(members[rows])


def _of_moods(
    scores: np.ndarray, labels: np.ndarray, moods: Sequence[str], rows: np.ndarray
) -> float:
    return mean_mood_auroc(scores[:, rows], labels[rows], moods)
