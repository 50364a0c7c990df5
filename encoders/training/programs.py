"""Which General MIDI programs make which instrument, and what of it sounds in an excerpt.

Knows no sound.

    labels = sounding(notes, duration_s)      # (H,) float32: 1 sounds, 0 does not, NaN unsure

Families are those of General MIDI but for three: "winds" joins pipes and reeds, "mallets" are the
tuned percussion, "synth" leads, pads and effects. Programs that a listener may call either way
(a synthetic brass, a harp among strings) make a label unsure, never wrong.

H heads in the order of `HEADS`; notes are rows (onset_s, duration_s, pitch, velocity, program).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

DRUMS = -1
SHORTEST_NOTE_S = 0.4  # plucked and struck notes ring on after their end
SOUNDS_FROM = 0.15  # share of the excerpt in which a program is heard
HITS_FROM_PER_S = 0.6  # drum strokes


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Holds the programs that are an instrument, and those that one may or may not call so."""

    surely: frozenset[int]
    perhaps: frozenset[int] = frozenset()


def _programs(surely: Iterable[int], perhaps: Iterable[int] = ()) -> Programs:
    return Programs(surely=frozenset(surely), perhaps=frozenset(perhaps))


FAMILIES: Mapping[str, Programs] = MappingProxyType(
    {
        "keys": _programs(range(8), (15,)),
        "organ": _programs(range(16, 21), (21, 22, 23)),
        "guitar": _programs(range(24, 32), (15, 46, 104, 105, 106, 107, 120)),
        "bass": _programs(range(32, 40), (43, 58, 87)),
        "strings": _programs((*range(40, 46), *range(48, 52), 110), (46, 55, 92, 106)),
        "brass": _programs(range(56, 64), (55,)),
        "winds": _programs((*range(64, 80), 111), (20, 21, 22, 23, 82, 83, 109)),
        "voice": _programs((52, 53, 54), (85, 91, 126)),
        "synth": _programs(range(80, 104), (5, 38, 39, 50, 51, 54, 55, 62, 63, 118)),
        "mallets": _programs((*range(8, 16), 108, 112, 114), (46, 98, 113, 115)),
        "drums": _programs((DRUMS,), (47, 113, *range(115, 120), 127)),
    }
)
INSTRUMENTS: Mapping[str, Programs] = MappingProxyType(
    {
        "piano": _programs(range(4)),
        "electric piano": _programs((4, 5)),
        "harpsichord": _programs((6,), (7,)),
        "celesta": _programs((8, 9, 10), (98, 112)),
        "vibraphone": _programs((11,)),
        "marimba": _programs((12, 13), (108, 115)),
        "bells": _programs((14, 112), (9, 98)),
        "church organ": _programs((19,), (16, 17, 18, 20)),
        "accordion": _programs((21, 23), (20, 22)),
        "harmonica": _programs((22,), (20, 21, 23)),
        "acoustic guitar": _programs((24, 25), (26, 31, 105, 106, 107)),
        "electric guitar": _programs((26, 27, 28), (24, 25, 29, 30, 31)),
        "distorted guitar": _programs((29, 30), (31, 84)),
        "double bass": _programs((32,), (43, 35)),
        "synth bass": _programs((38, 39), (36, 37, 87)),
        "violin": _programs((40, 110), (41,)),
        "cello": _programs((42,), (41, 43)),
        "harp": _programs((46,)),
        "timpani": _programs((47,)),
        "trumpet": _programs((56, 59), (61,)),
        "trombone": _programs((57,), (58, 60, 61)),
        "french horn": _programs((60,), (57, 61)),
        "saxophone": _programs(range(64, 68), (111,)),
        "oboe": _programs((68, 69), (70, 111)),
        "clarinet": _programs((71,)),
        "flute": _programs(range(72, 80)),
        "synth pad": _programs(range(88, 96), (50, 51, 54)),
    }
)
HEADS: Mapping[str, Programs] = MappingProxyType({**FAMILIES, **INSTRUMENTS})


def sounding(notes: np.ndarray, duration_s: float) -> np.ndarray:
    """(H,) labels of an excerpt of `duration_s` seconds that starts at 0."""
    shares = _shares(notes, duration_s)
    labels = np.zeros(len(HEADS), dtype=np.float32)
    for column, programs in enumerate(HEADS.values()):
        sure = max((shares.get(p, 0.0) for p in programs.surely), default=0.0)
        doubt = any(p in shares for p in programs.perhaps) or sure > 0.0
        labels[column] = 1.0 if sure >= SOUNDS_FROM else np.nan if doubt else 0.0
    return labels


def _shares(notes: np.ndarray, duration_s: float) -> dict[int, float]:
    """Share of the excerpt in which each program is heard; for drums scaled by their strokes."""
    shares = {}
    for program in np.unique(notes[:, 4]).astype(int):
        own = notes[notes[:, 4] == program]
        if program == DRUMS:
            shares[DRUMS] = len(own) / duration_s / HITS_FROM_PER_S * SOUNDS_FROM
        else:
            shares[int(program)] = _covered(own[:, 0], own[:, 1], duration_s) / duration_s
    return shares


def _covered(onsets_s: np.ndarray, durations_s: np.ndarray, duration_s: float) -> float:
    """Seconds in which at least one note sounds."""
    order = np.argsort(onsets_s)
    starts = np.clip(onsets_s[order], 0.0, duration_s)
    ends = np.clip(onsets_s + np.maximum(durations_s, SHORTEST_NOTE_S), 0.0, duration_s)[order]
    reached = np.concatenate([[0.0], np.maximum.accumulate(ends)[:-1]])
    return float(np.maximum(ends - np.maximum(starts, reached), 0.0).sum())
