"""The key of a sound from its pitch classes; knows no network.

    finder = load_key_finder()
    finder.find(chroma)             # "A minor", or None where no key fits

A key's score is the inner product of the sound's profile, turned so that the tonic comes first,
with a profile of its mode. The profiles began as those of Temperley (Music and probability, 2007)
and were moved a little by rendered scores of known key (`encoders.training.keys`).

F frames of chroma.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.harmony import PITCH_CLASSES, cens_profile

KEY_PROFILES = WEIGHTS / "heads" / "key"
NUM_KEYS = 24  # C major to B major, C minor to B minor
MIN_CORRELATION = 0.3  # below, no key is named
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MODES = {"": 0, "major": 0, "maj": 0, "m": 1, "minor": 1, "min": 1}


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyFinder:
    """Holds the profiles of major and minor, and how much each is preferred."""

    profiles: np.ndarray  # (2, 12) from the tonic
    preference: np.ndarray  # (2,)

    def find(self, chroma: np.ndarray) -> str | None:
        """The key of (F, 12) chroma; None where no key fits."""
        row = unit_profile(chroma)
        best = int(self.scores(row).argmax())
        mode, tonic = divmod(best, 12)
        centred = self.profiles[mode] - self.profiles[mode].mean()
        correlation = np.roll(row, -tonic) @ centred / max(float(np.linalg.norm(centred)), 1e-9)
        return key_name(best) if correlation >= MIN_CORRELATION else None

    def scores(self, row: np.ndarray) -> np.ndarray:
        """(24,) of a (12,) profile, C major to B major, then C minor to B minor."""
        return np.asarray((turned(row) @ self.profiles.T + self.preference).T.ravel())


def load_key_finder(folder: Path = KEY_PROFILES) -> KeyFinder:
    """Load the profiles.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    return KeyFinder(profiles=tensors["profiles"], preference=tensors["preference"])


def unit_profile(chroma: np.ndarray) -> np.ndarray:
    """(12,) how present each pitch class is: mean 0, length 1; zeros where all are alike."""
    profile = cens_profile(chroma)
    centred = profile - profile.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-9))


def turned(row: np.ndarray) -> np.ndarray:
    """(12, 12) a profile as seen from each tonic."""
    return np.stack([np.roll(row, -tonic) for tonic in range(12)])


def key_name(key: int) -> str:
    """0 is "C major", 12 "C minor"."""
    return f"{PITCH_CLASSES[key % 12]} {'major' if key < 12 else 'minor'}"


def parse_key(text: str) -> int:
    """The key, 0 to 23, that a source writes as "Gb:maj", "Am" or "C major".

    Raises:
        ValueError: another way of writing, or a mode that is neither major nor minor.
    """
    letter, rest = text[:1], text[1:].replace(":", " ")
    accidentals = rest[: len(rest) - len(rest.lstrip("#b"))]
    mode = MODES.get(rest[len(accidentals) :].strip().lower())
    if letter not in LETTERS or mode is None:
        raise ValueError(f"{text!r} is no key like 'C major', 'Am' or 'Gb:maj'")
    tonic = LETTERS[letter] + accidentals.count("#") - accidentals.count("b")
    return tonic % 12 + 12 * mode
