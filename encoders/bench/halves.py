"""Half A finds half B: does the first half of a track find its own second half first?

Needs no labels, so it runs on any catalogue.

Conventions
    first (N, D) and second (N, D) are vectors of the same N tracks in the same order, unit length.
    Row i of the scores first @ second.T asks with the first half of track i; one answer is right.

Metrics
    R@1, R@5, R@10 and median rank over all N second halves. Chance is k / N.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from encoders.bench.baselines import MFCC, mfcc_rows, random_rows
from encoders.bench.mfcc import standard_cosine
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import (
    MANIFESTS,
    ask_for_likes,
    project_part,
    project_segments,
    read_features,
    read_recordings,
    search_scores,
)
from encoders.metrics import evaluate as evaluate_ranking

if TYPE_CHECKING:
    from encoders.trunks.features import SoundFeatures


def tabulate(setting: Setting) -> Table:
    """Every recording of `audio` and `emotify` among all of them.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = read_recordings(setting)
    features = read_features(tracks, setting)
    tracks = [t for t in tracks if t.id in features]
    groups = [t.artist or t.id for t in tracks]
    plain = [mfcc_rows(tracks, setting, part=part) for part in ("first", "second")]
    likeness = {
        MODEL: _searched(list(features.values()), setting),
        RANDOM: random_rows(len(tracks)) @ random_rows(len(tracks), seed=1).T,
        MFCC: standard_cosine(*plain),
    }
    right, subset = np.eye(len(tracks), dtype=bool), " + ".join(MANIFESTS)
    rows = [
        row
        for method, scores in likeness.items()
        for row in ranking_rows(method, scores, right, subset=subset, groups=groups)
    ]
    note = "the first half of an excerpt asks for its second half as in a search, the sound alone"
    return Table(name="halves", note=note, rows=tuple(rows))


def _searched(features: "Sequence[SoundFeatures]", setting: Setting) -> np.ndarray:
    """(N, N) scores of first halves that ask for stored second halves, as a search gives them."""
    questions = ask_for_likes(project_part(features, setting, part=0), setting)
    wholes = project_part(features, setting, part=1)
    return search_scores(questions, wholes, project_segments(features, setting, part=1))


def validate(first: np.ndarray, second: np.ndarray) -> None:
    """Refuse halves that are not of the same tracks.

    Raises:
        ValueError: other shapes, fewer than two tracks, or values that are not finite.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"halves of shapes {first.shape} and {second.shape} are not pairs")
    if len(first) < 2:
        raise ValueError(f"{len(first)} track: a half needs another track to be told from")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("vectors must be finite")


def evaluate(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(first, second)
    return evaluate_ranking(first @ second.T, np.eye(len(first), dtype=bool))


def halves_rows(
    first: np.ndarray,
    second: np.ndarray,
    *,
    method: str,
    subset: str,
    groups: Sequence[str] | None = None,
) -> list[Row]:
    """Rows with intervals of plain vectors, `groups` of the tracks drawn together."""
    validate(first, second)
    right = np.eye(len(first), dtype=bool)
    return ranking_rows(method, first @ second.T, right, subset=subset, groups=groups)
