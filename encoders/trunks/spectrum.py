"""One short-time Fourier transform of a sound, and what is read from it; knows no network.

The log-mel patches of the audio trunk and the frame features of `signal.py` come from the same
512-point transform. It runs in blocks of a minute, so an hour of sound needs little more memory
than its samples.

N samples, T frames (T = 1 + N // HOP_LENGTH), B frequency bins, M mel bands.
"""

from dataclasses import dataclass

import numpy as np

SAMPLE_RATE = 16_000
FFT_LENGTH = 512
HOP_LENGTH = 256  # 16 ms
NUM_BINS = FFT_LENGTH // 2 + 1  # 257
NUM_MELS = 96
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH  # 62.5 frames a second
BLOCK_FRAMES = 3_750  # one minute
LOG_GAIN = 10_000.0  # log10(1 + 10000 x mel power)

LOW_HZ, HIGH_HZ = 250.0, 4_000.0
SILENT_POWER = 1e-10


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Holds what one pass over the samples gives, per frame of 16 ms."""

    log_mel: np.ndarray  # (T, 96) float32
    power: np.ndarray  # (T,) mean squared sample around the frame, full scale = 1
    centroid_hz: np.ndarray  # (T,) 0 where silent
    low_share: np.ndarray  # (T,) share of the power below 250 Hz
    high_share: np.ndarray  # (T,) share of the power above 4 kHz


def analyse_spectrum(samples: np.ndarray) -> Spectrum:
    """Transform (N,) float32 mono samples at 16 kHz, frames centred and zeros beyond the ends."""
    padded = np.pad(samples.astype(np.float32, copy=False), FFT_LENGTH // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_LENGTH)[::HOP_LENGTH]  # (T, 512)
    filters = mel_filters()
    blocks = [
        _analyse_block(frames[start : start + BLOCK_FRAMES], filters)
        for start in range(0, len(frames), BLOCK_FRAMES)
    ]
    joined = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    return Spectrum(
        log_mel=joined[0],
        power=joined[1],
        centroid_hz=joined[2],
        low_share=joined[3],
        high_share=joined[4],
    )


def _analyse_block(frames: np.ndarray, filters: np.ndarray) -> tuple[np.ndarray, ...]:
    """Log-mel, power, centroid, low and high share of some frames."""
    window = _hann_window()
    transform = np.fft.rfft(frames * window, axis=1)  # (T, B) complex64
    power = transform.real**2 + transform.imag**2
    log_mel = np.log10(1.0 + np.float32(LOG_GAIN) * (power @ filters.T))
    frequencies = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE).astype(np.float32)
    magnitude = np.sqrt(power)
    centroid_hz = magnitude @ frequencies / np.maximum(magnitude.sum(axis=1), SILENT_POWER)
    total = np.maximum(power.sum(axis=1), SILENT_POWER)
    low = power[:, frequencies < LOW_HZ].sum(axis=1) / total
    high = power[:, frequencies >= HIGH_HZ].sum(axis=1) / total
    mean_square = np.square(frames).mean(axis=1)
    return log_mel.astype(np.float32), mean_square, centroid_hz, low, high


def mel_filters() -> np.ndarray:
    """(M, B) triangular filters, Slaney's scale and area, as `librosa.filters.mel` makes them.

    Source: M. Slaney, Auditory Toolbox, 1998: linear to 1 kHz (200/3 Hz a mel), then 27 mels for
    a factor of 6.4.
    """
    bins_hz = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE)
    top = _hz_to_mel(np.array(SAMPLE_RATE / 2))
    edges_hz = _mel_to_hz(np.linspace(0.0, top, NUM_MELS + 2))
    widths = np.diff(edges_hz)
    ramps = edges_hz[:, None] - bins_hz[None, :]
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    area = (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return np.asarray(filters * area, dtype=np.float32)


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    logarithmic = 15.0 + 27.0 * np.log(np.maximum(hz, 1.0) / 1000.0) / np.log(6.4)
    return np.where(hz >= 1000.0, logarithmic, hz * 3.0 / 200.0)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    logarithmic = 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0))
    return np.where(mel >= 15.0, logarithmic, mel * 200.0 / 3.0)


def _hann_window() -> np.ndarray:
    """The periodic Hann window, as for a transform of even length."""
    phase = 2.0 * np.pi * np.arange(FFT_LENGTH) / FFT_LENGTH
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
