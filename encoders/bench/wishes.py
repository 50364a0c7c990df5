"""Words beside a clip: 40 wishes written by hand against the 28 tracks of `stock`.

Conventions
    A wish has a camera clip, words, the mood that both ask for and, where the words name it, a
    style (acoustic or electronic). scores (Q, N) of wishes with tracks, higher is closer, ties
    broken against the model; right (Q, N) bool, the tracks of the mood. The wishes were written
    before anything was tuned and train nothing.

Metrics
    mood in top 3: share of wishes with a track of the mood among the first three.
    share of top 3: mean share of the first three that have the mood.
    AUROC: share of (right, wrong) pairs in the right order, mean over wishes.
    asked in top 3: as the first, with the style too where it is named.
    Intervals are drawn over wishes; "A minus B" rows are paired. The better single is the side,
    words or clip, that is better over all wishes.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from encoders.bench.clips import clip_files
from encoders.bench.setting import Setting
from encoders.bench.sides import FUSED, embed_views, fused_rows
from encoders.bench.table import RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import Interval, auroc, mean_interval
from encoders.training.manifests import read_tracks

WISHES = Path(__file__).with_name("wishes.tsv")
TOP = 3
MOOD, SHARE, AUROC, ASKED = "mood in top 3", "share of top 3", "AUROC", "asked in top 3"
METRICS = (MOOD, SHARE, AUROC, ASKED)
SUBSET = "stock"
WORDS, CLIP, MEAN = "words alone", "clip alone", "plain mean"


@dataclass(frozen=True, kw_only=True)
class ClipWish:
    """Holds one wish."""

    clip: str
    words: str
    mood: str
    style: str  # "" where the words name none


def tabulate(setting: Setting) -> Table:
    """Wishes by words, by clip and by both.

    Raises:
        FileNotFoundError: the folder lacks the manifest or a clip.
    """
    wishes = read_wishes()
    tracks = read_tracks(setting.data_dir, "stock")
    sounds = embed_tracks(tracks, setting).tracks
    labels = [(str(t.labels["mood"]), str(t.labels["style"])) for t in tracks]
    right = np.array([[mood == w.mood for mood, _ in labels] for w in wishes])
    asked = right & np.array([[w.style in ("", style) for _, style in labels] for w in wishes])
    names = list(dict.fromkeys(w.clip for w in wishes))
    clips = embed_views(clip_files(setting.data_dir, names), setting)
    texts = setting.embedder.embed_texts([w.words for w in wishes])
    shown = np.stack([clips[w.clip] for w in wishes])
    questions = {
        FUSED: fused_rows(texts, shown),
        WORDS: texts,
        CLIP: shown,
        MEAN: texts + shown,
        RANDOM: np.random.default_rng(0).normal(size=texts.shape),
    }
    values = {m: values_of(rows @ sounds.T, right, asked) for m, rows in questions.items()}
    note = "clip and words against background music; labels are what its makers asked for"
    return Table(name="wishes", note=note, rows=tuple(_rows(values, right, asked)))


def read_wishes(path: Path = WISHES) -> list[ClipWish]:
    """The wishes that ship."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [ClipWish(**row) for row in csv.DictReader(lines, delimiter="\t")]


def validate(scores: np.ndarray, right: np.ndarray, asked: np.ndarray) -> None:
    """Refuse scores that are not of wishes with tracks.

    Raises:
        ValueError: other shapes, a wish that nothing or everything fits, or scores not finite.
    """
    if not scores.shape == right.shape == asked.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape}, right {right.shape}, asked {asked.shape}")
    if not right.any(axis=1).all() or right.all(axis=1).any():
        raise ValueError("a wish needs tracks that fit and tracks that do not")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")


def evaluate(scores: np.ndarray, right: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    return {m: float(v.mean()) for m, v in values_of(scores, right, asked).items()}


def values_of(scores: np.ndarray, right: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric's (Q,) values, one for each wish."""
    validate(scores, right, asked)
    firsts = [np.lexsort((fits, -row))[:TOP] for row, fits in zip(scores, right, strict=True)]
    in_top = np.array([fits[first] for fits, first in zip(right, firsts, strict=True)])
    wholly = np.array([fits[first] for fits, first in zip(asked, firsts, strict=True)])
    return {
        MOOD: in_top.any(axis=1).astype(float),
        SHARE: in_top.mean(axis=1),
        AUROC: np.array([auroc(row, fits) for row, fits in zip(scores, right, strict=True)]),
        ASKED: wholly.any(axis=1).astype(float),
    }


def chance(right: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """What an order drawn at random gives."""
    return {
        MOOD: _any_of_top(right),
        SHARE: float(right.mean()),
        AUROC: 0.5,
        ASKED: _any_of_top(asked),
    }


def _any_of_top(fits: np.ndarray) -> float:
    num, total = fits.sum(axis=1), comb(fits.shape[1], TOP)
    return float(np.mean([1.0 - comb(fits.shape[1] - int(n), TOP) / total for n in num]))


def _rows(
    values: Mapping[str, Mapping[str, np.ndarray]], right: np.ndarray, asked: np.ndarray
) -> list[Row]:
    by_chance = chance(right, asked)
    rows = []
    for metric in METRICS:
        of = {method: per_wish[metric] for method, per_wish in values.items()}
        for method, value in of.items():
            rows.append(_row(mean_interval(value), method, metric, right, by_chance[metric]))
        single = WORDS if of[WORDS].mean() >= of[CLIP].mean() else CLIP
        interval = mean_interval(of[FUSED] - of[single])
        rows.append(_row(interval, f"{FUSED} minus {single}", metric, right, 0.0))
    return rows


def _row(interval: Interval, method: str, metric: str, right: np.ndarray, by_chance: float) -> Row:
    return make_row(
        interval,
        method=method,
        metric=metric,
        subset=SUBSET,
        num_tracks=right.shape[1],
        num_queries=len(right),
        chance=by_chance,
    )
