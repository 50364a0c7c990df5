"""Pitch classes and tempo without librosa are librosa's own, bit for bit."""

import warnings

import numpy as np
import pytest

from encoders.trunks.constant_q import find_tuning, fold_pitch_classes
from encoders.trunks.rhythm import find_tempo, onset_envelope
from encoders.trunks.spectrum import HOP_LENGTH, SAMPLE_RATE, analyse_spectrum


def chord_with_noise(seconds: float, cents: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    notes = 220.0 * 2.0 ** (np.array([0, 3, 7, 12, 19]) / 12 + cents / 1200)
    pulse = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * (1.5 + seed / 4) * t))
    waves = np.sin(2 * np.pi * np.outer(notes, t)).sum(axis=0)
    sound = 0.05 * pulse * waves + 0.01 * rng.standard_normal(len(t))
    return np.asarray(sound, dtype=np.float32)


SOUNDS = {
    "a chord": chord_with_noise(6.0, 0.0, 1),
    "a chord out of tune": chord_with_noise(9.01, 17.0, 2),
    "a long chord": chord_with_noise(45.3, -31.0, 3),
    "noise": np.random.default_rng(4).standard_normal(70_003).astype(np.float32) * 0.1,
    "silence": np.zeros(50_000, dtype=np.float32),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_pitch_classes_equal_librosa(name: str) -> None:
    from librosa import estimate_tuning
    from librosa.feature import chroma_cqt

    samples = SOUNDS[name]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty")
        tuning = estimate_tuning(y=samples, sr=SAMPLE_RATE, bins_per_octave=36)
        chroma = chroma_cqt(y=samples, sr=SAMPLE_RATE, norm=None)
    assert find_tuning(samples) == tuning
    assert np.array_equal(fold_pitch_classes(samples), chroma)


@pytest.mark.parametrize("name", ["a chord", "a chord out of tune", "a long chord"])
def test_the_tempo_equals_librosa(name: str) -> None:
    from librosa.beat import beat_track

    envelope = onset_envelope(analyse_spectrum(SOUNDS[name]))
    tempo, _ = beat_track(onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)
    assert find_tempo(envelope) == float(np.atleast_1d(tempo)[0])
