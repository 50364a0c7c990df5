"""The shipped calibration and the searcher agree on what a score and a probability are."""

from pathlib import Path

import numpy as np
import pytest

from encoders.errors import BrokenWeights
from index.calibration import Calibration
from index.errors import UnreadableIndex
from services.retrieval.calibrate import (
    SHIPPED,
    fit_calibration,
    load_calibration,
    read_calibration,
)
from services.retrieval.snapshot import CalibratesRelevance


def make_calibration() -> Calibration:
    rows = np.random.default_rng(0).standard_normal((20, 3, 256)).astype(np.float32)
    return Calibration(
        reference=rows / np.linalg.norm(rows, axis=2, keepdims=True), blend=0.5, least_spread=0.05,
        slope=1.5, offset=-3.0, floor=0.4, false_match_rate=0.15, catalogue_size=30,
    )  # fmt: skip


def test_probabilities_keep_the_order_of_scores() -> None:
    calibration: CalibratesRelevance = make_calibration()
    query = np.eye(256, dtype=np.float32)[0]
    scores = np.linspace(0.9, -0.9, 50, dtype=np.float32)
    relevances = calibration.relevance(query, scores)
    assert relevances.shape == scores.shape
    assert (np.diff(relevances) <= 0).all()
    assert 0 <= relevances.min() <= relevances.max() <= 1


def test_a_calibration_comes_back_from_its_bytes() -> None:
    calibration = make_calibration()
    again = read_calibration(calibration.to_bytes())
    assert (again.floor, again.blend) == (calibration.floor, calibration.blend)
    with pytest.raises(UnreadableIndex):
        read_calibration(b"no calibration")


def test_a_missing_calibration_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights, match="calibration"):
        load_calibration(tmp_path / "calibration.npz")


def test_the_shipped_calibration_is_what_a_reindex_keeps() -> None:
    if not SHIPPED.is_file():
        pytest.skip(f"no calibration at {SHIPPED}; run python -m benchmarks.fit_calibration")
    kept = read_calibration(fit_calibration([]))
    assert 0 < kept.floor < 1
    assert kept.reference.shape[2] == 256
