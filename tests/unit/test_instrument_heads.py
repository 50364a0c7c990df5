"""Instrument heads: the fit, its probabilities, the shipped file, a training on tiny data."""

import json
from pathlib import Path

import numpy as np
import pytest

from encoders.errors import BrokenWeights
from encoders.towers.audio import NUM_FEATURES
from encoders.towers.instruments import (
    INSTRUMENT_HEADS,
    SPOKEN,
    InstrumentHeads,
    instrument_doubts,
    load_instruments,
)
from encoders.training.instruments import InstrumentRecipe, train_instruments, training_plan
from encoders.training.instruments import read_scores as read_split
from encoders.training.logistic import fit_logistic, fit_probabilities
from encoders.training.programs import FAMILIES, HEADS
from encoders.trunks.checkpoint import read_card
from media.fonts import default_font


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def task(seed: int = 0, number: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (N, 6), labels (N, 2) drawn from their log odds, and those odds."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(number, 6))
    odds = rows @ np.array([[2, 0], [-1, 0], [0, 3], [0, 0], [0, 0], [0, 0]]) + [0.0, -1.5]
    return rows, (rng.random(odds.shape) < sigmoid(odds)).astype(float), odds


def test_the_fit_points_where_the_labels_come_from() -> None:
    rows, labels, odds = task()
    weights, bias = fit_logistic(rows, labels, 0.01 * np.eye(6))
    fitted = rows @ weights + bias
    for column in range(2):
        assert np.corrcoef(fitted[:, column], odds[:, column])[0, 1] > 0.95


def test_unsure_labels_count_for_nothing() -> None:
    rows, labels, _ = task()
    unsure = labels.copy()
    unsure[200:, 0] = np.nan
    known, _ = fit_logistic(rows[:200], labels[:200], 0.01 * np.eye(6))
    found, _ = fit_logistic(rows, unsure, 0.01 * np.eye(6))
    np.testing.assert_allclose(found[:, 0], known[:, 0], atol=1e-3)


def test_a_dear_direction_is_not_used() -> None:
    rows, labels, _ = task()
    cost = 0.01 * np.eye(6)
    cost[0, 0] = 1e4
    weights, _ = fit_logistic(rows, labels, cost)
    assert abs(weights[0, 0]) < 1e-3 < 0.3 < abs(weights[1, 0])


def test_the_same_fit_twice_is_bit_equal() -> None:
    rows, labels, _ = task()
    one, other = (fit_logistic(rows, labels, np.eye(6))[0] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_fitted_probabilities_are_the_shares_that_are_true() -> None:
    _, labels, odds = task(number=4_000)
    slopes, offsets = fit_probabilities(4 * odds - 2, labels)  # too sure, and moved
    chances = sigmoid((4 * odds - 2) * slopes + offsets)
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (chances >= low) & (chances < low + 0.25)
        assert labels[inside].mean() == pytest.approx(chances[inside].mean(), abs=0.05)


def test_the_shipped_heads_know_every_family_and_the_drums() -> None:
    heads = load_instruments()
    assert heads.names == tuple(HEADS)
    assert set(FAMILIES) <= set(heads.spoken) < set(heads.names)
    assert heads.weights.shape == (NUM_FEATURES, len(heads.names))
    for name in heads.names:
        assert 0 < heads.doubts[name].absent < heads.doubts[name].there < 1
    assert set(instrument_doubts()) == {SPOKEN.get(n, n) for n in heads.names}


def test_the_shipped_heads_were_trained_on_no_held_out_or_non_commercial_data() -> None:
    trained_on = read_card(INSTRUMENT_HEADS)["trained_on"]
    assert isinstance(trained_on, dict)
    assert not set(trained_on["scores"]) & {"Plee the Bear", "Andy's Super Great Park"}
    assert not any("piano-midi" in name for name in trained_on["scores"])
    assert not any("MuseScore" in name for name in trained_on["fonts"])


def test_heads_on_other_statistics_say_the_same() -> None:
    heads, rng = load_instruments(), np.random.default_rng(0)
    rows = (heads.mean + heads.spread * rng.normal(size=(5, NUM_FEATURES))).astype(np.float32)
    mean = rng.normal(size=NUM_FEATURES).astype(np.float32)
    spread = rng.uniform(0.5, 2, NUM_FEATURES).astype(np.float32)
    weights, bias = heads.on(mean, spread)
    np.testing.assert_allclose((rows - mean) / spread @ weights + bias, heads.logits(rows),
                               atol=2e-2)  # fmt: skip


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    for name in ("card.json", "model.safetensors"):
        (tmp_path / name).write_bytes((INSTRUMENT_HEADS / name).read_bytes())
    broken = bytearray((tmp_path / "model.safetensors").read_bytes())
    broken[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(bytes(broken))
    with pytest.raises(BrokenWeights, match="SHA-256"):
        load_instruments(tmp_path)


def score_bytes(program: int, *, seed: int) -> bytes:
    import symusic

    rng, score = np.random.default_rng(seed), symusic.Score(480)
    for is_drum, number in ((False, program), (True, 0)):
        track = symusic.Track(program=number, is_drum=is_drum)
        for i in range(60):
            pitch = 36 if is_drum else int(rng.integers(55, 80))
            track.notes.append(symusic.Note(i * 240, 220, pitch, 90))
        score.tracks.append(track)
    return bytes(score.dumps_midi())


@pytest.fixture
def tiny_data(tmp_path: Path) -> Path:
    rows = []
    for i, split in enumerate(("train", "train", "val", "test", "train")):
        (tmp_path / f"{i}.mid").write_bytes(score_bytes(40 + i, seed=i))
        rows.append({"id": f"s{i}", "file": f"{i}.mid", "split": split, "train_shipped": i < 4,
                     "collection": "Freedoom", "licence": "BSD-3-Clause"})  # fmt: skip
    rows[1]["audio_id"] = "recording"
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "symbolic.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_training_leaves_out_scores_with_recordings_and_those_it_may_not_use(
    tiny_data: Path,
) -> None:
    assert set(read_split(tiny_data, "train").multi) == {"s0"}
    assert set(read_split(tiny_data, "val").multi) == {"s2"}


def test_another_pair_of_fonts_changes_no_excerpt_of_the_first(tiny_data: Path) -> None:
    scores, fonts = read_split(tiny_data, "train"), [Path(f"{n}.sf2") for n in "abc"]

    def alone(font: Path, plan_fonts: list[Path]) -> set[str]:
        plan = training_plan(scores, plan_fonts, 40)
        return {p.name for p in plan if p.font == font and p.name.startswith("re")}

    two = training_plan(scores, fonts[:2], 40)
    assert sum(p.name == "re-train-00000" for p in two) == 2
    for font in fonts[:2]:
        assert alone(font, fonts[:2]) <= alone(font, fonts)
    assert alone(fonts[2], fonts)


def test_a_whole_training_writes_heads_that_load_and_repeats_to_the_bit(tiny_data: Path) -> None:
    recipe = InstrumentRecipe(num_train=6, num_validation=3, num_steps=5)
    seen: list[str] = []
    heads: list[InstrumentHeads] = []
    for out in ("one", "two"):
        train_instruments(
            tiny_data, [default_font()], tiny_data / out, recipe=recipe,
            cache_dir=tiny_data / "cache", progress=lambda done, total, what: seen.append(what),
        )  # fmt: skip
        heads.append(load_instruments(tiny_data / out / "instruments"))
    assert heads[0].names == tuple(HEADS)
    assert heads[0].spoken[: len(FAMILIES)] == tuple(FAMILIES)
    np.testing.assert_array_equal(heads[0].weights, heads[1].weights)
    assert "re-train-00005" in seen
    card = read_card(tiny_data / "one" / "instruments")
    assert card["licence"] == "Apache-2.0"
    assert list(card["trained_on"]["fonts"]) == [default_font().name]  # type: ignore[index]


def test_training_without_a_font_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no font"):
        train_instruments(tmp_path, [], tmp_path)
