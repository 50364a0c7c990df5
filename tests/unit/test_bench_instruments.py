"""The protocol of instruments: golden values, slow loops beside them, and whose labels count."""

import json
from pathlib import Path

import numpy as np
import pytest

from encoders.bench import instruments
from encoders.bench.heard import FONT_VARIABLE, programs_by_name, unseen_font
from encoders.bench.protocols import PROTOCOLS
from encoders.training.programs import DRUMS, FAMILIES

GOLDEN = Path(__file__).parent.parent / "fixtures" / "bench" / "instruments.json"


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def scores_and_labels(golden: dict[str, dict[str, object]]) -> tuple[np.ndarray, np.ndarray]:
    inputs = golden["inputs"]
    return np.array(inputs["scores"]), np.array(inputs["labels"], dtype=float)


def test_the_protocol_gives_its_golden_values(golden: dict[str, dict[str, object]]) -> None:
    scores, labels = scores_and_labels(golden)
    triplets = instruments.draw_triplets(golden["inputs"]["families"], number=40)  # type: ignore[arg-type]
    vectors = np.array(golden["inputs"]["vectors"])
    found = instruments.evaluate(scores, labels)
    found[instruments.TRIPLETS] = instruments.triplets_in_order(vectors, triplets, np.arange(40))
    assert found == pytest.approx(golden["values"], abs=1e-6)
    assert "instruments" in PROTOCOLS


def test_golden_values_are_what_slow_loops_find(golden: dict[str, dict[str, object]]) -> None:
    scores, labels = scores_and_labels(golden)
    areas = []
    for column in range(len(FAMILIES)):
        there = [s for s, y in zip(scores[:, column], labels[:, column], strict=True) if y == 1]
        not_there = [
            s for s, y in zip(scores[:, column], labels[:, column], strict=True) if y == 0
        ]
        areas.append(np.mean([a > b for a in there for b in not_there]))
    assert golden["values"][instruments.MACRO] == pytest.approx(np.mean(areas[:-1]))
    assert golden["values"][instruments.DRUMS] == pytest.approx(areas[-1])


def test_probabilities_that_are_true_as_often_as_said_have_no_calibration_error() -> None:
    labels = np.array([[1.0], [0.0], [0.0], [0.0]]).repeat(11, axis=1)
    rows = np.arange(4)
    assert instruments.calibration_error(np.full((4, 11), 0.25), labels, rows) == 0.0
    assert instruments.calibration_error(np.full((4, 11), 0.95), labels, rows) == pytest.approx(
        0.7
    )


def test_a_family_that_two_sounds_have_says_nothing() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.random((10, 11)), np.zeros((10, 11))
    labels[:2] = 1
    assert np.isnan(instruments.evaluate(scores, labels)[instruments.MACRO])
    labels[2, 0] = 1
    only = instruments.evaluate(scores, labels)[instruments.MACRO]
    first = np.mean([scores[i, 0] > scores[j, 0] for i in range(3) for j in range(3, 10)])
    assert only == pytest.approx(first)


@pytest.mark.parametrize("broken", ["shape", "nan", "label"])
def test_what_cannot_be_measured_is_refused(broken: str) -> None:
    scores, labels = np.zeros((4, 11)), np.zeros((4, 11))
    if broken == "shape":
        scores = np.zeros((4, 10))
    elif broken == "nan":
        scores[0, 0] = np.nan
    else:
        labels[0, 0] = 2
    with pytest.raises(ValueError, match=r"labels|finite"):
        instruments.evaluate(scores, labels)


def test_triplets_hold_two_of_one_family_and_one_of_another() -> None:
    names = np.array(["wind", "wind", "drum", "drum", "harp"])
    triplets = instruments.draw_triplets(list(names), number=200)
    anchors, positives, negatives = names[triplets].T
    assert (anchors == positives).all()
    assert (anchors != negatives).all()
    assert (triplets[:, 0] != triplets[:, 1]).all()
    assert "harp" in negatives
    assert "harp" not in anchors


def test_an_ontology_gives_each_instrument_the_family_it_hangs_under() -> None:
    ontology = [
        {"id": "r", "name": "Musical instrument", "child_ids": ["b", "h"]},
        {"id": "b", "name": "Brass instrument", "child_ids": ["t"]},
        {"id": "t", "name": "Trumpet", "child_ids": []},
        {"id": "h", "name": "Harp", "child_ids": []},
    ]
    names, families = instruments.read_families(ontology)
    assert dict(zip(names, families, strict=True)) == {
        "Brass instrument": "Brass instrument", "Trumpet": "Brass instrument", "Harp": "Harp",
    }  # fmt: skip


def test_names_of_a_trackers_tracks_outweigh_their_program_numbers() -> None:
    rows = np.array([[0.0, 1.0, 60, 90, 57, track] for track in range(4)])
    read = programs_by_name(rows, ["Lead_Square", "WhiteNoiseSnare", "Bass_Tri", "Trumpet1"])
    assert read[:, 4].tolist() == [80, DRUMS, 38, 57]
    assert rows[:, 4].tolist() == [57] * 4


def test_the_unseen_font_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FONT_VARIABLE, "/fonts/other.sf2")
    assert unseen_font() == Path("/fonts/other.sf2")
    monkeypatch.delenv(FONT_VARIABLE)
    assert unseen_font().suffix == ".sf2"
