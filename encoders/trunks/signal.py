"""What the signal itself says of each patch: level, onsets, brightness, mode; knows no network.

Why these: loud, dense and bright music is heard as energetic, quiet and dark as calm, major as
pleasant (Gabrielsson and Lindstroem, The role of structure in the musical expression of emotions,
2010; Eerola, Friberg and Bresin, Emotional expression in music, Frontiers in Psychology 4, 2013).
"""

import numpy as np

from encoders.trunks.harmony import CHROMA_RATE, chroma_entropy, majorness
from encoders.trunks.rhythm import find_onsets
from encoders.trunks.spectrum import FRAME_RATE, Spectrum

SIGNAL_NAMES = (
    "level_dbfs",  # root mean square, full scale = 0
    "dynamics_db",  # 95th minus 10th percentile of the frame levels
    "onsets_per_s",
    "flux",  # mean rise of log10 mel power per frame of 16 ms and band
    "centroid_octaves",  # spectral centroid above 440 Hz, frames weighted by their power
    "low_share",  # share of the power below 250 Hz
    "high_share",  # share of the power above 4 kHz
    "mode",  # best major minus best minor key correlation over the 9 s around the patch
    "chroma_entropy_bits",
)
FLOOR_DB = -100.0
CONTEXT_S = 3.0  # on both sides of a patch, for the mode


def read_signal(
    spectrum: Spectrum,
    chroma: np.ndarray,
    envelope: np.ndarray,
    *,
    start_frames: np.ndarray,
    num_frames: int,
) -> np.ndarray:
    """(P, 9) float32 in the order of SIGNAL_NAMES for patches of `num_frames` frames of 16 ms."""
    onsets = find_onsets(envelope)
    rows = []
    for start in start_frames:
        stop = int(start) + num_frames
        frames = _frame_features(spectrum, envelope, slice(int(start), stop))
        num_onsets = np.count_nonzero((onsets >= start) & (onsets < stop))
        tones = _tone_features(chroma, start / FRAME_RATE, stop / FRAME_RATE)
        rows.append([*frames[:2], num_onsets * FRAME_RATE / num_frames, *frames[2:], *tones])
    return np.array(rows, dtype=np.float32)


def _frame_features(spectrum: Spectrum, envelope: np.ndarray, patch: slice) -> list[float]:
    power = spectrum.power[patch].astype(np.float64)
    weights = power / max(power.sum(), 1e-12)
    levels = _decibels(power)
    centroid_hz = float(weights @ spectrum.centroid_hz[patch])
    return [
        float(_decibels(power.mean())),
        float(np.percentile(levels, 95) - np.percentile(levels, 10)),
        float(envelope[patch].mean()),
        float(np.log2(max(centroid_hz, 20.0) / 440.0)),
        float(weights @ spectrum.low_share[patch]),
        float(weights @ spectrum.high_share[patch]),
    ]


def _tone_features(chroma: np.ndarray, start_s: float, stop_s: float) -> list[float]:
    wide = slice(
        max(0, int((start_s - CONTEXT_S) * CHROMA_RATE)), int((stop_s + CONTEXT_S) * CHROMA_RATE)
    )
    near = slice(int(start_s * CHROMA_RATE), int(stop_s * CHROMA_RATE))
    return [majorness(chroma[wide].mean(axis=0)), chroma_entropy(chroma[near].mean(axis=0))]


def _decibels(power: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(10.0 * np.log10(np.maximum(power, 1e-12)), FLOOR_DB))
