"""Changes of a sound that leave it the same piece: coding, filters, pitch, level, noise.

    for name, change in LIKENESS_CHANGES.items():
        changed = change(samples)                   # (N,) float32 at 16 kHz, as long as before

Each is deterministic, or takes the generator that it draws from. The chain that contrastive
learning of a trunk needs is built of them (CLMR, Spijkervet and Burgoyne, ISMIR 2021). N samples;
knows no features.
"""

import io
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

SAMPLE_RATE = 16_000
FRAME, HOP = 2_048, 512  # of the phase vocoder: 128 and 32 ms
FILTER_TAPS = 255

Change = Callable[[np.ndarray], np.ndarray]


def re_encode(
    samples: np.ndarray, *, bit_rate: int = 64_000, codec: str = "libmp3lame"
) -> np.ndarray:
    """The samples after lossy coding and decoding, without the codec's delay."""
    import av

    coded = io.BytesIO()
    with av.open(coded, "w", format="mp3") as target:
        stream = target.add_stream(codec, rate=SAMPLE_RATE, bit_rate=bit_rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            target.mux(packet)
    coded.seek(0)
    with av.open(coded) as source:
        parts = [f.to_ndarray().reshape(-1) for f in source.decode(audio=0)]
    return _as_long(np.concatenate(parts), len(samples))


def low_pass(samples: np.ndarray, *, cutoff_hz: float = 4_000.0) -> np.ndarray:
    """What is left below the cutoff: a windowed sinc of 255 taps, zero phase."""
    return _filter(samples, _low_taps(cutoff_hz))


def high_pass(samples: np.ndarray, *, cutoff_hz: float = 200.0) -> np.ndarray:
    """What is left above the cutoff."""
    taps = -_low_taps(cutoff_hz)
    taps[FILTER_TAPS // 2] += 1.0
    return _filter(samples, taps)


def shift_pitch(samples: np.ndarray, *, semitones: float) -> np.ndarray:
    """Higher or lower at the same tempo: a phase vocoder, then resampling.

    Flanagan and Golden 1966; the phases advance by what neighbouring frames say of the frequency.
    """
    ratio = 2.0 ** (semitones / 12.0)
    stretched = _stretch(samples, ratio)
    places = np.arange(len(samples)) * ratio
    return _as_long(_at(stretched, places), len(samples))


def change_level(samples: np.ndarray, *, gain_db: float) -> np.ndarray:
    """Louder or softer; what passes full scale is cut off."""
    return np.asarray(np.clip(samples * 10.0 ** (gain_db / 20.0), -1.0, 1.0).astype(np.float32))


def add_noise(samples: np.ndarray, rng: np.random.Generator, *, ratio_db: float) -> np.ndarray:
    """White noise so far below the sound's own level."""
    level = np.sqrt(np.square(samples, dtype=np.float64).mean()) * 10.0 ** (-ratio_db / 20.0)
    return np.asarray((samples + level * rng.standard_normal(len(samples))).astype(np.float32))


# What a recording may go through and still be the same: the likeness of sounds learns from these.
LIKENESS_CHANGES: dict[str, Change] = {
    "coded": re_encode,
    "dull": low_pass,
    "higher": partial(shift_pitch, semitones=1.0),
    "lower": partial(shift_pitch, semitones=-1.0),
}


def _low_taps(cutoff_hz: float) -> np.ndarray:
    places = np.arange(FILTER_TAPS) - FILTER_TAPS // 2
    taps = np.sinc(2.0 * cutoff_hz / SAMPLE_RATE * places) * np.hanning(FILTER_TAPS)
    return np.asarray(taps / taps.sum())


def _filter(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(samples, taps, mode="same"), dtype=np.float32)


def _stretch(samples: np.ndarray, ratio: float) -> np.ndarray:
    """The samples `ratio` times as long, every frequency where it was."""
    window = np.hanning(FRAME + 1)[:-1]
    padded = np.pad(samples.astype(np.float64), FRAME)
    starts = np.arange(HOP, len(padded) - FRAME, HOP / ratio).astype(int)
    here = np.fft.rfft(_frames(padded, starts) * window, axis=1)  # (T, 1025)
    before = np.fft.rfft(_frames(padded, starts - HOP) * window, axis=1)
    out = np.zeros(len(starts) * HOP + FRAME)
    written = here[0]
    for i in range(len(starts)):
        written = here[i] * _phasor(_locked(written) * before[i].conj())
        out[i * HOP : i * HOP + FRAME] += np.fft.irfft(written, n=FRAME) * window
    start = int((FRAME - HOP) * ratio)
    return np.asarray(out[start:] / (np.square(window).sum() / HOP))


def _locked(frame: np.ndarray) -> np.ndarray:
    """Each bin with its neighbours, whose phases alternate under the window (Puckette 1995)."""
    around = np.pad(frame, 1)
    return np.asarray(frame - around[:-2] - around[2:])


def _phasor(values: np.ndarray) -> np.ndarray:
    return np.asarray((values + 1e-12) / np.abs(values + 1e-12))


def _frames(padded: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, FRAME)[starts])


def _at(samples: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values between samples: four times finer by zero padding the spectrum, then linear."""
    from scipy.signal import resample

    fine = np.asarray(resample(samples, 4 * len(samples)))
    return np.asarray(np.interp(places * 4.0, np.arange(len(fine)), fine))


def _as_long(samples: np.ndarray, length: int) -> np.ndarray:
    kept = np.asarray(samples[:length], dtype=np.float32)
    return np.pad(kept, (0, length - len(kept)))
