"""The tempo of a sound: beats that BeatNet hears, their periods, and a chooser of the octave.

    finder = TempoFinder(load_beatnet(), load_octave_chooser())
    finder.find(samples)            # beats a minute, or None

At most four windows of 30 s, spread evenly over the sound, are heard. The periods at which the
beats repeat best are the candidates; a small network that was trained on rendered scores
(`encoders.training.octaves`) says which of them people would count. Knows no space.

W windows, T frames of 20 ms, S signals (5), C candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from encoders.trunks.beatnet import (
    BEAT_RATE,
    NUM_BANDS,
    BeatnetTrunk,
    band_frequencies,
    beat_spectrum,
    load_beatnet,
)
from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.spectrum import SAMPLE_RATE

CHOOSER = WEIGHTS / "heads" / "tempo"
PEAK, QUIETEST = 0.9, 1e-3
SHORTEST_SAMPLES = 4 * SAMPLE_RATE
WINDOW_SAMPLES = 30 * SAMPLE_RATE
MAX_WINDOWS = 4
SLOWEST_BPM, FASTEST_BPM = 35.0, 260.0
GRID_STEP = 0.004  # 0.4 % from one tempo tried to the next
MAX_CANDIDATES = 12
LIKELY_BEAT, SURE_BEAT = 0.2, 0.5  # probabilities
FEWEST_SURE = 20.0  # a minute; music of all kinds has 80 and more, tones and pads none
NUM_LAGS = 700  # 14 s
LOW_HZ, HIGH_HZ = 200.0, 1_500.0
SIGNALS = ("beat", "downbeat", "low", "middle", "high")
PERIODS = (1 / 3, 1 / 2, 1.0, 3 / 2, 2.0, 3.0, 4.0)
FOLD_BINS = 12
MIDDLE_BPM = 110.0
LIMIT = 10.0  # features beyond say no more
REFINE_SPAN, REFINE_STEP = 0.02, 0.0005


@dataclass(frozen=True, kw_only=True, eq=False)
class Rhythm:
    """Holds what repeats in a sound and how."""

    signals: np.ndarray  # (W, S, T) SIGNALS: activations, rise of the spectrum in three ranges
    correlations: np.ndarray  # (S, L) autocorrelation by lag in frames, mean of the windows


@dataclass(frozen=True, kw_only=True, eq=False)
class OctaveChooser:
    """Holds the network that compares candidates: one hidden layer of tanh."""

    mean: np.ndarray  # (F,)
    spread: np.ndarray  # (F,)
    hidden: np.ndarray  # (H, F)
    hidden_bias: np.ndarray  # (H,)
    out: np.ndarray  # (H,)

    def scores(self, features: np.ndarray) -> np.ndarray:
        """(C,) of (C, F) features: the higher, the likelier; comparable within a sound only."""
        standard = (features - self.mean) / self.spread
        return np.asarray(np.tanh(standard @ self.hidden.T + self.hidden_bias) @ self.out)


class TempoFinder:
    """Holds the two networks. Safe to call from several threads."""

    def __init__(self, trunk: BeatnetTrunk, chooser: OctaveChooser) -> None:
        self._trunk = trunk
        self._chooser = chooser

    def find(self, samples: np.ndarray) -> float | None:
        """Beats a minute of (N,) float32 samples at 16 kHz.

        None for a sound under 4 s and for one in which no beat is heard.
        """
        if len(samples) < SHORTEST_SAMPLES:
            return None
        rhythm = read_rhythm(samples, self._trunk)
        if _event_counts(rhythm.signals)[1] < FEWEST_SURE:
            return None
        candidates = find_candidates(rhythm)
        scores = self._chooser.scores(candidate_features(rhythm, candidates))
        return _refine(rhythm, float(candidates[scores.argmax()]))


def load_tempo_finder(weights: Path = WEIGHTS) -> TempoFinder:
    """Load both networks from a folder of weight folders.

    Raises:
        BrokenWeights: a file is missing or is not the one in its card.
    """
    return TempoFinder(
        load_beatnet(weights / "beatnet"), load_octave_chooser(weights / "heads" / "tempo")
    )


def load_octave_chooser(folder: Path = CHOOSER) -> OctaveChooser:
    """Load the chooser.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    return chooser_of(load_file(str(folder / "model.safetensors")))


def read_rhythm(samples: np.ndarray, trunk: BeatnetTrunk) -> Rhythm:
    """Listen to a sound of 4 s or more, brought to a common peak."""
    scaled = samples * np.float32(PEAK / max(float(np.abs(samples).max()), QUIETEST))
    spectra = np.stack([beat_spectrum(window) for window in _windows(scaled)])  # (W, T, 272)
    activations = trunk.run(spectra)
    rise = spectra[:, :, NUM_BANDS:] @ _ranges()  # (W, T, 3)
    both = activations.sum(axis=2)
    signals = np.stack([both, activations[:, :, 1], *np.moveaxis(rise, 2, 0)], axis=1)
    return Rhythm(signals=signals, correlations=_correlate(signals).mean(axis=0))


def find_candidates(rhythm: Rhythm) -> np.ndarray:
    """(C,) tempi at which the beats repeat better than at those beside them, best first."""
    grid = _grid()
    salience = periodicity(rhythm.correlations[0], grid)
    inner = salience[1:-1]
    peaks = 1 + np.flatnonzero((inner > salience[:-2]) & (inner >= salience[2:]))
    if len(peaks) == 0:
        peaks = np.array([salience.argmax()])
    return np.asarray(grid[peaks[np.argsort(-salience[peaks], kind="stable")][:MAX_CANDIDATES]])


def periodicity(correlation: np.ndarray, bpm: np.ndarray, *, num_periods: int = 4) -> np.ndarray:
    """Mean autocorrelation at the first multiples of the period of each tempo."""
    return np.asarray(
        np.mean([_at(correlation, bpm, k) for k in range(1, num_periods + 1)], axis=0)
    )


def candidate_features(rhythm: Rhythm, candidates: np.ndarray) -> np.ndarray:
    """(C, F) what the chooser sees of each candidate."""
    correlations = rhythm.correlations
    columns = [periodicity(correlations[row], candidates) for row in (0, 3)]
    columns += [_at(row, candidates, periods) for row in correlations for periods in PERIODS]
    folded = np.array([_fold_features(rhythm.signals, bpm) for bpm in candidates])
    octaves = np.log2(candidates / MIDDLE_BPM)
    columns += [*folded.T, octaves, octaves**2]
    for count in _event_counts(rhythm.signals):
        distance = np.log2(candidates / max(count, 10.0))
        columns += [distance, distance**2]
    features = np.stack(columns, axis=1)
    return np.asarray(np.clip(np.nan_to_num(features), -LIMIT, LIMIT))


def chooser_of(arrays: Mapping[str, np.ndarray]) -> OctaveChooser:
    """The chooser of the arrays that its file holds."""
    return OctaveChooser(**{name: arrays[name] for name in OctaveChooser.__dataclass_fields__})


def _windows(samples: np.ndarray) -> list[np.ndarray]:
    """Windows of equal length, spread evenly; they overlap where the sound is no multiple."""
    count = min(MAX_WINDOWS, -(-len(samples) // WINDOW_SAMPLES))
    if count == 1:
        return [samples]
    starts = np.linspace(0, len(samples) - WINDOW_SAMPLES, count).astype(int)
    return [samples[start : start + WINDOW_SAMPLES] for start in starts]


@lru_cache(maxsize=1)
def _ranges() -> np.ndarray:
    """(136, 3) means over the bands below 200 Hz, up to 1,500 Hz and above it."""
    hz = band_frequencies()
    within = np.stack([hz < LOW_HZ, (hz >= LOW_HZ) & (hz < HIGH_HZ), hz >= HIGH_HZ], axis=1)
    within[:, 2] &= hz < SAMPLE_RATE / 2
    return np.asarray(within / within.sum(axis=0), dtype=np.float32)


def _correlate(signals: np.ndarray) -> np.ndarray:
    """(W, S, L) autocorrelation, 1 at lag 0, each lag divided by how many products it sums."""
    import scipy.fft

    num_frames = signals.shape[2]
    centred = signals - signals.mean(axis=2, keepdims=True)
    num_points = scipy.fft.next_fast_len(2 * num_frames, real=True)
    spectrum = scipy.fft.rfft(centred.astype(np.float64), n=num_points, axis=2)
    power = spectrum.real**2 + spectrum.imag**2
    num_lags = min(NUM_LAGS, num_frames)
    sums = scipy.fft.irfft(power, n=num_points, axis=2)[:, :, :num_lags]
    counts = num_frames - np.arange(num_lags)
    return np.asarray(sums / np.maximum(sums[:, :, :1], 1e-9) * (num_frames / counts))


@lru_cache(maxsize=1)
def _grid() -> np.ndarray:
    return np.asarray(np.exp(np.arange(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), GRID_STEP)))


def _at(correlation: np.ndarray, bpm: np.ndarray, periods: float) -> np.ndarray:
    """The autocorrelation so many periods of each tempo later."""
    lags = 60.0 * BEAT_RATE / bpm * periods
    return np.asarray(np.interp(lags, np.arange(len(correlation)), correlation))


def _fold_features(signals: np.ndarray, bpm: float) -> np.ndarray:
    """(25,) of each signal's mean beat, and how strong every other beat is."""
    beat = _fold(signals, bpm)  # (W, S, 12)
    strengths = [
        beat[:, :, 0],
        beat[:, :, 6],
        (beat[:, :, 4] + beat[:, :, 8]) / 2,  # thirds
        (beat[:, :, 3] + beat[:, :, 9]) / 2,  # quarters
        _fold(signals, bpm / 2)[:, :, 6],
    ]
    return np.asarray(np.stack(strengths, axis=2).mean(axis=0).ravel())


def _fold(signals: np.ndarray, bpm: float) -> np.ndarray:
    """(W, S, 12) each signal over one beat, its mean as unit, from the strongest twelfth on."""
    num_frames = signals.shape[2]
    phases = np.arange(num_frames) * (bpm / 60.0 / BEAT_RATE) % 1.0
    bins = np.eye(FOLD_BINS)[(phases * FOLD_BINS).astype(int)]  # (T, 12)
    folded = signals @ bins / np.maximum(bins.sum(axis=0), 1.0)
    first = folded.argmax(axis=2)[:, :, None]
    turned = np.take_along_axis(folded, (first + np.arange(FOLD_BINS)) % FOLD_BINS, axis=2)
    return np.asarray(turned / np.maximum(turned.mean(axis=2, keepdims=True), 1e-9))


def _event_counts(signals: np.ndarray) -> tuple[float, float, float]:
    """Peaks a minute: likely beats, sure beats, rises of the spectrum."""
    both, rise = signals[:, 0], signals[:, 2:].mean(axis=1)
    minutes = both.size / BEAT_RATE / 60.0
    loud = 2.0 * rise.mean(axis=1, keepdims=True)
    counts = (_peaks(both, LIKELY_BEAT), _peaks(both, SURE_BEAT), _peaks(rise, loud))
    likely, sure, rising = (float(count) / minutes for count in counts)
    return likely, sure, rising


def _peaks(rows: np.ndarray, least: np.ndarray | float) -> int:
    """How many frames of (W, T) rows lie above their neighbours and above a least value."""
    inner = rows[:, 1:-1]
    above = (inner > rows[:, :-2]) & (inner >= rows[:, 2:]) & (inner > least)
    return int(np.count_nonzero(above))


def _refine(rhythm: Rhythm, bpm: float) -> float:
    """The tempo around a candidate at which the beats repeat best over many periods."""
    correlation = rhythm.correlations[0]
    most = int(len(correlation) / 2 / (60.0 * BEAT_RATE / bpm))
    near = bpm * np.exp(np.arange(-REFINE_SPAN, REFINE_SPAN + REFINE_STEP / 2, REFINE_STEP))
    return float(near[periodicity(correlation, near, num_periods=max(4, most)).argmax()])
