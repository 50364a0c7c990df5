"""Onsets and tempo of a sound from its log-mel spectrum; knows no network."""

import numpy as np

from encoders.trunks.spectrum import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, Spectrum

# S. Boeck, F. Krebs, M. Schedl, Evaluating the online capabilities of onset detection methods,
# ISMIR 2012: an onset is the largest value around it and stands out from the mean around it.
MAX_FRAMES = 5  # 80 ms
MEAN_FRAMES = 15  # 240 ms
THRESHOLD = (
    0.1  # mean rise of log10 mel power per band; tells calm from lively on tracks of known mood
)
MIN_TEMPO_SECONDS = 4.0
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0

TEMPO_WINDOW = int(8.0 * SAMPLE_RATE) // HOP_LENGTH  # 500 frames, 8 s
MIDDLE_BPM, SPREAD_OCTAVES, LIMIT_BPM = 120.0, 1.0, 320.0


def onset_envelope(spectrum: Spectrum) -> np.ndarray:
    """(T,) float32 spectral flux: mean rise of log10 mel power from the frame before."""
    rise = np.maximum(np.diff(spectrum.log_mel, axis=0), 0.0)
    return np.concatenate([[0.0], rise.mean(axis=1)]).astype(np.float32)


def find_onsets(envelope: np.ndarray) -> np.ndarray:
    """Frames (T' < T,) at which something starts."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    highest = maximum_filter1d(envelope, MAX_FRAMES, mode="constant")
    mean = uniform_filter1d(envelope, MEAN_FRAMES, mode="constant")
    return np.flatnonzero((envelope == highest) & (envelope > mean + THRESHOLD))


def find_tempo(envelope: np.ndarray) -> float | None:
    """Beats a minute, as librosa's beat tracker estimates them before it looks for beats.

    None where the sound is under 4 s, has fewer than 4 onsets, or no beat is found. Source:
    D. Ellis, Beat Tracking by Dynamic Programming, 2007.
    """
    if len(envelope) / FRAME_RATE < MIN_TEMPO_SECONDS or len(find_onsets(envelope)) < 4:
        return None
    lags = np.arange(1, TEMPO_WINDOW)
    bpms = np.concatenate([[np.inf], 60.0 * SAMPLE_RATE / (HOP_LENGTH * lags)])
    likelihood = -0.5 * ((np.log2(bpms) - np.log2(MIDDLE_BPM)) / SPREAD_OCTAVES) ** 2
    likelihood[: int(np.argmax(bpms < LIMIT_BPM))] = -np.inf
    bpm = float(bpms[np.argmax(np.log1p(1e6 * _mean_periodicity(envelope)) + likelihood)])
    return bpm if SLOWEST_BPM <= bpm <= FASTEST_BPM else None


def _mean_periodicity(envelope: np.ndarray) -> np.ndarray:
    """(500,) mean over time of the envelope's autocorrelation within 8 s, by lag in frames."""
    import scipy.fft
    from scipy.signal import get_window

    padded = np.pad(envelope, TEMPO_WINDOW // 2, mode="linear_ramp", end_values=0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(padded) - TEMPO_WINDOW + 1)
    weighted = windows[:, : len(envelope)] * get_window("hann", TEMPO_WINDOW)[:, None]
    num_points = scipy.fft.next_fast_len(2 * TEMPO_WINDOW - 1, real=True)
    spectrum = scipy.fft.rfft(weighted, n=num_points, axis=0)
    power = spectrum.real**2 + spectrum.imag**2
    correlation = scipy.fft.irfft(power, n=num_points, axis=0)[:TEMPO_WINDOW]
    largest = np.abs(correlation).max(axis=0, keepdims=True)
    largest[largest < np.finfo(np.float64).tiny] = 1.0
    return np.asarray((correlation / largest).mean(axis=1))
