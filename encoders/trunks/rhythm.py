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
    """Beats a minute by librosa's tracker (D. Ellis, Beat Tracking by Dynamic Programming, 2007).

    None where the sound is under 4 s, has fewer than 4 onsets, or no beat is found.
    """
    if len(envelope) / FRAME_RATE < MIN_TEMPO_SECONDS or len(find_onsets(envelope)) < 4:
        return None
    from librosa.beat import beat_track

    tempo, _ = beat_track(onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)
    bpm = float(np.atleast_1d(tempo)[0])
    return bpm if SLOWEST_BPM <= bpm <= FASTEST_BPM else None
