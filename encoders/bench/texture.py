"""How a sound moves: coefficients of its spectrum and the speeds at which bands swell.

Knows no network; only the unified probe hears it.

    row = texture_row(samples)          # (168,)

Modulation spectrum: power of the envelopes of 12 bands at 9 speeds from 0.25 to 31 a second, as in
D. Ellis, X. Zeng, J. McDermott, Classifying soundtracks with audio texture features, ICASSP 2011.
T frames of 16 ms.
"""

from itertools import pairwise

import numpy as np

from encoders.bench.mfcc import cepstrum
from encoders.trunks.spectrum import FRAME_RATE, NUM_MELS, analyse_spectrum

NUM_BANDS = 12
SPEEDS_HZ = (0.25, 0.5, 1.0, 2.0, 3.0, 4.5, 7.0, 11.0, 18.0, 31.0)
NUM_POINTS = 2_048  # 33 s: a 30 s excerpt whole
CHANGE_FRAMES = 4


def texture_row(samples: np.ndarray) -> np.ndarray:
    """(168,) float32 of (N,) mono samples at 16 kHz: 60 of coefficients, 108 of modulation."""
    log_mel = analyse_spectrum(samples).log_mel  # (T, 96)
    coefficients = cepstrum(log_mel)
    change = coefficients[CHANGE_FRAMES:] - coefficients[:-CHANGE_FRAMES]
    parts = [coefficients.mean(axis=0), coefficients.std(axis=0), change.std(axis=0)]
    return np.concatenate([*parts, _modulation(log_mel).ravel()]).astype(np.float32)


def _modulation(log_mel: np.ndarray) -> np.ndarray:
    """(12, 9) log power of the bands' envelopes by speed."""
    bands = log_mel.reshape(len(log_mel), NUM_BANDS, NUM_MELS // NUM_BANDS).mean(axis=2).T
    bands = bands - bands.mean(axis=1, keepdims=True)
    power = np.square(np.abs(np.fft.rfft(bands, n=NUM_POINTS, axis=1)))
    hz = np.fft.rfftfreq(NUM_POINTS, 1.0 / FRAME_RATE)
    within = [(hz >= low) & (hz < high) for low, high in pairwise(SPEEDS_HZ)]
    return np.stack([np.log(power[:, chosen].mean(axis=1) + 1e-3) for chosen in within], axis=1)
