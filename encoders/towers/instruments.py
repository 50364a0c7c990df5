"""Which instruments sound: linear heads over the audio trunk's features; knows no catalogue.

    heads = load_instruments()
    heads.names                              # "keys", "organ", ..., "drums", "piano", ...
    heads.probabilities(features)            # (N, H) for (N, 1565) tag logits, signal, pools
    heads.on(mean, spread)                   # the same heads for other statistics: weights, bias

Every head is a logistic regression whose scale and intercept were fitted anew on scores and with
sound fonts that its weights had not seen (Platt, Probabilistic outputs for support vector
machines, 1999), so its values are probabilities. The mean over a track's patches gives the track.

N sounds, F = 1565 features, H heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from encoders.errors import BrokenWeights
from encoders.towers.audio import NUM_FEATURES
from encoders.trunks.checkpoint import WEIGHTS, read_card, verify_folder

INSTRUMENT_HEADS = WEIGHTS / "heads" / "instruments"
# What the word lists call a family; the other heads have the word lists' names.
SPOKEN = {"keys": "keyboard", "winds": "woodwinds", "voice": "choir", "synth": "synthesizer"}


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Holds the probability below which an instrument is absent, and that from which it is there.

    Between them nobody knows.
    """

    absent: float
    there: float


@dataclass(frozen=True, kw_only=True, eq=False)
class InstrumentHeads:
    """Holds the heads; float32 arrays."""

    names: tuple[str, ...]
    weights: np.ndarray  # (1565, H) on features standardised by `mean` and `spread`
    bias: np.ndarray  # (H,)
    mean: np.ndarray  # (1565,) tags, signal, pools
    spread: np.ndarray  # (1565,)
    doubts: Mapping[str, Doubt]
    spoken: tuple[str, ...]  # names of those that are sure enough to be told to people

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Log odds (N, H) for features (N, 1565)."""
        standard = (features - self.mean) / self.spread
        return np.asarray(standard @ self.weights + self.bias, dtype=np.float32)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Probabilities (N, H) for features (N, 1565)."""
        logits = np.clip(self.logits(features).astype(np.float64), -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)

    def on(self, mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights (1565, H) and bias (H,) that give the same log odds on other statistics."""
        raw = self.weights / self.spread[:, None]
        bias = self.bias + (mean - self.mean) @ raw
        return np.asarray(raw * spread[:, None], np.float32), np.asarray(bias, np.float32)

    def describe(self, features: np.ndarray) -> dict[str, float]:
        """Probability of what can be told in one sound (1565,), under the word lists' names."""
        chances = dict(zip(self.names, self.probabilities(features[None])[0], strict=True))
        return {SPOKEN.get(name, name): round(float(chances[name]), 4) for name in self.spoken}


def load_instruments(folder: Path = INSTRUMENT_HEADS) -> InstrumentHeads:
    """Read the shipped heads.

    Raises:
        BrokenWeights: files are missing, changed, or of another shape.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = load_file(str(folder / "model.safetensors"))
    card = read_card(folder)
    names = tuple(cast("list[str]", card["heads"]))
    heads = InstrumentHeads(
        names=names,
        weights=tensors["weights"].astype(np.float32),
        bias=tensors["bias"].astype(np.float32),
        mean=tensors["mean"].astype(np.float32),
        spread=tensors["spread"].astype(np.float32),
        doubts={
            name: Doubt(absent=float(low), there=float(high))
            for name, (low, high) in zip(names, tensors["doubts"], strict=True)
        },
        spoken=tuple(cast("list[str]", card.get("spoken", names))),
    )
    if heads.weights.shape != (NUM_FEATURES, len(names)):
        shape = heads.weights.shape
        raise BrokenWeights(f"{folder}: weights {shape}, expected (1565, {len(names)})")
    return heads


@cache
def shipped_instruments() -> InstrumentHeads:
    """The shipped heads, read once per process."""
    return load_instruments()


@cache
def instrument_doubts() -> Mapping[str, Doubt]:
    """Where each shipped head is in doubt, under the word lists' names."""
    return {SPOKEN.get(name, name): doubt for name, doubt in shipped_instruments().doubts.items()}
