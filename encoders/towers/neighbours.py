"""What words outside the lists are like: the list phrases whose sentence vectors lie nearest.

    found = neighbours.find(sentences)      # N sentence vectors of "fado music", "last bus music"
    found[0].phrases                        # ("latin ballad", "folk", ...), nearest first
    found[0].row                            # (256,) unit length: their directions, nearest most

A word that no list has borrows the directions of its K nearest phrases, weighted by
exp(cosine / temperature): kernel regression (Nadaraya 1964) on centred sentence vectors. Every
vector is that of "X music", since a bare word and a word before "music" lie far apart. Knows no
parser and no sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_NEAREST = 20
TEMPERATURE = 0.1
NUM_NAMED = 3  # phrases that are shown
LEAST_LIKE = 0.2  # cosine below which a phrase is not shown as near


@dataclass(frozen=True, kw_only=True, eq=False)
class Near:
    """Holds what one text borrows."""

    phrases: tuple[str, ...]  # nearest first; empty where none is near
    row: np.ndarray  # (256,) unit length


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Holds P phrases with their places among the sentence vectors and what they say."""

    phrases: tuple[str, ...]
    centre: np.ndarray  # (384,) mean sentence vector of the phrases
    places: np.ndarray  # (P, 384) sentence vectors less the centre, unit length
    rows: np.ndarray  # (P, 256) unit-length directions

    def find(self, sentences: np.ndarray) -> list[Near]:
        """What each of N sentence vectors (N, 384) borrows."""
        likeness = _unit_rows(sentences - self.centre) @ self.places.T
        return [self._near(row) for row in likeness]

    def _near(self, likeness: np.ndarray) -> Near:
        order = np.argsort(-likeness, kind="stable")[:NUM_NEAREST]
        weights = np.exp((likeness[order] - likeness[order[0]]) / TEMPERATURE)
        return Near(
            phrases=tuple(self.phrases[i] for i in order[:NUM_NAMED] if likeness[i] >= LEAST_LIKE),
            row=_unit_rows((weights @ self.rows[order])[None])[0],
        )


def settle(phrases: Sequence[str], sentences: np.ndarray, rows: np.ndarray) -> Neighbours:
    """Neighbours of phrases with sentence vectors (P, 384) and directions (P, 256)."""
    centre = sentences.mean(axis=0)
    return Neighbours(
        phrases=tuple(phrases),
        centre=centre.astype(np.float32),
        places=_unit_rows(sentences - centre).astype(np.float16).astype(np.float32),
        rows=_unit_rows(rows).astype(np.float16).astype(np.float32),
    )


def as_music(text: str) -> str:
    """The text as a sentence about music: "fado" becomes "fado music"."""
    return text if "music" in text.lower() else f"{text} music"


def pack(neighbours: Neighbours) -> dict[str, np.ndarray]:
    """Arrays to store, half precision; columns that no phrase uses are left out."""
    used = int(np.flatnonzero(neighbours.rows.any(axis=0)).max()) + 1
    return {
        "near_phrases": np.frombuffer("\n".join(neighbours.phrases).encode(), dtype=np.uint8),
        "near_centre": neighbours.centre,
        "near_places": neighbours.places.astype(np.float16),
        "near_rows": neighbours.rows[:, :used].astype(np.float16),
    }


def unpack(arrays: dict[str, np.ndarray], dimension: int) -> Neighbours | None:
    """The neighbours that `pack` stored; None where there are none."""
    if "near_phrases" not in arrays:
        return None
    rows = arrays["near_rows"].astype(np.float32)
    return Neighbours(
        phrases=tuple(arrays["near_phrases"].tobytes().decode().split("\n")),
        centre=arrays["near_centre"].astype(np.float32),
        places=arrays["near_places"].astype(np.float32),
        rows=np.pad(rows, ((0, 0), (0, dimension - rows.shape[1]))),
    )


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
