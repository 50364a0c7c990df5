"""The audio tower's head: trunk features to rows of the music space.

Linear, and knows no catalogue.

    head = load_audio_head()
    rows = head.project(pools, tag_logits, signal)      # (N, 256), all of length R

The features are standardised with the means and spreads of the training sounds, which ship with
the weights, and multiplied by one matrix: 5 affect axes, 50 tags, instruments, and directions of
likeness, which are brought to one length, so that their inner product is a cosine. The last column
is what a row lacks to the radius R that all rows shall have:

    row = (y, sqrt(max(R^2 - |y|^2, 0)))        Bachrach et al., RecSys 2014

so that making rows unit length (`encoders/embed.py` does) keeps the order of inner products with
texts, whose last column is 0. Without it tracks with strong tags would all look alike.

A sound that asks for its likes is weighed anew, column by column: `head.ask(vectors)`. What is
stored stays as it is.

N sounds, F = 1565 features, D = 256.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from encoders.errors import BrokenWeights
from encoders.trunks.checkpoint import WEIGHTS, verify_folder

AUDIO_HEAD = WEIGHTS / "heads" / "audio"
NUM_FEATURES = 50 + 9 + 1_506
DIMENSION = 256
NUM_AXES = 5
VAGUE = DIMENSION - 2  # the column that no sound has


def _alike() -> np.ndarray:
    return np.ones(DIMENSION, dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class AudioHead:
    """Holds the statistics, the matrix and the radius; float32 arrays."""

    mean: np.ndarray  # (1565,) tags, signal, pools
    spread: np.ndarray  # (1565,)
    matrix: np.ndarray  # (1565, 255)
    radius: float
    first_likeness: int = VAGUE  # the columns from here to VAGUE are brought to one length
    likeness_length: float = 1.0
    asking: np.ndarray = field(default_factory=_alike)  # (256,) weights of a sound that asks

    def project(self, pools: np.ndarray, tag_logits: np.ndarray, signal: np.ndarray) -> np.ndarray:
        """Rows (N, 256) float32 of (N, 1506) pools, (N, 50) tag logits, (N, 9) signal features."""
        features = np.concatenate([tag_logits, signal, pools], axis=1)  # (N, 1565)
        rows = self.rows(features)
        self._shorten_concepts(rows)
        return complete_rows(rows, self.radius)

    def rows(self, features: np.ndarray) -> np.ndarray:
        """Rows (N, 255) of features (N, 1565), before they are brought to the radius."""
        rows = np.asarray(self.standardise(features) @ self.matrix)
        alike = slice(self.first_likeness, VAGUE)
        rows[:, alike] = self.likeness_length * unit_rows(rows[:, alike])
        return rows

    def _shorten_concepts(self, rows: np.ndarray) -> None:
        """Bring concepts that would lead beyond the radius back to it; the likeness stays."""
        concepts = rows[:, : self.first_likeness]
        likeness = self.likeness_length if self.first_likeness < VAGUE else 0.0
        room = np.sqrt(max(self.radius**2 - likeness**2, 0.0))
        lengths = np.linalg.norm(concepts, axis=1, keepdims=True)
        concepts *= np.minimum(1.0, room / np.maximum(lengths, 1e-9))

    def ask(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (..., 256) of sounds as questions for their likes, not yet unit length."""
        return np.asarray(vectors * self.asking, dtype=np.float32)

    def standardise(self, features: np.ndarray) -> np.ndarray:
        """Features (N, 1565) in spreads from the training sounds' mean."""
        return np.asarray((features - self.mean) / self.spread, dtype=np.float32)

    def concepts(self, tag_logits: np.ndarray, signal: np.ndarray) -> np.ndarray:
        """Affect axes (N, 5) in spreads of the training sounds.

        Valence, energy, tension, power, tenderness.
        """
        plain = np.concatenate([tag_logits, signal], axis=1)
        known = plain.shape[1]
        scaled = (plain - self.mean[:known]) / self.spread[:known]
        return np.asarray(scaled @ self.matrix[:known, :NUM_AXES], dtype=np.float32)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows (N, D) of length one; those of zeros stay."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def complete_rows(rows: np.ndarray, radius: float) -> np.ndarray:
    """Add the column that brings (N, D - 1) rows to the radius: (N, D) float32."""
    lacking = np.maximum(radius**2 - np.square(rows).sum(axis=1, keepdims=True), 0.0)
    return np.concatenate([rows, np.sqrt(lacking)], axis=1).astype(np.float32)


def load_audio_head(folder: Path = AUDIO_HEAD) -> AudioHead:
    """Read the shipped head.

    Raises:
        BrokenWeights: files are missing, changed, or of another shape.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    head = AudioHead(
        mean=tensors["mean"].astype(np.float32),
        spread=tensors["spread"].astype(np.float32),
        matrix=tensors["matrix"].astype(np.float32),
        radius=float(tensors["radius"][0]),
        **_likeness(tensors),
    )
    if head.matrix.shape != (NUM_FEATURES, DIMENSION - 1):
        raise BrokenWeights(f"{folder}: matrix {head.matrix.shape}, expected (1565, 255)")
    return head


def _likeness(tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    """The fields of `AudioHead` that heads without a likeness of one length lack."""
    if "likeness" not in tensors:
        return {}
    first, length = (float(v) for v in tensors["likeness"])
    return {
        "first_likeness": int(first),
        "likeness_length": length,
        "asking": tensors["asking"].astype(np.float32),
    }
