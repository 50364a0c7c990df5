"""Denials: is "calm music, not tense" served as well as "calm music" alone?

Conventions
    Wishes (`negation.tsv`) have a text, its positive half, the emotion wanted and the one ruled
    out. denying (Q, N) and positive (Q, N) are scores of the N tracks of `emotify` for the texts
    and for their positive halves; gains (Q, N) are graded relevance of the whole wish by
    listeners' shares (`metrics.wish_gains`), never negative. Sound alone is ranked.

Metrics
    nDCG@10 of the denying texts and of their positive halves on the same gains, and the first
    less the second: what the denial gives or costs. Intervals draw artists.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.baselines import Scorer, random_scorer, tag_name_scorer, vector_scorer
from encoders.bench.emotify import EmotionTruth, read_truth
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import bootstrap_interval, ndcg_at_k, wish_gains
from encoders.training.manifests import read_tracks

WISHES = Path(__file__).with_name("negation.tsv")
DENYING, POSITIVE = "nDCG@10 with denial", "nDCG@10 positive half"
GAINED = "with denial minus positive half"
NUM_DRAWS = 200  # orders drawn for chance


@dataclass(frozen=True, kw_only=True)
class DenyingWish:
    """Holds one wish with a denial."""

    text: str
    positive: str
    wanted: str
    avoided: str


def tabulate(setting: Setting) -> Table:
    """Every wish on all tracks and on each split.

    Raises:
        FileNotFoundError: the folder lacks the manifest or the prompts.
    """
    truth, wishes = read_truth(setting.data_dir), read_wishes()
    vectors = embed_tracks(read_tracks(setting.data_dir, "emotify"), setting)
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        RANDOM: random_scorer(len(vectors.ids)),
    }
    rows = [
        row for method, score in scorers.items() for row in _rows(method, score, wishes, truth)
    ]
    note = "the denial should not cost more than 0.05 of what the positive half reaches"
    return Table(name="negation", note=note, rows=tuple(rows))


def validate(denying: np.ndarray, positive: np.ndarray, gains: np.ndarray) -> None:
    """Refuse arrays that do not fit each other.

    Raises:
        ValueError: other shapes, no wish, negative gains, or values that are not finite.
    """
    if not denying.shape == positive.shape == gains.shape or denying.ndim != 2 or not len(gains):
        raise ValueError(f"shapes {denying.shape}, {positive.shape} and {gains.shape} differ")
    if not all(np.isfinite(array).all() for array in (denying, positive, gains)):
        raise ValueError("scores and gains must be finite")
    if (gains < 0).any():
        raise ValueError("gains must not be negative")


def evaluate(denying: np.ndarray, positive: np.ndarray, gains: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(denying, positive, gains)
    whole, half = _mean_ndcg(denying, gains), _mean_ndcg(positive, gains)
    return {DENYING: whole, POSITIVE: half, GAINED: whole - half}


def read_wishes(path: Path = WISHES) -> list[DenyingWish]:
    """The wishes as written."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [DenyingWish(**row) for row in csv.DictReader(lines, delimiter="\t")]


def _rows(
    method: str, score: Scorer, wishes: Sequence[DenyingWish], truth: EmotionTruth
) -> list[Row]:
    gains = np.stack(
        [wish_gains(truth.shares, wanted=(w.wanted,), avoided=(w.avoided,)) for w in wishes]
    )
    arrays = (score([w.text for w in wishes]), score([w.positive for w in wishes]), gains)
    chance = _chance(gains)
    subsets = truth.subsets() if method == MODEL else {"all": np.arange(len(truth.artists))}
    return [
        make_row(
            bootstrap_interval(
                [truth.artists[i] for i in members], partial(_of, metric, arrays, members)
            ),
            method=method, metric=metric, subset=subset, num_tracks=len(members),
            num_queries=len(wishes), chance=0.0 if metric == GAINED else chance,
        )
        for subset, members in subsets.items()
        for metric in (DENYING, POSITIVE, GAINED)
    ]  # fmt: skip


def _of(
    metric: str,
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray],
    members: np.ndarray,
    rows: np.ndarray,
) -> float:
    denying, positive, gains = (array[:, members[rows]] for array in arrays)
    found = {DENYING: partial(_mean_ndcg, denying), POSITIVE: partial(_mean_ndcg, positive)}
    if metric in found:
        return found[metric](gains)
    return found[DENYING](gains) - found[POSITIVE](gains)


def _mean_ndcg(scores: np.ndarray, gains: np.ndarray) -> float:
    return float(np.mean([ndcg_at_k(s, g) for s, g in zip(scores, gains, strict=True)]))


def _chance(gains: np.ndarray) -> float:
    rng = np.random.default_rng(0)
    draws = [_mean_ndcg(rng.random(gains.shape), gains) for _ in range(NUM_DRAWS)]
    return float(np.mean(draws))
