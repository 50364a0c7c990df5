"""What happens to recordings on their way: coded small, dulled, shifted in pitch.

Written apart from the changes that the likeness of sounds learns from
(`encoders/training/augment.py`): other filters, another way to shift, so that nothing is found
again by the marks of one implementation.

    for name, change in CHANGES.items():
        changed = change(samples)           # (N,) float32 mono at 16 kHz, about as long as before
"""

import io
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

SAMPLE_RATE = 16_000
CODED_RATE = 44_100
BIT_RATE = 64_000
CUTOFF_HZ = 4_000.0
WINDOW = 1_024  # 64 ms
HOP = WINDOW // 2
SEARCH = 256  # 16 ms to both sides

Change = Callable[[np.ndarray], np.ndarray]


def code_as_mp3(samples: np.ndarray) -> np.ndarray:
    """64 kbit/s MP3 at 44.1 kHz and back."""
    import av
    import soxr

    fine = soxr.resample(samples, SAMPLE_RATE, CODED_RATE).astype(np.float32)
    coded = io.BytesIO()
    with av.open(coded, "w", format="mp3") as target:
        stream = target.add_stream("libmp3lame", CODED_RATE, bit_rate=BIT_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(fine[None], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = CODED_RATE, 0, Fraction(1, CODED_RATE)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            target.mux(packet)
    coded.seek(0)
    with av.open(coded) as source:
        decoded = np.concatenate([f.to_ndarray().reshape(-1) for f in source.decode(audio=0)])
    return np.asarray(soxr.resample(decoded, CODED_RATE, SAMPLE_RATE), dtype=np.float32)


def dull(samples: np.ndarray) -> np.ndarray:
    """A Butterworth low-pass of order 4 at 4 kHz."""
    from scipy.signal import butter, sosfilt

    sections = butter(4, CUTOFF_HZ, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(sections, samples), dtype=np.float32)


def shift(samples: np.ndarray, *, semitones: float) -> np.ndarray:
    """Higher or lower at the same tempo: stretched in time, then played faster or slower."""
    import soxr

    ratio = 2.0 ** (semitones / 12.0)
    stretched = stretch(samples, ratio)
    return np.asarray(soxr.resample(stretched, SAMPLE_RATE * ratio, SAMPLE_RATE), np.float32)


def stretch(samples: np.ndarray, ratio: float) -> np.ndarray:
    """`ratio` times as long at the same pitch, by overlapping pieces that fit one another.

    WSOLA: each piece is taken within 16 ms of its place where it resembles what would have
    followed the piece before. Source: W. Verhelst, M. Roelands, An overlap-add technique based on
    waveform similarity, ICASSP 1993.
    """
    window = np.hanning(WINDOW + 1)[:-1]
    padded = np.pad(samples.astype(np.float64), (SEARCH, WINDOW + 2 * SEARCH + HOP))
    num_pieces = int(len(samples) * ratio) // HOP
    out = np.zeros(num_pieces * HOP + WINDOW)
    place = SEARCH
    for i in range(num_pieces):
        if i:
            asked = min(
                int(i * HOP / ratio), len(samples)
            )  # start of the search, padding included
            around = padded[asked : asked + WINDOW + 2 * SEARCH]
            follows = padded[place + HOP : place + HOP + WINDOW]
            place = asked + _best_offset(around, follows)
        out[i * HOP : i * HOP + WINDOW] += padded[place : place + WINDOW] * window
    return out[: int(len(samples) * ratio)].astype(np.float32)


CHANGES: dict[str, Change] = {
    "64 kbit/s MP3": code_as_mp3,
    "low-pass 4 kHz": dull,
    "pitch + 1 semitone": partial(shift, semitones=1.0),
}


def _best_offset(around: np.ndarray, wanted: np.ndarray) -> int:
    """Where in `around` (W + 2 S,) a piece resembles (W,) `wanted` most, by cosine."""
    from scipy.signal import fftconvolve

    products = fftconvolve(around, wanted[::-1], mode="valid")  # (2 S + 1,)
    energies = np.convolve(np.square(around), np.ones(len(wanted)), mode="valid")
    return int(np.argmax(products / np.sqrt(np.maximum(energies, 1e-9))))
