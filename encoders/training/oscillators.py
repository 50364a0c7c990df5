"""Plays notes with plain oscillators, as old game machines and analogue synthesizers do.

    samples = play_oscillators(excerpt, rng)        # (N,) float32 at 48 kHz

Sound fonts hold a few sampled synthesizer tones; most synthetic music, chip music above all, is
made of waves that no font has: pulses of three widths, triangles, saws, two saws out of tune, a
sine bent by another (Chowning, The synthesis of complex audio spectra by means of frequency
modulation, 1973), and noise for drums. A channel keeps one tone, drawn by chance.
"""

from dataclasses import dataclass

import numpy as np

from encoders.training.orchestrate import Excerpt
from encoders.training.programs import DRUMS

RATE = 48_000
WAVES = ("pulse 12", "pulse 25", "pulse 50", "triangle", "saw", "two saws", "bent sine")
LOW_DRUMS = (35, 36, 41, 43, 45, 47, 64)


@dataclass(frozen=True, kw_only=True)
class Tone:
    """Holds what one channel sounds like."""

    wave: str
    attack_s: float
    decay_s: float
    sustain: float  # level after the decay
    release_s: float
    vibrato_cents: float
    bend: float  # of the bent sine, radians
    gain: float


def play_oscillators(excerpt: Excerpt, rng: np.random.Generator) -> np.ndarray:
    """(N,) float32 mono samples, not normalised."""
    size = round((excerpt.duration_s + 0.5) * RATE)
    mixed = np.zeros(size)
    tones = {int(c): _draw_tone(rng) for c in np.unique(excerpt.notes[:, 5])}
    audible = excerpt.notes[excerpt.notes[:, 0] < excerpt.duration_s]
    for onset, duration, pitch, velocity, program, channel in audible:
        tone, start = tones[int(channel)], round(onset * RATE)
        if program == DRUMS:
            sound = _stroke(int(pitch), rng)
        else:
            sound = _note(tone, 440.0 * 2 ** ((pitch - 69) / 12), duration)
        sound = sound[: size - start]
        mixed[start : start + len(sound)] += tone.gain * (velocity / 127) ** 2 * sound
    return mixed.astype(np.float32)


def _draw_tone(rng: np.random.Generator) -> Tone:
    return Tone(
        wave=str(rng.choice(WAVES)),
        attack_s=float(rng.choice([0.002, 0.01, 0.05])),
        decay_s=float(rng.uniform(0.05, 0.6)),
        sustain=float(rng.choice([0.0, 0.4, 0.8, 1.0])),
        release_s=float(rng.uniform(0.01, 0.2)),
        vibrato_cents=float(rng.choice([0.0, 0.0, 15.0, 35.0])),
        bend=float(rng.uniform(0.5, 5.0)),
        gain=float(rng.uniform(0.4, 1.0)),
    )


def _note(tone: Tone, hz: float, duration_s: float) -> np.ndarray:
    times = np.arange(round((duration_s + tone.release_s) * RATE)) / RATE
    cents = tone.vibrato_cents * np.sin(2 * np.pi * 5.5 * times) * (times > 0.15)
    turns = np.cumsum(hz * 2 ** (cents / 1200)) / RATE
    rising = np.minimum(times / tone.attack_s, 1.0)
    falling = tone.sustain + (1 - tone.sustain) * np.exp(-times / tone.decay_s)
    dying = np.clip((duration_s + tone.release_s - times) / tone.release_s, 0.0, 1.0)
    return np.asarray(_wave(tone, turns) * rising * falling * dying)


def _wave(tone: Tone, turns: np.ndarray) -> np.ndarray:
    place = turns % 1.0
    match tone.wave.split():
        case ["pulse", width]:
            share = {"12": 0.125, "25": 0.25, "50": 0.5}[width]
            return np.where(place < share, 1.0, -1.0) - (2 * share - 1)
        case ["triangle"]:
            return 4 * np.abs(place - 0.5) - 1
        case ["saw"]:
            return 2 * place - 1
        case ["two", "saws"]:
            return place + (turns * 1.008 + 0.3) % 1.0 - 1
    return np.asarray(np.sin(2 * np.pi * turns + tone.bend * np.sin(4 * np.pi * turns)))


def _stroke(key: int, rng: np.random.Generator) -> np.ndarray:
    """A falling sine for low drums, noise for the others: held longer, the darker it is."""
    if key in LOW_DRUMS:
        times = np.arange(round(0.2 * RATE)) / RATE
        swing = np.sin(2 * np.pi * (45.0 * times + 4.0 * (1 - np.exp(-times / 0.03))))
        return np.asarray(1.5 * swing * np.exp(-times / 0.07))
    held = 12 if key in (38, 40, 39, 37) else 4 if key < 50 else 6
    length_s = 0.25 if key in (46, 49, 51, 52, 55, 57) else 0.12
    times = np.arange(round(2 * length_s * RATE)) / RATE
    noise = np.repeat(rng.uniform(-1, 1, len(times) // held + 1), held)[: len(times)]
    return np.asarray(noise * np.exp(-times / (length_s / 3)))
