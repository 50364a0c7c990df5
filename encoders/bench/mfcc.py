"""The baseline of sound: MFCC, tempo and loudness; knows no network.

    rows = mfcc_row(samples)            # (42,) of a whole sound or of a part of one
    likeness = standard_cosine(a, b)    # (Q, N)

20 coefficients (mean and spread over the frames), log2 of a tempo, the level in dB; standardised
over the things compared. N sounds, T frames of 16 ms.
"""

import numpy as np

from encoders.trunks.spectrum import FRAME_RATE, NUM_MELS, analyse_spectrum

NUM_COEFFICIENTS = 20
SLOWEST_BPM, FASTEST_BPM = 50.0, 200.0
MIDDLE_BPM, SPREAD_OCTAVES = 120.0, 1.0  # as most tempo estimators prefer
NUM_COLUMNS = 2 * NUM_COEFFICIENTS + 2  # 42


def mfcc_row(samples: np.ndarray) -> np.ndarray:
    """(42,) float32 of (N,) mono samples at 16 kHz."""
    log_mel = analyse_spectrum(samples).log_mel
    coefficients = cepstrum(log_mel)
    level_db = 10.0 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-10)
    numbers = [np.log2(periodicity_bpm(log_mel)), level_db]
    parts = [coefficients.mean(axis=0), coefficients.std(axis=0), numbers]
    return np.concatenate(parts).astype(np.float32)


def cepstrum(log_mel: np.ndarray) -> np.ndarray:
    """(T, 20) mel-frequency cepstral coefficients of (T, 96) log-mel frames."""
    return np.asarray(log_mel @ _cosines().T)


def periodicity_bpm(log_mel: np.ndarray) -> float:
    """The lag at which the spectral flux resembles itself most, preferring 120 BPM.

    120 where the sound is too short or has no rise.
    """
    rise = np.maximum(np.diff(log_mel, axis=0), 0.0).mean(axis=1)
    slowest = int(FRAME_RATE * 60.0 / SLOWEST_BPM) + 1  # 76 frames
    lags = np.arange(int(FRAME_RATE * 60.0 / FASTEST_BPM), slowest)
    if len(rise) < 2 * slowest or rise.std() < 1e-6:
        return MIDDLE_BPM
    rise = (rise - rise.mean()) / rise.std()
    likeness = np.array([float(rise[lag:] @ rise[:-lag]) / (len(rise) - lag) for lag in lags])
    bpms = 60.0 * FRAME_RATE / lags
    weight = np.exp(-0.5 * (np.log2(bpms / MIDDLE_BPM) / SPREAD_OCTAVES) ** 2)
    return float(bpms[np.argmax(np.maximum(likeness, 0.0) * weight)])


def standard_cosine(queries: np.ndarray, items: np.ndarray) -> np.ndarray:
    """(Q, N) cosines of rows standardised over the items."""
    mean, spread = items.mean(axis=0), items.std(axis=0) + 1e-6
    sides = [(rows - mean) / spread for rows in (queries, items)]
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in sides)
    return np.asarray(one @ other.T)


def _cosines() -> np.ndarray:
    """(20, 96) rows of the discrete cosine transform II, orthonormal."""
    place = (np.arange(NUM_MELS) + 0.5) / NUM_MELS
    rows = np.cos(np.pi * np.arange(NUM_COEFFICIENTS)[:, None] * place)
    rows[0] *= np.sqrt(0.5)
    return np.asarray(rows * np.sqrt(2.0 / NUM_MELS), dtype=np.float32)
