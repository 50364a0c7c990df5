"""Tempo and key are counted as the literature counts them."""

import json
from pathlib import Path

import numpy as np
import pytest

from encoders.bench import key, tempo
from encoders.bench.estimates import chance_of
from encoders.trunks.tonality import parse_key

GOLDEN = Path(__file__).parent.parent / "fixtures" / "bench"


def golden(name: str) -> dict[str, dict[str, list[float]]]:
    values: dict[str, dict[str, list[float]]] = json.loads(
        (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    )
    return values


def test_tempo_gives_its_golden_values() -> None:
    stored = golden("tempo")
    estimates, truths = (np.array(stored["inputs"][n]) for n in ("estimates", "truths"))
    assert tempo.evaluate(estimates, truths) == pytest.approx(stored["values"])
    slow = [any(abs(e - t * f) <= 0.04 * t * f for f in (1, 2, 0.5, 3, 1 / 3))
            for e, t in zip(estimates, truths, strict=True)]  # fmt: skip
    assert stored["values"]["accuracy 2"] == pytest.approx(np.mean(slow))


def test_key_gives_its_golden_values() -> None:
    stored = golden("key")
    estimates, truths = (np.array(stored["inputs"][n]) for n in ("estimates", "truths"))
    assert key.evaluate(estimates, truths) == pytest.approx(stored["values"])


@pytest.mark.parametrize(
    ("estimate", "one", "two"),
    [(120, 1, 1), (124.7, 1, 1), (125, 0, 0), (60, 0, 1), (240, 0, 1), (40, 0, 1), (360, 0, 1),
     (180, 0, 0), (80, 0, 0), (0, 0, 0), (58, 0, 1), (57, 0, 0)],
)  # fmt: skip
def test_within_four_percent_of_the_tempo_or_a_multiple(
    estimate: float, one: float, two: float
) -> None:
    values = tempo.evaluate(np.array([float(estimate)]), np.array([120.0]))
    assert values == {"accuracy 1": one, "accuracy 2": two}


@pytest.mark.parametrize(
    ("named", "score"),
    [("C major", 1.0), ("G major", 0.5), ("F major", 0.5), ("A minor", 0.3), ("C minor", 0.2),
     ("D major", 0.0), ("G minor", 0.0), ("Eb major", 0.0)],
)  # fmt: skip
def test_keys_near_c_major_count_as_mirex_counts_them(named: str, score: float) -> None:
    assert key.mirex_scores(np.array([parse_key(named)]), np.array([parse_key("C")])) == score


@pytest.mark.parametrize(
    ("named", "score"),
    [("A minor", 1.0), ("E minor", 0.5), ("D minor", 0.5), ("C major", 0.3), ("A major", 0.2),
     ("F major", 0.0), ("E major", 0.0)],
)  # fmt: skip
def test_keys_near_a_minor_count_as_mirex_counts_them(named: str, score: float) -> None:
    assert key.mirex_scores(np.array([parse_key(named)]), np.array([parse_key("Am")])) == score


def test_no_key_scores_nothing() -> None:
    assert key.mirex_scores(np.array([key.NO_KEY]), np.array([23])) == 0.0


def test_chance_is_what_pairs_of_truths_reach() -> None:
    assert chance_of(tempo.evaluate, np.array([100.0, 200.0])) == {
        "accuracy 1": 0.5,
        "accuracy 2": 1.0,
    }
    assert chance_of(key.evaluate, np.array([0, 7]))["MIREX score"] == 0.75


@pytest.mark.parametrize(
    ("estimates", "truths"),
    [([1.0], [1.0, 2.0]), ([], []), ([1.0], [0.0]), ([np.nan], [1.0]), ([-1.0], [1.0])],
)
def test_tempi_that_are_none_are_refused(estimates: list[float], truths: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs|above|finite"):
        tempo.evaluate(np.array(estimates), np.array(truths))


@pytest.mark.parametrize(("estimates", "truths"), [([0, 1], [0]), ([0], [24]), ([-2], [0])])
def test_numbers_that_are_no_keys_are_refused(estimates: list[int], truths: list[int]) -> None:
    with pytest.raises(ValueError, match="keys"):
        key.evaluate(np.array(estimates), np.array(truths))


def test_what_is_measured_is_stock_and_the_test_split(data_dir: Path) -> None:
    found = tempo.subsets(data_dir)
    assert {name: len(items) for name, items in found.items()} == {
        "stock": 28, "renders": 100, "renders at other speeds": 100,
    }  # fmt: skip
    assert all(i.track.split == "test" for items in found.values() for i in items)
    assert len({round(i.speed, 2) for i in found["renders at other speeds"]}) > 40
    assert {name: len(tracks) for name, tracks in key.subsets(data_dir).items()} == {
        "stock": 28, "renders": 100,
    }  # fmt: skip
