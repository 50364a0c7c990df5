"""Two views of a recording: random parts of it, changed by a random chain; knows no network.

The chain is that of CLMR (Spijkervet and Burgoyne, Contrastive Learning of Musical
Representations, ISMIR 2021), with its probabilities:

    polarity .8, noise .01, level .3, high or low pass .8, delay .3, pitch .6, reverberation .6

The pitch moves by up to two semitones, not five: keys matter to what is to be alike here. N
samples at 16 kHz; everything random comes from the generator.
"""

from collections.abc import Callable

import numpy as np

from encoders.training.augment import (
    SAMPLE_RATE,
    add_noise,
    change_level,
    high_pass,
    low_pass,
    shift_pitch,
)

DELAY_SHARE = 0.5  # level of the echo
Random = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def draw_view(samples: np.ndarray, rng: np.random.Generator, *, length: int) -> np.ndarray:
    """A random part (length,) of a sound (N,), changed; a shorter sound is repeated."""
    filled = np.resize(samples, max(len(samples), length))
    start = int(rng.integers(0, len(filled) - length + 1))
    view = filled[start : start + length].astype(np.float32)
    for probability, change in CHAIN:
        if rng.random() < probability:
            view = change(view, rng)
    return np.clip(view, -1.0, 1.0).astype(np.float32)


def invert(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The other polarity."""
    return -samples


def hiss(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White noise 10 to 40 dB below the sound."""
    return add_noise(samples, rng, ratio_db=float(rng.uniform(10.0, 40.0)))


def fade(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to 20 dB softer."""
    return change_level(samples, gain_db=float(rng.uniform(-20.0, 0.0)))


def narrow(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Without what lies above 2.2 to 4 kHz, or without what lies below 200 to 1,200 Hz."""
    if rng.random() < 0.5:
        return low_pass(samples, cutoff_hz=float(rng.uniform(2_200.0, 4_000.0)))
    return high_pass(samples, cutoff_hz=float(rng.uniform(200.0, 1_200.0)))


def echo(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One echo after 200 to 500 ms at half the level."""
    lag = int(rng.uniform(0.2, 0.5) * SAMPLE_RATE)
    late = np.concatenate([np.zeros(lag, np.float32), samples])[:-lag]
    return np.asarray(samples + DELAY_SHARE * late)


def transpose(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to two semitones higher or lower."""
    return shift_pitch(samples, semitones=float(rng.integers(-2, 3)))


def reverberate(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room: noise that dies away within 0.1 to 0.8 s, a third of the sound's level."""
    from scipy.signal import fftconvolve

    length = int(rng.uniform(0.1, 0.8) * SAMPLE_RATE)
    tail = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)  # -60 dB
    room = fftconvolve(samples, tail / np.linalg.norm(tail))[: len(samples)]
    return np.asarray(samples + 0.33 * room, dtype=np.float32)


CHAIN: tuple[tuple[float, Random], ...] = (
    (0.8, invert), (0.01, hiss), (0.3, fade), (0.8, narrow), (0.3, echo), (0.6, transpose),
    (0.6, reverberate),
)  # fmt: skip
