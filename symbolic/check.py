"""The checker: measures a piece from its MIDI bytes alone. Shares no code with what wrote them.

It trusts no label: instruments are those that sound, the key is heard from the notes, bars are
counted to the end of the last note.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic.instruments import DRUMS_NAME, PROGRAM_NAMES

# Weights of the twelve pitch classes above the tonic, (major, minor).
PROFILES: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # Krumhansl, "Cognitive Foundations of Musical Pitch", 1990
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    # Temperley, "Music and Probability", 2007 (Kostka-Payne corpus)
    "temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    # Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding
    # algorithm", 2013
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}
KEY_TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# Notes a second at which a piece reads as neither calm nor lively, and an octave of it.
MIDDLE_NOTES_PER_S, NOTES_OCTAVE = 4.0, 0.45
MIDDLE_VELOCITY, VELOCITY_SPAN = 74.0, 40.0


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What a MIDI file holds.

    Attributes:
        tempo_qpm: The first tempo.
        metre: The first time signature.
        key: The best of 24 keys, "A minor", by the Krumhansl profile; "" without pitched notes.
        key_lead: How much better it correlates than the second best key.
        instruments: Sorted General MIDI names of what sounds, "Drums" for channel 10.
        bars: Bars up to the end of the last note.
        length_s: Seconds up to the end of the last bar.
        notes_per_s: Pitched onsets a second, simultaneous ones counted once.
        lowest, highest: Range of the pitched notes, 0 without any.
        num_notes: All notes, strokes of the kit included.
        ends_on_tonic: Whether the lowest of the last sounding notes is the tonic of `key`.
        energy: Calm (-1) to wild (1), from notes a second and velocity.
        valence: Sad (-1) to happy (1), from mode and tempo.
        problems: What makes the file not valid; empty for a good one.
    """

    tempo_qpm: float
    metre: str
    key: str
    key_lead: float
    instruments: tuple[str, ...]
    bars: int
    length_s: float
    notes_per_s: float
    lowest: int
    highest: int
    num_notes: int
    ends_on_tonic: bool
    energy: float
    valence: float
    problems: tuple[str, ...]


def measure_midi(data: bytes) -> Measurements:
    """Measure a file of one tempo and one metre, as this package writes them.

    Raises:
        ValueError: The bytes are no MIDI file.
    """
    score = _parse(data)
    pitched = _notes([track for track in score.tracks if not track.is_drum])
    strokes = _notes([track for track in score.tracks if track.is_drum])
    every = np.concatenate((pitched, strokes))
    tempo = float(score.tempos[0].qpm) if len(score.tempos) else 120.0
    metre = _metre(score)
    end_quarters = float((every[:, 0] + every[:, 1]).max()) if len(every) else 0.0
    bar_quarters = 4 * int(metre.split("/")[0]) / int(metre.split("/")[1])
    bars = math.ceil(end_quarters / bar_quarters - 1e-6)
    length_s = bars * bar_quarters * 60 / tempo
    key, lead = find_key(pitched)
    notes_per_s = len(np.unique(pitched[:, 0])) / length_s if length_s else 0.0
    return Measurements(
        tempo_qpm=tempo,
        metre=metre,
        key=key,
        key_lead=lead,
        instruments=_instruments(score),
        bars=bars,
        length_s=length_s,
        notes_per_s=notes_per_s,
        lowest=int(pitched[:, 2].min()) if len(pitched) else 0,
        highest=int(pitched[:, 2].max()) if len(pitched) else 0,
        num_notes=len(every),
        ends_on_tonic=_ends_on(pitched, key),
        energy=_energy(notes_per_s, every),
        valence=_valence(key, tempo),
        problems=tuple(_problems(score, every)),
    )


def find_key(notes: NDArray[np.float64], profile: str = "krumhansl") -> tuple[str, float]:
    """The best of 24 keys for notes (N, 4) weighted by duration, and its lead over the second."""
    if len(notes) == 0:
        return "", 0.0
    classes = notes[:, 2].astype(int) % 12
    histogram = np.bincount(classes, weights=notes[:, 1], minlength=12)
    fits = []
    for mode, weights in zip(("major", "minor"), PROFILES[profile], strict=True):
        for tonic, name in enumerate(KEY_TONICS):
            fits.append(
                (_correlation(np.roll(np.array(weights), tonic), histogram), f"{name} {mode}")
            )
    fits.sort(reverse=True)
    return fits[0][1], fits[0][0] - fits[1][0]


def read_notes(data: bytes) -> NDArray[np.float64]:
    """Pitched notes of a MIDI file: (N, 4) of onset and duration in quarters, pitch, velocity."""
    return _notes([track for track in _parse(data).tracks if not track.is_drum])


# symusic has no type information; its scores stay inside this file.
def _parse(data: bytes):  # type: ignore[no-untyped-def]
    from symusic import Score

    try:
        return Score.from_midi(data).to("quarter")
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"not a MIDI file: {error}") from error


def _notes(tracks) -> NDArray[np.float64]:  # type: ignore[no-untyped-def]
    rows = [
        (note.time, note.duration, note.pitch, note.velocity)
        for track in tracks
        for note in track.notes
    ]
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)


def _metre(score) -> str:  # type: ignore[no-untyped-def]
    if not len(score.time_signatures):
        return "4/4"
    signature = score.time_signatures[0]
    return f"{signature.numerator}/{signature.denominator}"


def _instruments(score) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    sounding = [track for track in score.tracks if any(n.velocity > 0 for n in track.notes)]
    names = {DRUMS_NAME if t.is_drum else PROGRAM_NAMES[t.program] for t in sounding}
    return tuple(sorted(names))


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    if np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ends_on(pitched: NDArray[np.float64], key: str) -> bool:
    if len(pitched) == 0:
        return False
    ends = pitched[:, 0] + pitched[:, 1]
    last = pitched[ends >= ends.max() - 0.5]
    return KEY_TONICS[int(last[:, 2].min()) % 12] == key.split()[0]


def _energy(notes_per_s: float, every: NDArray[np.float64]) -> float:
    if notes_per_s <= 0:
        return -1.0
    busy = NOTES_OCTAVE * math.log2(notes_per_s / MIDDLE_NOTES_PER_S)
    loud = (float(every[:, 3].mean()) - MIDDLE_VELOCITY) / VELOCITY_SPAN
    return float(np.clip(busy + 0.9 * loud, -1, 1))


def _valence(key: str, tempo: float) -> float:
    mode = 0.55 if key.endswith("major") else -0.55
    return float(np.clip(mode + 0.3 * math.log2(tempo / 100), -1, 1))


def _problems(score, every: NDArray[np.float64]) -> list[str]:  # type: ignore[no-untyped-def]
    problems = []
    if len(every) == 0:
        return ["no notes"]
    if len(score.tempos) != 1 or len(score.time_signatures) != 1:
        problems.append("not exactly one tempo and one metre")
    if (every[:, 1] <= 0).any() or (every[:, 0] < 0).any():
        problems.append("a note without duration or before the start")
    if (every[:, 3] < 1).any() or (every[:, 3] > 127).any():
        problems.append("a velocity outside 1 to 127")
    for track in score.tracks:
        problems += _overlaps(track)
    return problems


def _overlaps(track) -> list[str]:  # type: ignore[no-untyped-def]
    ends: dict[int, float] = {}
    for note in sorted(track.notes, key=lambda note: note.time):
        if note.time < ends.get(note.pitch, 0) - 1e-6:
            return [f"{track.name}: pitch {note.pitch} is struck while it sounds"]
        ends[note.pitch] = note.time + note.duration
    return []
