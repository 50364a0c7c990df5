"""What music the makers of two games chose for what a clip shows; small, and silent on the rest.

    head = load_clip_head()
    head.familiarity(view)      # 0 to 1: how far the clip lies within what the head has learned
    head.axes(view)             # (5,) valence, energy, tension, power, tenderness, length about 1

Ridge regression from 20 directions of the class log-probabilities and 20 of the pools to the
affect axes of the chosen tracks. A camera clip lies mostly outside those directions, so that the
head says little about it: familiarity is the share of what is seen that the directions explain.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.errors import BrokenWeights
from encoders.towers.clip import NUM_AXES, ClipView
from encoders.trunks.checkpoint import WEIGHTS, verify_folder

CLIP_HEAD = WEIGHTS / "heads" / "clip"
STRANGE, FAMILIAR = 0.35, 0.55  # share explained at which familiarity is 0 and 1
KINDS = ("log_probabilities", "pools")


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenMap:
    """Holds the linear map of one kind of what is seen; K directions."""

    mean: np.ndarray  # (P,)
    basis: np.ndarray  # (P, K) orthonormal
    matrix: np.ndarray  # (K, 5)

    def axes(self, seen: np.ndarray) -> np.ndarray:
        """The axes (..., 5) that clips (..., P) call for."""
        return np.asarray((seen - self.mean) @ self.basis @ self.matrix)

    def share(self, seen: np.ndarray) -> float:
        """Share of a clip's (P,) squared distance from the mean that the directions explain."""
        apart = seen - self.mean
        inside = apart @ self.basis
        return float(inside @ inside / max(float(apart @ apart), 1e-12))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipHead:
    """Holds a map for each kind of what is seen."""

    log_probabilities: SeenMap
    pools: SeenMap

    def familiarity(self, view: ClipView) -> float:
        """How far a clip lies within what the head has learned, 0 to 1."""
        share = self.log_probabilities.share(view.log_probabilities)
        return float(np.clip((share - STRANGE) / (FAMILIAR - STRANGE), 0.0, 1.0))

    def axes(self, view: ClipView) -> np.ndarray:
        """Affect axes (5,) of the music that was chosen for such pictures."""
        both = self.log_probabilities.axes(view.log_probabilities) + self.pools.axes(view.pools)
        return np.asarray(both, dtype=np.float32)


def load_clip_head(folder: Path = CLIP_HEAD) -> ClipHead:
    """Read the shipped head.

    Raises:
        BrokenWeights: files are missing, changed, or of another shape.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    maps = {}
    for kind in KINDS:
        parts = {n: tensors[f"{kind}.{n}"].astype(np.float32) for n in ("mean", "basis", "matrix")}
        if parts["matrix"].shape != (parts["basis"].shape[1], NUM_AXES):
            raise BrokenWeights(f"{folder}: {kind} does not lead to {NUM_AXES} axes")
        maps[kind] = SeenMap(**parts)
    return ClipHead(**maps)
