"""A constant-Q transform folded to pitch classes, as `librosa.feature.chroma_cqt` makes it.

The same numbers bit for bit, with numpy, scipy and soxr alone: librosa would compile its loops on
first use (about 20 s of processor time) and bring numba into every process that hears a sound.
Knows no key and no network.

Seven octaves from C1, 36 bins each; an octave's filters are correlated with a signal of half the
rate of the octave above. The tuning is the commonest distance of spectral peaks from the bins.
Sources: librosa 0.11 (ISC licence); C. Schoerkhuber and A. Klapuri, Constant-Q transform toolbox
for music processing, SMC 2010.

N samples, T frames, B bins (252), F frequency bins of a Fourier transform.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from encoders.trunks.spectrum import SAMPLE_RATE

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HOP_LENGTH = 512
BINS_PER_OCTAVE = 36
NUM_OCTAVES = 7
NUM_BINS = BINS_PER_OCTAVE * NUM_OCTAVES  # 252
LOWEST_HZ = 440.0 * 2.0 ** ((24 - 69) / 12)  # C1, 32.7 Hz
SPARSITY = 0.01  # share of a filter's magnitude that is dropped
TUNING_FFT, TUNING_HOP = 2_048, 512
TUNING_LOW_HZ, TUNING_HIGH_HZ = 150.0, 4_000.0
TUNING_STEPS = 100  # of a bin
PEAK_SHARE = 0.1  # of the frame's largest magnitude
BLOCK_FRAMES = 4_096


@dataclass(frozen=True, kw_only=True, eq=False)
class _Filters:
    """Holds the filters of one tuning: per octave from the top a matrix (36, F), and all lengths.

    A matrix is for a transform of `2 (F - 1)` points.
    """

    octaves: "tuple[csr_array, ...]"
    lengths: np.ndarray  # (B,) samples at the full rate


def fold_pitch_classes(samples: np.ndarray) -> np.ndarray:
    """(12, T) float32 magnitude of each pitch class from C, every 512 of (N,) float32 samples."""
    magnitude = np.abs(_constant_q(samples, _tuned_filters(find_tuning(samples))))  # (B, T)
    merged = np.roll(
        np.repeat(np.eye(12), BINS_PER_OCTAVE // 12, axis=1), -(BINS_PER_OCTAVE // 24), axis=1
    )
    fold = np.tile(merged, NUM_OCTAVES).astype(np.float32)  # (12, B)
    return np.asarray(np.einsum("cf,ft->ct", fold, magnitude, optimize=True))


def find_tuning(samples: np.ndarray) -> float:
    """How far the spectral peaks lie from the bins, as a share of a bin, -0.5 to 0.5."""
    frequencies, magnitudes = _spectral_peaks(samples)
    if len(frequencies) == 0:
        return 0.0
    strong = frequencies[magnitudes >= np.median(magnitudes)]
    octaves = np.log2(strong / (440.0 / 16))
    residual = np.mod(BINS_PER_OCTAVE * octaves, 1.0)
    residual[residual >= 0.5] -= 1.0
    counts, edges = np.histogram(residual, np.linspace(-0.5, 0.5, TUNING_STEPS + 1))
    return float(edges[counts.argmax()])


def _spectral_peaks(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and magnitudes (P,) float32 of the peaks between 150 and 4,000 Hz.

    Each is the top of a parabola through a bin and its neighbours.
    """
    from scipy.signal import get_window

    window = get_window("hann", TUNING_FFT)
    spectrum = np.abs(_transform(samples, TUNING_FFT, TUNING_HOP, window=window))  # (T, F)
    floor = np.float32(PEAK_SHARE) * spectrum.max(axis=1, keepdims=True)
    loud = np.where(spectrum > floor, spectrum, np.float32(0.0))
    # The first bin above 150 Hz and the last below 4,000 Hz: no edge of the spectrum is a peak.
    hz = np.arange(1 + TUNING_FFT // 2) * (SAMPLE_RATE / TUNING_FFT)
    first, stop = np.searchsorted(hz, (TUNING_LOW_HZ, TUNING_HIGH_HZ))
    middle = loud[:, first:stop]
    peaks = (middle > loud[:, first - 1 : stop - 1]) & (middle >= loud[:, first + 1 : stop + 1])
    bins, frames = np.nonzero(peaks.T)
    bins += first
    before, here, after = (spectrum[frames, bins + step] for step in (-1, 0, 1))
    bend = (after + before).astype(np.float64) - 2.0 * here
    slope = (after - before).astype(np.float64) / 2.0
    inside = np.abs(slope) < np.abs(bend)
    shift = np.where(inside, -slope / np.where(inside, bend, 1.0), 0.0).astype(np.float32)
    frequencies = ((bins + shift.astype(np.float64)) * SAMPLE_RATE / TUNING_FFT).astype(np.float32)
    rise = np.float32(0.5) * ((after - before) / np.float32(2.0)) * shift
    return frequencies, here + rise


def _constant_q(samples: np.ndarray, filters: _Filters) -> np.ndarray:
    """(B, T) complex64 in Fortran order, lowest bin first."""
    responses = []
    signal, hop = samples, HOP_LENGTH
    for octave, matrix in enumerate(filters.octaves):
        if octave:
            signal, hop = _halve_rate(signal), hop // 2
        spectrum = _transform(signal, 2 * (matrix.shape[1] - 1), hop)
        responses.append(matrix @ np.ascontiguousarray(spectrum.T))
    num_frames = min(response.shape[1] for response in responses)
    stacked = np.empty((NUM_BINS, num_frames), dtype=np.complex64, order="F")
    for octave, response in enumerate(reversed(responses)):
        rows = slice(octave * BINS_PER_OCTAVE, (octave + 1) * BINS_PER_OCTAVE)
        stacked[rows] = response[:, :num_frames]
    stacked /= np.sqrt(filters.lengths)[:, None]
    return stacked


def _halve_rate(samples: np.ndarray) -> np.ndarray:
    """(N / 2,) float32 samples of the same energy at half the rate."""
    import soxr

    half = soxr.resample(samples, 2, 1, quality="soxr_hq")
    length = -(-len(samples) // 2)
    fixed = np.pad(half[:length], (0, max(0, length - len(half))))
    fixed /= np.sqrt(0.5)
    return np.asarray(fixed, dtype=np.float32)


def _transform(
    samples: np.ndarray, num_points: int, hop: int, *, window: np.ndarray | None = None
) -> np.ndarray:
    """(T, F) complex64 of centred frames with zeros beyond the ends; worked out in float64."""
    import scipy.fft

    padded = np.pad(samples, num_points // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, num_points)[::hop]
    spectrum = np.empty((len(frames), 1 + num_points // 2), dtype=np.complex64)
    for start in range(0, len(frames), BLOCK_FRAMES):
        block = frames[start : start + BLOCK_FRAMES].astype(np.float64)
        spectrum[start : start + BLOCK_FRAMES] = scipy.fft.rfft(
            block if window is None else block * window, axis=1
        )
    return spectrum


@lru_cache(maxsize=TUNING_STEPS)
def _tuned_filters(tuning: float) -> _Filters:
    """The filters of a tuning; about 0.5 MB."""
    lowest = LOWEST_HZ * 2.0 ** (tuning / BINS_PER_OCTAVE)
    ratios = 2.0 ** (np.arange(BINS_PER_OCTAVE, dtype=float) / BINS_PER_OCTAVE)
    octaves = 2.0 ** np.arange(float(NUM_OCTAVES))
    hz = np.sort(np.multiply.outer(octaves, ratios).flatten()) * lowest
    width = _relative_bandwidth(hz)
    matrices = []
    for octave in range(NUM_OCTAVES):
        bins = slice(
            NUM_BINS - BINS_PER_OCTAVE * (octave + 1), NUM_BINS - BINS_PER_OCTAVE * octave
        )
        matrix = _octave_matrix(hz[bins], width[bins], SAMPLE_RATE / 2**octave)
        matrix.data *= np.sqrt(2.0**octave)
        matrices.append(matrix)
    return _Filters(octaves=tuple(matrices), lengths=1.0 / width * SAMPLE_RATE / hz)


def _relative_bandwidth(hz: np.ndarray) -> np.ndarray:
    """Of each bin, from its distance to the neighbours."""
    octaves = np.log2(hz)
    per_octave = np.empty_like(hz)
    per_octave[0] = 1 / (octaves[1] - octaves[0])
    per_octave[-1] = 1 / (octaves[-1] - octaves[-2])
    per_octave[1:-1] = 2 / (octaves[2:] - octaves[:-2])
    squared = 2.0 ** (2 / per_octave)
    return np.asarray((squared - 1) / (squared + 1))


def _octave_matrix(hz: np.ndarray, width: np.ndarray, rate: float) -> "csr_array":
    """(36, F) spectra of the filters, their smallest values dropped."""
    import scipy.fft
    from scipy.sparse import csr_array

    lengths = 1.0 / width * rate / hz
    num_points = int(2.0 ** np.ceil(np.log2(max(lengths))))
    waves = [_wave(length, f, rate) for length, f in zip(lengths, hz, strict=True)]
    centred = np.zeros((len(hz), num_points), dtype=np.complex64)
    for row, wave in zip(centred, waves, strict=True):
        start = (num_points - len(wave)) // 2
        row[start : start + len(wave)] = wave
    centred *= lengths[:, None] / float(num_points)
    spectra = scipy.fft.fft(centred, axis=1)[:, : num_points // 2 + 1]
    magnitudes = np.abs(spectra)
    ordered = np.sort(magnitudes, axis=1)
    below = np.cumsum(ordered / magnitudes.sum(axis=1, keepdims=True), axis=1) < SPARSITY
    least = np.take_along_axis(ordered, np.argmin(below, axis=1)[:, None], axis=1)
    return csr_array(np.where(magnitudes >= least, spectra, np.complex64(0)))


def _wave(length: float, hz: float, rate: float) -> np.ndarray:
    """A windowed complex sinusoid whose magnitudes add up to one."""
    from scipy.signal import get_window

    angles = np.arange(-length // 2, length // 2, dtype=float) * 2 * np.pi * hz / rate
    wave = (np.cos(angles) + 1j * np.sin(angles)) * get_window("hann", len(angles))
    return np.asarray(wave / np.sum(np.abs(wave)))
