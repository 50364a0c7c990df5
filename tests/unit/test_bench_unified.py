"""The unified model finds what was planted, leans on its teacher, and finds nothing in noise."""

import numpy as np
import pytest

from encoders.bench.texture import texture_row
from encoders.bench.unified import Unified, centre_kernel, likeness, mixed_kernel, scale_block
from encoders.metrics import spearman

NUM_TRACKS = 120
TRAIN, TEST = np.arange(90), np.arange(90, NUM_TRACKS)


def model(features: np.ndarray, answers: np.ndarray, teacher: np.ndarray) -> Unified:
    return Unified(
        kernel=mixed_kernel([scale_block(features)], (1.0,)),
        answers=answers,
        teacher=teacher,
        genres=np.eye(2)[np.arange(NUM_TRACKS) % 2],
        weights=np.ones(NUM_TRACKS),
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_what_was_planted_is_found(rng: np.random.Generator) -> None:
    features = rng.normal(size=(NUM_TRACKS, 6))
    answers = np.stack([features[:, 0], -features[:, 0], features[:, 1]], axis=1)
    noise = rng.normal(size=(NUM_TRACKS, 2))
    predictions = model(features, answers, noise).predict(TRAIN, TEST)
    assert predictions.shape == (30, 2 + 2)
    assert spearman(predictions[:, 0], answers[TEST, 0]) > 0.8
    assert spearman(predictions[:, 1], answers[TEST, 1]) > 0.8


def test_a_good_teacher_helps_where_features_know_nothing(rng: np.random.Generator) -> None:
    answers = rng.normal(size=(NUM_TRACKS, 2))
    features = rng.normal(size=(NUM_TRACKS, 6))
    taught = model(features, answers, answers + 0.5 * rng.normal(size=answers.shape))
    alone = model(features, answers, rng.normal(size=answers.shape))
    values = [spearman(m.predict(TRAIN, TEST)[:, 0], answers[TEST, 0]) for m in (taught, alone)]
    assert values[0] > 0.5
    assert abs(values[1]) < 0.4


def test_test_tracks_answers_are_never_looked_at(rng: np.random.Generator) -> None:
    features, teacher = rng.normal(size=(NUM_TRACKS, 6)), rng.normal(size=(NUM_TRACKS, 2))
    answers = rng.normal(size=(NUM_TRACKS, 3))
    changed = answers.copy()
    changed[TEST] += 100.0
    one = model(features, answers, teacher).predict(TRAIN, TEST)
    other = model(features, changed, teacher).predict(TRAIN, TEST)
    assert np.array_equal(one, other)


def test_a_centred_kernel_has_its_mean_at_the_training_tracks(rng: np.random.Generator) -> None:
    kernel = centre_kernel(likeness(rng.normal(size=(NUM_TRACKS, 4))), TRAIN)
    assert kernel[np.ix_(TRAIN, TRAIN)].mean() == pytest.approx(0.0, abs=1e-12)
    assert np.diag(kernel)[TRAIN].mean() == pytest.approx(1.0)


def test_a_swelling_sound_has_its_speed_in_its_texture() -> None:
    times = np.arange(16_000 * 8) / 16_000
    noise = np.random.default_rng(0).normal(size=len(times))
    rows = [
        texture_row((0.1 * noise * (1 + np.sin(2 * np.pi * hz * times))).astype(np.float32))[60:]
        for hz in (1.5, 9.0)
    ]
    slow, fast = (row.reshape(12, 9).mean(axis=0) for row in rows)
    assert slow[2] > fast[2]  # 1 to 2 a second
    assert fast[6] > slow[6]  # 7 to 11 a second
