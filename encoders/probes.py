"""Fixed inputs that every healthy tower tells apart: sentences, sounds and clips made by code.

The sounds are sketches of music drawn with sines and noise from a fixed generator, the clips
stripes of a colour at rest or in motion. Nothing here is music, a picture of anything, or read
from a file, so nothing can be missing. Knows no tower.

N samples at 16 kHz, T frames.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from media.audio import TRUNK_RATE, Sound
from media.video import Frames

SOUND_S = 3.0
CLIP_FRAMES, CLIP_ROWS, CLIP_COLUMNS = 4, 72, 128
FRAMES_PER_SECOND = 4.0

SENTENCES = (
    "a slow sad piano", "fast heavy metal with distorted guitars", "a quiet lullaby",
    "cheerful folk dance with an accordion", "dark ambient drones", "techno for a night club",
    "a solemn choir", "funky bass and drums", "romantic strings", "an angry punk song",
    "boss fight at dawn", "rain on a window",
)  # fmt: skip

ANTONYMS = (
    ("calm music", "energetic music"), ("happy music", "sad music"), ("loud music", "quiet music"),
    ("fast music", "slow music"), ("acoustic music", "electronic music"),
    ("tender music", "aggressive music"), ("dark music", "bright music"),
    ("relaxed music", "tense music"), ("music with drums", "music without drums"),
)  # fmt: skip

# What each sound is a sketch of, in words that no other sound fits as well.
SOUND_WORDS: Mapping[str, str] = MappingProxyType({
    "pad": "calm quiet ambient music",
    "beat": "loud energetic electronic dance music",
    "pluck": "acoustic guitar, folk",
    "wall": "aggressive heavy metal with distorted guitars",
})  # fmt: skip

# And what each clip suggests: the sentence whose affect lies nearer than the others'.
CLIP_WORDS: Mapping[str, str] = MappingProxyType({
    "bright still": "calm happy music",
    "dark still": "calm sad music",
    "bright fast": "energetic happy music",
    "dark fast": "energetic tense music",
})  # fmt: skip


def probe_sounds() -> dict[str, Sound]:
    """The sounds by name, 3 s each, mono at 16 kHz."""
    drawn: Mapping[str, Callable[[], np.ndarray]] = {
        "pad": _pad, "beat": _beat, "pluck": _pluck, "wall": _wall,
    }  # fmt: skip
    return {
        name: Sound(samples=draw().astype(np.float32), sample_rate=TRUNK_RATE)
        for name, draw in drawn.items()
    }


def probe_clips() -> dict[str, Frames]:
    """The clips by name, 4 frames at 4 frames a second."""
    bright, dark = (150, 180, 210), (50, 45, 55)
    drawn = {
        "bright still": _stripes(bright, 40.0, speed=0),
        "dark still": _stripes(dark, 25.0, speed=0),
        "bright fast": _stripes(bright, 40.0, speed=13),
        "dark fast": _stripes(dark, 25.0, speed=13),
    }
    times_s = np.arange(CLIP_FRAMES, dtype=np.float32) / np.float32(FRAMES_PER_SECOND)
    return {
        name: Frames(
            rgb=rgb,
            times_s=times_s,
            duration_s=CLIP_FRAMES / FRAMES_PER_SECOND,
            frame_rate=FRAMES_PER_SECOND,
        )
        for name, rgb in drawn.items()
    }


def _times() -> np.ndarray:
    return np.arange(int(SOUND_S * TRUNK_RATE)) / TRUNK_RATE


def _pad() -> np.ndarray:
    """A soft chord of sines that swells: C3, G3, C4, E4."""
    t = _times()
    voices = [np.sin(2 * np.pi * f * t) for f in (130.81, 196.0, 261.63, 329.63)]
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.25 * t)
    return np.asarray(0.02 * swell * np.sum(voices, axis=0))


def _beat() -> np.ndarray:
    """132 beats a minute: a falling sine on each beat, noise between, a saw bass."""
    t = _times()
    beat_s = 60.0 / 132.0
    since = t % beat_s
    fall = 50.0 * since + 8.0 * (1.0 - np.exp(-30.0 * since))
    kick = np.exp(-14.0 * since) * np.sin(2 * np.pi * fall)
    off = (t + beat_s / 2) % beat_s
    hat = _noise() * np.exp(-60.0 * off)
    bass = 2.0 * ((55.0 * t) % 1.0) - 1.0
    return np.asarray(0.6 * kick + 0.25 * hat + 0.2 * bass * (since > 0.1))


def _pluck() -> np.ndarray:
    """An arpeggio of plucked strings: decaying harmonics, a note each 0.375 s."""
    t = _times()
    notes = (196.0, 246.94, 293.66, 392.0, 293.66, 246.94, 220.0, 329.63)
    total = np.zeros_like(t)
    for i, pitch in enumerate(notes):
        since = t - 0.375 * i
        for k in range(1, 9):
            ring = np.exp(-(2.0 + 1.2 * k) * np.maximum(since, 0.0)) / k
            total += np.where(since >= 0, ring * np.sin(2 * np.pi * k * pitch * since), 0.0)
    return np.asarray(0.12 * total)


def _wall() -> np.ndarray:
    """Power chords driven into clipping over quick drums of noise."""
    t = _times()
    root = np.where((t % 1.5) < 0.75, 82.41, 98.0)
    phase = 2 * np.pi * np.cumsum(root) / TRUNK_RATE
    driven = np.tanh(8.0 * (np.sin(phase) + np.sin(1.5 * phase) + 0.5 * np.sin(2 * phase)))
    drum = _noise() * np.exp(-25.0 * (t % 0.1875))
    return np.asarray(0.4 * driven + 0.3 * drum)


def _noise() -> np.ndarray:
    return np.random.default_rng(7).standard_normal(int(SOUND_S * TRUNK_RATE))


def _stripes(colour: tuple[int, int, int], depth: float, *, speed: int) -> np.ndarray:
    """Soft upright stripes of a colour, so many columns further from frame to frame."""
    columns = np.arange(CLIP_COLUMNS)
    frames = []
    for i in range(CLIP_FRAMES):
        wave = depth * np.sin(2 * np.pi * (columns + speed * i) / 40.0)
        frames.append(wave[None, :, None] + np.zeros((CLIP_ROWS, 1, 1)) + np.array(colour))
    return np.asarray(np.clip(np.stack(frames), 0, 255), dtype=np.uint8)
