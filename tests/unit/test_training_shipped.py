"""The heads that ship: opposites apart, denials heard, strange sentences vague, one space."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import Embedder, load_embedder
from encoders.towers.text import VAGUE
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration

OPPOSITES = [
    ("cheerful", "gloomy"), ("peaceful", "furious"), ("mighty", "delicate"), ("noisy", "hushed"),
    ("rapid", "adagio"), ("brutal", "soothing"), ("sunny", "sinister"), ("acoustic", "electronic"),
]  # fmt: skip


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration.from_bytes((WEIGHTS / "heads" / "calibration.npz").read_bytes())


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_opposites_lie_apart(embedder: Embedder, one: str, other: str) -> None:
    vectors = embedder.embed_texts([f"{one} music", f"{other} music"])
    assert float(vectors[0] @ vectors[1]) < 0.0


@pytest.mark.parametrize("word", ["sad", "loud", "scary", "metal", "vocals"])
def test_a_denial_points_away_from_what_it_denies(embedder: Embedder, word: str) -> None:
    wanted, denied = embedder.embed_texts([f"{word} music", f"no {word} music"])
    assert float(wanted @ denied) < -0.5


def test_a_word_that_no_list_holds_is_placed_by_the_sentence(embedder: Embedder) -> None:
    unknown, near, far = embedder.embed_texts(["grandiloquent", "majestic music", "lullaby"])
    assert float(unknown @ near) > float(unknown @ far)


def test_a_sentence_about_something_else_is_vague(embedder: Embedder) -> None:
    clear, strange = embedder.embed_texts(["soft piano", "renew the parking permit"])
    assert abs(clear[VAGUE]) < 0.01
    assert strange[VAGUE] > 0.8


def test_the_calibrations_reference_lies_in_the_space_of_the_heads(
    calibration: Calibration,
) -> None:
    reference = calibration.reference
    assert np.linalg.norm(reference, axis=2) == pytest.approx(np.ones((160, 6)), abs=2e-3)
    assert np.abs(reference[:, :, VAGUE]).max() == 0.0


def test_the_more_a_track_fits_the_more_relevant_it_is(
    embedder: Embedder, calibration: Calibration
) -> None:
    query = embedder.embed_text("calm and tender").vector
    order = np.argsort(calibration.reference[:, 0] @ query)
    scores = calibration.reference[order, 0] @ query
    relevances = calibration.relevance(query, scores)
    assert all(a <= b for a, b in pairwise(relevances.tolist()))
    assert relevances[-1] > calibration.floor > relevances[0]


def test_nothing_is_relevant_to_a_sentence_about_something_else(
    embedder: Embedder, calibration: Calibration
) -> None:
    query = embedder.embed_text("renew the parking permit").vector
    scores = calibration.reference[:, 0] @ query
    assert calibration.relevance(query, scores).max() < calibration.floor


@pytest.mark.slow
def test_the_shipped_heads_reach_the_listeners(embedder: Embedder, data_dir: Path) -> None:
    from encoders.bench.emotion import tabulate
    from encoders.bench.setting import Setting

    rows = tabulate(Setting(embedder=embedder, data_dir=data_dir)).rows
    means = {
        r.subset: r.value
        for r in rows
        if (r.method, r.metric) == ("temptrack", "Spearman, mean of five")
    }
    assert means["all"] >= 0.45
    assert means["test"] >= 0.45
