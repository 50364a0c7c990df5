"""Words and a picture to one question, so that neither side drowns the other; knows no catalogue.

    fusion = load_fusion()
    fusion.join(text, shown, balance=0.5)       # (256,), not yet unit length

A unit vector says nothing of how far apart it puts tracks: a picture's few strong axes spread
them more than a sentence's many weak columns. So the picture is first brought to the spread of
usual words, measured with the covariance of the training sounds' vectors, then counts `gain` as
much at even balance. Words that say little (a place's name, an opening hour) have little spread of
their own and leave the picture to decide; where one side is missing, the other is the question.

    row = (1 - balance) text + balance gain usual / spread(shown) shown
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.trunks.checkpoint import WEIGHTS, verify_folder

FUSION = WEIGHTS / "heads" / "fusion"
LEAST_SPREAD = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Fusion:
    """Holds what the two sides are measured by."""

    covariance: np.ndarray  # (256, 256) of sounds' unit vectors
    usual: float  # spread of the scores of usual words
    gain: float  # of the picture beside the words at even balance

    def join(self, text: np.ndarray, shown: np.ndarray, balance: float) -> np.ndarray:
        """The joined row (256,) of unit vectors; balance 0 is the text alone, 1 the picture."""
        scale = self.gain * self.usual / self.spread(shown)
        return np.asarray((1.0 - balance) * text + balance * scale * shown)

    def spread(self, row: np.ndarray) -> float:
        """How far apart a row (256,) puts sounds: standard deviation of its scores."""
        return float(np.sqrt(max(float(row @ self.covariance @ row), LEAST_SPREAD**2)))


def load_fusion(folder: Path = FUSION) -> Fusion:
    """Read the shipped numbers.

    Raises:
        BrokenWeights: files are missing or changed.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    return Fusion(
        covariance=tensors["covariance"].astype(np.float32),
        usual=float(tensors["usual"][0]),
        gain=float(tensors["gain"][0]),
    )
