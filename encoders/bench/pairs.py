"""A piece and its recording: does the rendered score find its recording, and the other way round?

Conventions
    recordings (N, D) and scores (N, D) are vectors of the same N pieces in the same order, unit
    length; scores are written music, rendered and then heard. One answer is right each way.

Metrics
    R@1, R@5, R@10 and median rank among the N of the other kind; among all recordings of `audio`
    too ("score finds recording among all"). Chance is k / N.
"""

import numpy as np

from encoders.bench.baselines import MFCC, mfcc_rows, random_rows
from encoders.bench.mfcc import standard_cosine
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import ask_for_likes, embed_tracks
from encoders.metrics import evaluate as evaluate_ranking
from encoders.training.manifests import Track, read_tracks


def tabulate(setting: Setting) -> Table:
    """The recordings of `audio` whose piece lies in `symbolic`.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
        ValueError: no recording has its piece.
    """
    catalogue = read_tracks(setting.data_dir, "audio")
    pairs = find_pairs(catalogue, read_tracks(setting.data_dir, "symbolic"))
    if not pairs:
        raise ValueError("no recording of audio.jsonl names its piece in symbolic.jsonl")
    places = np.array([place for place, _ in pairs])
    pieces = [piece for _, piece in pairs]
    recordings, scores = (embed_tracks(side, setting).tracks for side in (catalogue, pieces))
    plain = [mfcc_rows(side, setting) for side in (catalogue, pieces)]
    likeness = {
        MODEL: ask_for_likes(scores, setting) @ recordings.T,
        MFCC: standard_cosine(plain[1], plain[0]),
        RANDOM: random_rows(len(pieces), seed=1) @ random_rows(len(catalogue)).T,
    }
    rows = [
        row
        for method, matrix in likeness.items()
        for row in _rows_both_ways(method, matrix, places)
    ]
    note = "the score is rendered with the default font and heard like a recording"
    return Table(name="pairs", note=note, rows=tuple(rows))


def validate(recordings: np.ndarray, scores: np.ndarray) -> None:
    """Refuse what are not pairs.

    Raises:
        ValueError: other shapes, fewer than two, or values that are not finite.
    """
    if recordings.shape != scores.shape or recordings.ndim != 2 or len(recordings) < 2:
        raise ValueError(f"recordings {recordings.shape} and scores {scores.shape} are not pairs")
    if not (np.isfinite(recordings).all() and np.isfinite(scores).all()):
        raise ValueError("vectors must be finite")


def evaluate(recordings: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Every metric both ways, by way and name."""
    validate(recordings, scores)
    right = np.eye(len(scores), dtype=bool)
    ways = {
        "score finds recording": scores @ recordings.T,
        "recording finds score": recordings @ scores.T,
    }
    return {
        f"{way}: {metric}": value
        for way, likeness in ways.items()
        for metric, value in evaluate_ranking(likeness, right).items()
    }


def find_pairs(recordings: list[Track], pieces: list[Track]) -> list[tuple[int, Track]]:
    """Place of each recording that names its piece, with the piece."""
    by_id = {piece.id: piece for piece in pieces if piece.is_score}
    return [
        (place, by_id[recording.labels["symbolic_id"]])
        for place, recording in enumerate(recordings)
        if recording.labels.get("symbolic_id") in by_id
    ]


def _rows_both_ways(method: str, likeness: np.ndarray, places: np.ndarray) -> list[Row]:
    """Rows of (P, N) likeness of P scores to all N recordings."""
    ways = {
        "score finds recording": (likeness[:, places], np.eye(len(places), dtype=bool)),
        "recording finds score": (likeness[:, places].T, np.eye(len(places), dtype=bool)),
        "score finds recording among all": (
            likeness,
            places[:, None] == np.arange(likeness.shape[1]),
        ),
    }
    return [
        row
        for way, (scores, right) in ways.items()
        for row in ranking_rows(method, scores, right, subset=way)
    ]
