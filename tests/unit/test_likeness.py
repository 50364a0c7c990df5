"""Likeness of sounds: what leaves a recording the same, and directions that do not mind it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import make_unit
from encoders.towers.audio import VAGUE, AudioHead
from encoders.training.augment import (
    LIKENESS_CHANGES,
    add_noise,
    change_level,
    high_pass,
    low_pass,
    re_encode,
    shift_pitch,
)
from encoders.training.likeness import likeness_directions

SECONDS, RATE = 2, 16_000
NUM_FEATURES = 1_565


def tone(*frequencies_hz: float) -> np.ndarray:
    times = np.arange(SECONDS * RATE) / RATE
    waves = [0.2 * np.sin(2 * np.pi * hz * times) for hz in frequencies_hz]
    return np.asarray(np.sum(waves, axis=0), dtype=np.float32)


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) / SECONDS


def energy_at(samples: np.ndarray, hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum[round(hz * SECONDS)])


@pytest.mark.parametrize("name", sorted(LIKENESS_CHANGES))
def test_a_change_keeps_the_length_and_does_the_same_each_time(name: str) -> None:
    sound = tone(440.0, 1_320.0)
    changed = LIKENESS_CHANGES[name](sound)
    assert changed.shape == sound.shape
    assert changed.dtype == np.float32
    assert np.array_equal(changed, LIKENESS_CHANGES[name](sound))
    assert not np.allclose(changed, sound, atol=1e-3)


@pytest.mark.parametrize("semitones", [1.0, -1.0, 5.0])
def test_a_shift_moves_the_pitch_and_not_the_level(semitones: float) -> None:
    shifted = shift_pitch(tone(440.0), semitones=semitones)
    assert loudest_hz(shifted) == pytest.approx(440.0 * 2 ** (semitones / 12), rel=0.004)
    inner = slice(RATE // 4, -RATE // 4)
    assert shifted[inner].std() == pytest.approx(tone(440.0)[inner].std(), rel=0.1)


def test_filters_take_away_what_lies_beyond_them() -> None:
    both = tone(100.0, 6_000.0)
    assert energy_at(low_pass(both), 6_000.0) < 0.01 * energy_at(both, 6_000.0)
    assert energy_at(low_pass(both), 100.0) == pytest.approx(energy_at(both, 100.0), rel=0.05)
    assert energy_at(high_pass(both), 100.0) < 0.5 * energy_at(both, 100.0)
    assert energy_at(high_pass(both), 6_000.0) == pytest.approx(energy_at(both, 6_000.0), rel=0.05)


def test_coded_sound_is_not_delayed() -> None:
    burst = tone(440.0) * (np.abs(np.arange(SECONDS * RATE) - RATE) < RATE // 8)
    coded = re_encode(burst)
    lags = range(-600, 601, 20)
    best = max(lags, key=lambda lag: float(np.abs(np.roll(coded, -lag)) @ np.abs(burst)))
    assert abs(best) <= 20


def test_levels_and_noise_are_as_asked() -> None:
    sound = tone(440.0)
    assert change_level(sound, gain_db=-6.0).std() == pytest.approx(sound.std() / 2, rel=0.01)
    noise = add_noise(sound, np.random.default_rng(0), ratio_db=20.0) - sound
    assert noise.std() == pytest.approx(sound.std() / 10, rel=0.05)


def made_patches(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Forty recordings of six patches, apart in six faint directions, astir in twenty others."""
    places = 0.5 * rng.normal(size=(40, 6))
    stir = 3.0 * rng.normal(size=(240, 20))
    owners = np.repeat(np.arange(40), 6)
    patches = np.concatenate([places[owners] + 0.2 * rng.normal(size=(240, 6)), stir], axis=1)
    return patches.astype(np.float32), owners


def halves_found(rows: np.ndarray, owners: np.ndarray) -> float:
    first = np.stack([rows[owners == i][:3].mean(axis=0) for i in range(40)])
    second = np.stack([rows[owners == i][3:].mean(axis=0) for i in range(40)])
    found = (make_unit(first) @ make_unit(second).T).argmax(axis=1)
    return float((found == np.arange(40)).mean())


def test_recordings_are_told_apart_where_their_patches_agree() -> None:
    patches, owners = made_patches(np.random.default_rng(0))
    directions = likeness_directions(patches, owners, [], num=6)
    assert directions.shape == (26, 6)
    assert halves_found(patches, owners) < 0.4
    assert halves_found(patches @ directions, owners) > 0.8


def test_what_a_change_moves_counts_less() -> None:
    rng = np.random.default_rng(0)
    patches, owners = made_patches(rng)
    moved = np.zeros((300, 26))
    moved[:, 0] = 5.0 * rng.normal(size=300)
    deaf = likeness_directions(patches, owners, [moved], num=6)
    heard = likeness_directions(patches, owners, [], num=6)
    assert np.linalg.norm(deaf[0]) < 0.3 * np.linalg.norm(heard[0])


def test_directions_do_not_turn_round_with_the_number_of_threads() -> None:
    code = (
        "import numpy as np, sys; from tests.unit.test_likeness import made_patches;"
        "from encoders.training.likeness import likeness_directions;"
        "d = likeness_directions(*made_patches(np.random.default_rng(0)), [], num=6);"
        "sys.stdout.write(' '.join(repr(float(x)) for x in d.ravel()))"
    )
    found = []
    for threads in ("1", "2"):
        variables = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        out = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True,
            env=variables, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        found.append(np.array([float(x) for x in out.stdout.split()]))
    assert found[0] == pytest.approx(found[1], abs=1e-6)


def made_head(rng: np.random.Generator, radius: float) -> AudioHead:
    asking = np.zeros(256, np.float32)
    asking[92:VAGUE] = 1.0
    matrix = (0.05 * rng.normal(size=(NUM_FEATURES, 255))).astype(np.float32)
    matrix[:, VAGUE] = 0.0
    return AudioHead(
        mean=np.zeros(NUM_FEATURES, np.float32),
        spread=np.ones(NUM_FEATURES, np.float32),
        matrix=matrix,
        radius=radius,
        first_likeness=92,
        likeness_length=4.0,
        asking=asking,
    )


def project(head: AudioHead, features: np.ndarray) -> np.ndarray:
    return head.project(features[:, 59:], features[:, :50], features[:, 50:59])


def test_the_likeness_of_every_sound_has_one_length_within_the_radius() -> None:
    rng = np.random.default_rng(0)
    rows = project(made_head(rng, radius=8.0), rng.normal(size=(20, NUM_FEATURES)))
    assert np.linalg.norm(rows[:, 92:VAGUE], axis=1) == pytest.approx(np.full(20, 4.0), rel=1e-4)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.full(20, 8.0), rel=1e-4)


def test_a_sound_that_asks_ranks_by_the_cosine_of_likeness() -> None:
    rng = np.random.default_rng(0)
    head = made_head(rng, radius=8.0)
    stored = make_unit(project(head, rng.normal(size=(20, NUM_FEATURES))))
    scores = make_unit(head.ask(stored[0])) @ stored.T
    likeness = make_unit(stored[:, 92:VAGUE])
    assert scores == pytest.approx(0.5 * (likeness @ likeness[0]), abs=1e-4)
    assert int(scores.argmax()) == 0
