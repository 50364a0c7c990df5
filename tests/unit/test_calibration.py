"""Relevance as a probability: its order, its floor, its bytes."""

import numpy as np
import pytest

from index.calibration import Calibration, Pairs, fit_calibration, track_scores
from index.errors import UnreadableIndex

DIMENSION = 16
NUM_KINDS = 8  # kinds of music, one axis each


def unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


def tracks_of(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 3, D): tracks that lie near the axis of their kind, whole and two segments."""
    rows = np.repeat(np.eye(DIMENSION)[kinds][:, None], 3, axis=1)
    return unit(rows + 0.08 * rng.normal(size=rows.shape))


def queries_of(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return unit(np.eye(DIMENSION)[kinds] + 0.08 * rng.normal(size=(len(kinds), DIMENSION)))


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % NUM_KINDS
    unserved = [
        (query, tracks_of(np.full(30, (kind + 1) % NUM_KINDS), rng))
        for kind, query in enumerate(queries_of(np.arange(320) % NUM_KINDS, rng))
    ]
    return fit_calibration(
        reference=tracks_of(np.arange(120) % NUM_KINDS, rng),
        pairs=Pairs(queries=queries_of(kinds, rng), tracks=tracks_of(kinds, rng)),
        unserved=unserved,
        blend=0.5,
        false_match_rate=0.1,
    )


def best_relevance(
    calibration: Calibration, kind: int, catalogue_kinds: np.ndarray, rng: np.random.Generator
) -> float:
    query = queries_of(np.array([kind]), rng)[0]
    scores = track_scores(query[None], tracks_of(catalogue_kinds, rng), calibration.blend)[0]
    return float(calibration.relevance(query, scores).max())


def test_relevance_is_a_probability_in_the_order_of_the_scores(fitted: Calibration) -> None:
    rng = np.random.default_rng(1)
    query = queries_of(np.array([2]), rng)[0]
    scores = np.sort(rng.uniform(-0.2, 1.0, 20)).astype(np.float32)
    relevances = fitted.relevance(query, scores)
    assert relevances.dtype == np.float32
    assert (np.diff(relevances) >= 0).all()
    assert 0.0 <= relevances[0] < relevances[-1] <= 1.0


def test_a_catalogue_that_cannot_serve_is_answered_no_match(fitted: Calibration) -> None:
    rng = np.random.default_rng(2)
    kinds = [k % NUM_KINDS for k in range(160)]
    best = [best_relevance(fitted, k, np.full(30, (k + 3) % NUM_KINDS), rng) for k in kinds]
    assert np.mean([b < fitted.floor for b in best]) >= 0.8


def test_a_catalogue_that_can_serve_is_not_refused(fitted: Calibration) -> None:
    rng = np.random.default_rng(3)
    best = [best_relevance(fitted, k, np.full(30, k), rng) for k in [*range(NUM_KINDS)] * 20]
    assert np.mean([b < fitted.floor for b in best]) <= 0.2


def test_no_more_unserved_queries_are_answered_than_the_floor_states(fitted: Calibration) -> None:
    assert fitted.false_match_rate == 0.1
    assert fitted.catalogue_size == 30


def test_relevance_does_not_depend_on_what_else_the_catalogue_holds(fitted: Calibration) -> None:
    query = queries_of(np.array([1]), np.random.default_rng(4))[0]
    scores = np.array([0.3, 0.6, 0.9], dtype=np.float32)
    alone = [fitted.relevance(query, scores[i : i + 1])[0] for i in range(3)]
    assert np.allclose(fitted.relevance(query, scores), alone)


def test_a_query_without_direction_is_near_to_nothing(fitted: Calibration) -> None:
    """One that scores every sound almost alike does not pass for one that found something."""
    aimless = np.zeros(DIMENSION, dtype=np.float32)
    aimless[-1], aimless[0] = 0.999, 0.045
    rng = np.random.default_rng(5)
    scores = track_scores(aimless[None], tracks_of(np.full(30, 0), rng), 0.5)[0]
    clear = np.eye(DIMENSION, dtype=np.float32)[0]
    clear_scores = track_scores(clear[None], tracks_of(np.full(30, 0), rng), 0.5)[0]
    assert fitted.standardise(aimless, scores).max() < 0.5
    assert fitted.standardise(clear, clear_scores).max() > 1.5


def test_bytes_hold_the_whole_calibration(fitted: Calibration) -> None:
    again = Calibration.from_bytes(fitted.to_bytes())
    query = queries_of(np.array([6]), np.random.default_rng(6))[0]
    scores = np.linspace(-1, 1, 9, dtype=np.float32)
    assert again.relevance(query, scores) == pytest.approx(
        fitted.relevance(query, scores), abs=2e-3
    )
    assert (again.floor, again.catalogue_size) == (fitted.floor, 30)


@pytest.mark.parametrize("data", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_damaged_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnreadableIndex):
        Calibration.from_bytes(data)


def test_a_file_of_another_format_is_refused(fitted: Calibration) -> None:
    import io

    buffer = io.BytesIO()
    np.savez(buffer, something=np.zeros(2))
    with pytest.raises(UnreadableIndex, match="format"):
        Calibration.from_bytes(buffer.getvalue())


def test_the_best_segment_and_the_whole_are_blended() -> None:
    tracks = np.array([[[0.2, 0.0], [1.0, 0.0], [0.0, 0.0]]], dtype=np.float32)
    query = np.array([[1.0, 0.0]], dtype=np.float32)
    assert track_scores(query, tracks, 0.0)[0, 0] == pytest.approx(0.2)
    assert track_scores(query, tracks, 1.0)[0, 0] == pytest.approx(1.0)
    assert track_scores(query, tracks, 0.5)[0, 0] == pytest.approx(0.6)
