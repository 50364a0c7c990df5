"""What protocols do to sounds, what the baselines hear in them, and what is kept."""

from pathlib import Path

import numpy as np
import pytest

from encoders.bench import mfcc
from encoders.bench.changes import CHANGES, code_as_mp3, dull, shift, stretch
from encoders.bench.kept import KeptArrays
from encoders.bench.plot import draw_table
from encoders.bench.ranking import chance_of
from encoders.bench.table import Row, Table

RATE = 16_000


def tone(tone_hz: float, seconds: float = 4.0) -> np.ndarray:
    times = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * tone_hz * times)).astype(np.float32)


def strongest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


@pytest.mark.parametrize("semitones", [1.0, -1.0, 3.0])
def test_a_shift_moves_the_pitch_and_keeps_the_length(semitones: float) -> None:
    shifted = shift(tone(440.0), semitones=semitones)
    assert strongest_hz(shifted) == pytest.approx(440.0 * 2 ** (semitones / 12), rel=0.003)
    assert len(shifted) == pytest.approx(4 * RATE, abs=2)


def test_a_stretch_keeps_the_pitch_and_the_level() -> None:
    stretched = stretch(tone(440.0), 1.5)
    assert len(stretched) == 6 * RATE
    assert strongest_hz(stretched) == pytest.approx(440.0, rel=0.003)
    middle = stretched[RATE : 5 * RATE]
    assert np.sqrt(np.square(middle).mean()) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def test_dulling_takes_what_lies_above_and_leaves_what_lies_below() -> None:
    low, high = (float(np.square(dull(tone(hz))).mean()) for hz in (500.0, 7_000.0))
    whole = float(np.square(tone(500.0)).mean())
    assert low == pytest.approx(whole, rel=0.02)
    assert high < 0.01 * whole


def test_coding_loses_something_but_not_the_tone() -> None:
    noisy = tone(440.0) + 0.05 * np.random.default_rng(0).normal(size=4 * RATE).astype(np.float32)
    coded = code_as_mp3(noisy)
    assert strongest_hz(coded) == pytest.approx(440.0, rel=0.003)
    assert abs(len(coded) - len(noisy)) < 0.2 * RATE
    assert not np.allclose(coded[:RATE], noisy[:RATE], atol=1e-3)


def test_every_change_gives_finite_sound_of_about_the_same_length() -> None:
    for change in CHANGES.values():
        changed = change(tone(300.0))
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()
        assert len(changed) == pytest.approx(4 * RATE, rel=0.05)


def test_clicks_have_the_tempo_they_are_played_at() -> None:
    clicks = np.zeros(12 * RATE, dtype=np.float32)
    clicks[:: RATE // 2] = 0.9  # 120 a minute
    row = mfcc.mfcc_row(clicks)
    assert row.shape == (mfcc.NUM_COLUMNS,)
    assert 2 ** row[-2] == pytest.approx(120.0, rel=0.03)


def test_the_coefficients_tell_noise_from_a_tone_and_loud_from_soft() -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=4 * RATE).astype(np.float32)
    rows = np.stack([mfcc.mfcc_row(s) for s in (noise, tone(440.0), tone(450.0))])
    likeness = mfcc.standard_cosine(rows, rows)
    assert likeness[1, 2] > likeness[1, 0]
    assert mfcc.mfcc_row(0.1 * noise)[-1] == pytest.approx(rows[0, -1] - 20.0, abs=0.01)


def test_silence_has_a_row_too() -> None:
    assert np.isfinite(mfcc.mfcc_row(np.zeros(RATE, dtype=np.float32))).all()


def test_what_is_kept_is_computed_once_and_anew_for_other_code(tmp_path: Path) -> None:
    calls: list[str] = []

    def compute() -> dict[str, np.ndarray]:
        calls.append("called")
        return {"row": np.arange(3.0)}

    for _ in range(2):
        kept = KeptArrays(tmp_path, sources=(mfcc,))
        assert kept.get("a", compute)["row"].tolist() == [0.0, 1.0, 2.0]
    KeptArrays(tmp_path, sources=(mfcc,), also="another").get("a", compute)
    KeptArrays(tmp_path, sources=(mfcc,)).get("b", compute)
    assert len(calls) == 3


def test_chance_knows_how_many_answers_are_right() -> None:
    right = np.zeros((2, 10), dtype=bool)
    right[0, 0] = True
    right[1, :4] = True
    chance = chance_of(right)
    assert chance["R@1"] == pytest.approx((0.1 + 0.4) / 2)
    missed = (6 * 5 * 4 * 3 * 2) / (10 * 9 * 8 * 7 * 6)
    assert chance["R@5"] == pytest.approx((0.5 + 1.0 - missed) / 2)
    assert chance["R@10"] == pytest.approx(1.0)


def example_table(num_metrics: int) -> Table:
    rows = [
        Row(
            method=method, metric=f"R@{metric}", subset=subset, num_tracks=9, num_queries=3,
            chance=0.1, value=0.5, low=0.4, high=0.7,
        )
        for metric in range(num_metrics)
        for subset in ("all", "test")
        for method in ("temptrack", "random features", "temptrack minus random features")
    ]  # fmt: skip
    return Table(name="example", note="made up", rows=tuple(rows))


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_table_is_drawn(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"table{suffix}"
    draw_table(example_table(5), file)
    assert file.stat().st_size > 1_000


def test_a_drawing_names_methods_and_metrics_but_no_differences(tmp_path: Path) -> None:
    file = tmp_path / "table.svg"
    draw_table(example_table(2), file)
    drawn = file.read_text(encoding="utf-8")
    assert "<!-- temptrack -->" in drawn
    assert "<!-- R@1 -->" in drawn
    assert "minus" not in drawn


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"table\.txt: a picture ends in \.png"):
        draw_table(example_table(1), tmp_path / "table.txt")
    with pytest.raises(ValueError, match="no rows to draw"):
        draw_table(Table(name="none", note="", rows=()), tmp_path / "table.png")
