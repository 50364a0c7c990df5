"""A sentence finds its clip: 11 camera clips, two sentences each, written by hand.

Conventions
    scores (Q, M) of Q sentences with M clips, higher is closer; answers (Q,) the clip of each.
    Ties count against the model. Choices were made on the sentences of group "choose", "report"
    is the figure; both groups are about the same clips, which are few.

Metrics
    R@1, mean rank, and MRR (mean of 1 / rank). Chance is 1 / M, (M + 1) / 2 and the mean of
    1 / rank over all places.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.metrics import bootstrap_interval, ranks_of_answers
from encoders.towers.clip import likeness
from encoders.training.clips import ClipCache

SENTENCES = Path(__file__).with_name("clip_sentences.tsv")
LIKELIEST = "ten likeliest names"
GROUPS = ("choose", "report")
METRICS = ("R@1", "mean rank", "MRR")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Holds a sentence and the clip that it is about."""

    clip: str
    group: str
    text: str


def tabulate(setting: Setting) -> Table:
    """Sentences to camera clips.

    Raises:
        FileNotFoundError: the folder lacks a clip.
    """
    sentences = read_sentences()
    clips = list(dict.fromkeys(s.clip for s in sentences))
    cache = ClipCache(setting.cache_folder)
    views = cache.views(clip_files(setting.data_dir, clips), setting.progress)
    vectors = setting.sentence_vectors([s.text for s in sentences])
    plain = np.stack([views[name].sentence_vector for name in clips])
    scores = {
        MODEL: likeness(vectors, [views[name] for name in clips], cache.trunk),
        LIKELIEST: vectors @ plain.T,
        RANDOM: np.random.default_rng(0).random((len(sentences), len(clips))),
    }
    answers = np.array([clips.index(s.clip) for s in sentences])
    rows: list[Row] = []
    for group in GROUPS:
        chosen = np.array([i for i, s in enumerate(sentences) if s.group == group])
        for method, values in scores.items():
            rows += _rows(values[chosen], answers[chosen], method=method, subset=group)
    note = "two sentences for each camera clip, what is seen; choices were made on 'choose'"
    return Table(name="clips", note=note, rows=tuple(rows))


def read_sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The sentences that ship."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [Sentence(clip=r["clip"], group=r["group"], text=r["sentence"]) for r in rows]


def clip_files(data_dir: Path, names: Sequence[str]) -> dict[str, Path]:
    """The files of clips by their names, whatever their container.

    Raises:
        FileNotFoundError: one is not there.
    """
    found: dict[str, Path] = {}
    for name in names:
        files = sorted((data_dir / "clips").glob(f"{name}.*"))
        if not files:
            raise FileNotFoundError(f"{data_dir / 'clips'}: no clip {name}")
        found[name] = files[0]
    return found


def validate(scores: np.ndarray, answers: np.ndarray) -> None:
    """Refuse scores that are not of sentences with clips.

    Raises:
        ValueError: other shapes, an answer that is no clip, or values that are not finite.
    """
    if scores.ndim != 2 or len(scores) != len(answers) or not len(scores):
        raise ValueError(f"scores of shape {scores.shape} for {len(answers)} sentences")
    if answers.min() < 0 or answers.max() >= scores.shape[1]:
        raise ValueError(f"an answer is not one of the {scores.shape[1]} clips")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")


def evaluate(scores: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(scores, answers)
    return _of_ranks(_ranks(scores, answers), np.arange(len(answers)))


def chance(num_clips: int) -> dict[str, float]:
    """What an order drawn at random gives."""
    return _of_ranks(np.arange(1, num_clips + 1), np.arange(num_clips))


def _ranks(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return ranks_of_answers(scores, np.arange(scores.shape[1])[None] == answers[:, None])


def _of_ranks(ranks: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    drawn = ranks[rows]
    values = (float((drawn == 1).mean()), float(drawn.mean()), float((1.0 / drawn).mean()))
    return dict(zip(METRICS, values, strict=True))


def _rows(scores: np.ndarray, answers: np.ndarray, *, method: str, subset: str) -> list[Row]:
    validate(scores, answers)
    ranks, by_chance = _ranks(scores, answers), chance(scores.shape[1])
    return [
        make_row(
            bootstrap_interval([str(a) for a in answers], partial(_value, metric, ranks)),
            method=method,
            metric=metric,
            subset=subset,
            num_tracks=scores.shape[1],
            num_queries=len(scores),
            chance=by_chance[metric],
        )
        for metric in METRICS
    ]


def _value(metric: str, ranks: np.ndarray, rows: np.ndarray) -> float:
    return _of_ranks(ranks, rows)[metric]
