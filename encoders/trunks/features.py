"""From samples to the frozen features of a sound, patch by patch; knows no space and no head.

    trunk, finders = load_musicnn(), load_finders()
    features = sound_features(sound, trunk, finders)
    features.pools           # (P, 1506) of the audio trunk
    features.tag_logits      # (P, 50), in the order of musicnn.TAGS
    features.signal          # (P, 9), in the order of signal.SIGNAL_NAMES
    features.starts_s        # (P,)
    features.segments        # (S, 3) rows of patches; segment_mean(rows, segments) -> (S, D)
    features.segment_starts_s, features.tempo_bpm, features.key, features.loudness_db
    features.track_mean(features.pools)     # (1506,) over the whole track

Patches last 187 frames (2.99 s) and start every 3 s; what is left over at the end (half a second
or more) gets one patch that ends with the sound. A segment is three patches; segments start every
6 s, the last one ends with the sound:

    0     3     6     9     12    15    18   20.5
    [ 0  ][ 1  ][ 2  ][ 3  ][ 4  ][ 5  ]           patches
                                      [ 6  ]       the patch that ends with the sound
    [ segment 0      ]                             patches 0, 1, 2
                [ segment 1      ]                 patches 2, 3, 4
                            [ segment 2    ]       patches 4, 5, 6

P patches, S segments, T frames of 16 ms.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from encoders.errors import UnusableSound
from encoders.trunks.harmony import read_chroma
from encoders.trunks.musicnn import PATCH_FRAMES, MusicnnTrunk
from encoders.trunks.rhythm import onset_envelope
from encoders.trunks.signal import read_signal
from encoders.trunks.spectrum import (
    FRAME_RATE,
    HOP_LENGTH,
    SAMPLE_RATE,
    Spectrum,
    analyse_spectrum,
)
from encoders.trunks.tempo import TempoFinder, load_tempo_finder
from encoders.trunks.tonality import KeyFinder, load_key_finder
from media.errors import NoContent

if TYPE_CHECKING:
    from media.audio import Sound

PATCH_HOP_S = 3.0
PATCHES_PER_SEGMENT = 3  # 9 s
SEGMENT_HOP_PATCHES = 2  # 6 s
SHORTEST_REST_S = 0.5
MIN_SAMPLES = (PATCH_FRAMES - 1) * HOP_LENGTH + 1  # enough for 187 frames
SILENT_PATCH_DB = -70.0  # a sound whose loudest frame is below has no content


@dataclass(frozen=True, kw_only=True, eq=False)
class Finders:
    """Holds what names tempo and key; no vector of a sound depends on them."""

    tempo: TempoFinder
    key: KeyFinder


@dataclass(frozen=True, kw_only=True)
class SoundFeatures:
    """Holds the frozen features of one sound; all arrays float32 but `segments`.

    Tempo and key are None where none was found, and where no finders looked for them.
    """

    pools: np.ndarray  # (P, 1506)
    tag_logits: np.ndarray  # (P, 50)
    signal: np.ndarray  # (P, 9), SIGNAL_NAMES
    starts_s: np.ndarray  # (P,)
    segments: np.ndarray  # (S, 3) int64 rows of the arrays above
    segment_starts_s: np.ndarray  # (S,)
    tempo_bpm: float | None
    key: str | None
    loudness_db: float  # root mean square of the whole sound, dB to full scale
    duration_s: float

    def track_mean(self, rows: np.ndarray) -> np.ndarray:
        """Mean of (P, ...) rows over the patches."""
        return np.asarray(rows.mean(axis=0))


def segment_mean(rows: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Mean of (P, D) patch rows over each segment's three patches: (S, D)."""
    return np.asarray(rows[segments].mean(axis=1))


@lru_cache(maxsize=1)
def load_finders() -> Finders:
    """The shipped finders of tempo and key.

    Raises:
        BrokenWeights: a file is missing or is not the one in its card.
    """
    return Finders(tempo=load_tempo_finder(), key=load_key_finder())


def sound_features(
    sound: "Sound", trunk: MusicnnTrunk, finders: Finders | None = None
) -> SoundFeatures:
    """Features of a mono sound at 16 kHz; one shorter than a patch is repeated until it fills one.

    Args:
        sound: what is heard.
        trunk: the audio trunk.
        finders: without them neither tempo nor key is looked for.

    Raises:
        UnusableSound: another rate, more than one channel, or values that are not finite.
        NoContent: silence.
    """
    samples = _check_samples(sound)
    filled = np.resize(samples, max(len(samples), MIN_SAMPLES))
    spectrum = analyse_spectrum(filled)
    _refuse_silence(spectrum)
    start_frames = patch_starts(len(spectrum.power))
    patches = np.stack([spectrum.log_mel[s : s + PATCH_FRAMES] for s in start_frames])
    output = trunk.run(patches)
    chroma, envelope = read_chroma(filled), onset_envelope(spectrum)
    signal = read_signal(
        spectrum, chroma, envelope, start_frames=start_frames, num_frames=PATCH_FRAMES
    )
    starts_s = (start_frames / FRAME_RATE).astype(np.float32)
    segments = patch_segments(len(start_frames))
    return SoundFeatures(
        pools=output.pools,
        tag_logits=output.tag_logits,
        signal=signal,
        starts_s=starts_s,
        segments=segments,
        segment_starts_s=starts_s[segments[:, 0]],
        tempo_bpm=None if finders is None else finders.tempo.find(samples),
        key=None if finders is None else finders.key.find(chroma),
        loudness_db=float(10 * np.log10(np.square(samples, dtype=np.float64).mean())),
        duration_s=len(samples) / SAMPLE_RATE,
    )


def patch_starts(num_frames: int) -> np.ndarray:
    """(P,) first frames: every 3 s, and one that ends with the sound if enough is left over."""
    last = num_frames - PATCH_FRAMES
    step = PATCH_HOP_S * FRAME_RATE  # 187.5 frames
    starts = [int(i * step) for i in range(int(last / step) + 1)]
    if (last - starts[-1]) / FRAME_RATE >= SHORTEST_REST_S:
        starts.append(last)
    return np.array(starts, dtype=np.int64)


def patch_segments(num_patches: int) -> np.ndarray:
    """(S, 3) patches of each segment; fewer than three patches are one that repeats the last."""
    if num_patches < PATCHES_PER_SEGMENT:
        return np.minimum(np.arange(PATCHES_PER_SEGMENT), num_patches - 1)[None]
    last = num_patches - PATCHES_PER_SEGMENT
    starts = list(range(0, last + 1, SEGMENT_HOP_PATCHES))
    if starts[-1] != last:
        starts.append(last)
    return np.array(starts)[:, None] + np.arange(PATCHES_PER_SEGMENT)


def _check_samples(sound: "Sound") -> np.ndarray:
    samples = np.asarray(sound.samples, dtype=np.float32)
    if sound.sample_rate != SAMPLE_RATE:
        raise UnusableSound(f"sound at {sound.sample_rate} Hz; the trunk takes {SAMPLE_RATE} Hz")
    if samples.ndim != 1:
        raise UnusableSound(f"samples of shape {samples.shape}; the trunk takes (N,) mono")
    if not np.isfinite(samples).all():
        raise UnusableSound("samples hold NaN or infinite values; decode them anew")
    if len(samples) == 0:
        raise NoContent("the sound has no samples")
    return samples


def _refuse_silence(spectrum: Spectrum) -> None:
    loudest_db = 10 * np.log10(max(float(spectrum.power.max()), 1e-12))
    if loudest_db < SILENT_PATCH_DB:
        raise NoContent(
            f"the sound is silent: its loudest 32 ms reach {loudest_db:.0f} dB, "
            f"at least {SILENT_PATCH_DB:.0f} dB are needed"
        )
