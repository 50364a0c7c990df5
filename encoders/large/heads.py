"""The heads of the large profile: from frozen features to the space, and two queries into one.

    heads = load_heads(folder)
    heads.sound.project(windows)            # (W, Da) -> (W, 256) unit rows
    heads.text.project(features)            # (N, Da + Dp): both towers read a text
    heads.clip.project(frames)              # (N, Dp)
    heads.fuse(text, clip, balance=0.5)     # (256,) each -> (256,) unit row

A head is linear, or linear plus a perceptron of one hidden layer. The gate of the fusion learns
from both queries how much the clip counts; `balance` moves it: 0 the text alone, 1 the clip alone,
0.5 what was learned. Knows no tower.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.errors import BrokenWeights
from encoders.space import DIMENSION
from encoders.trunks.checkpoint import verify_folder

SIDES = ("sound", "text", "clip")


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Holds one map; I inputs, H hidden units, 0 of them where it is linear."""

    weight: np.ndarray  # (I, 256)
    bias: np.ndarray  # (256,)
    hidden: np.ndarray  # (I, H)
    hidden_bias: np.ndarray  # (H,)
    out: np.ndarray  # (H, 256)

    def project(self, features: np.ndarray) -> np.ndarray:
        """Unit rows (N, 256) float32 of features (N, I)."""
        rows = features @ self.weight + self.bias
        rows = rows + np.maximum(features @ self.hidden + self.hidden_bias, 0.0) @ self.out
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class LargeHeads:
    """Holds the three heads and the gate."""

    sound: Head
    text: Head
    clip: Head
    gate: np.ndarray  # (2 x 256 + 1,): weights of text and clip, and a bias

    def fuse(self, text: np.ndarray, clip: np.ndarray, *, balance: float) -> np.ndarray:
        """One unit row (256,) of a text's and a clip's."""
        if balance in (0.0, 1.0):
            return np.asarray(clip if balance else text)
        learned = float(np.concatenate([text, clip]) @ self.gate[:-1] + self.gate[-1])
        share = 1.0 / (1.0 + np.exp(-(learned + np.log(balance / (1.0 - balance)))))
        row = (1.0 - share) * text + share * clip
        return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def head_tensors(heads: LargeHeads) -> dict[str, np.ndarray]:
    """The tensors of `model.safetensors`, "sound.weight" and so on."""
    names = tuple(Head.__dataclass_fields__)
    tensors = {f"{side}.{n}": getattr(getattr(heads, side), n) for side in SIDES for n in names}
    return {**tensors, "gate": heads.gate}


def load_heads(folder: Path) -> LargeHeads:
    """Read trained heads.

    Raises:
        BrokenWeights: files are missing, changed, or do not fit each other.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    names = tuple(Head.__dataclass_fields__)
    try:
        sides = {
            side: Head(**{name: tensors[f"{side}.{name}"] for name in names}) for side in SIDES
        }
        heads = LargeHeads(**sides, gate=tensors["gate"])
    except KeyError as error:
        raise BrokenWeights(f"{folder}: no tensor {error}") from error
    if heads.gate.shape != (2 * DIMENSION + 1,) or any(
        head.weight.shape[1:] != (DIMENSION,) for head in sides.values()
    ):
        raise BrokenWeights(f"{folder}: tensors are not of a space of {DIMENSION} dimensions")
    return heads
