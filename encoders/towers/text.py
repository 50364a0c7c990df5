"""The text tower's head: a sentence vector and what was understood, to a row of the music space.

    head = load_text_head()
    row = head.project(understanding, trunk.sentence_vectors)       # (256,), not yet unit length

    row = directions of what is asked (signed) + network(affirmed text) - 1/2 network(denied text)

The directions are one row per thing that the word lists know; the network is a small perceptron on the
sentence vector that carries what the lists do not. A denial counts half: "no drums" says less than "drums".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from encoders.errors import BrokenWeights
from encoders.lexicon.vocabulary import genre_names
from encoders.trunks.checkpoint import WEIGHTS, read_card, verify_folder
from encoders.understanding import Asked, Understanding

TEXT_HEAD = WEIGHTS / "heads" / "text"
DENIAL = 0.5  # weight of what is denied beside what is asked
SLOW_BPM, FAST_BPM = 80.0, 126.0

SentenceVectors = Callable[[Sequence[str]], np.ndarray]  # N texts -> (N, 384)


@dataclass(frozen=True, kw_only=True)
class TextHead:
    """Holds the directions and the network; float32 arrays."""

    keys: tuple[str, ...]  # "mood:sad": K names of the rows of `directions`
    directions: np.ndarray  # (K, 256)
    hidden: np.ndarray  # (384, H)
    hidden_bias: np.ndarray  # (H,)
    out: np.ndarray  # (H, 256)
    network_share: float  # length of the network's part beside the directions' when both speak

    def project(self, understanding: Understanding, sentence_vectors: SentenceVectors) -> np.ndarray:
        """The row (256,) float32 of one text; zeros only for a text without content."""
        return np.asarray(self.project_all([understanding], sentence_vectors)[0])

    def project_all(
        self, understandings: Sequence[Understanding], sentence_vectors: SentenceVectors
    ) -> np.ndarray:
        """Rows (N, 256) float32; all sentences go through the trunk together."""
        parts = [(u.affirmed or ("" if u.denied else u.text), u.denied) for u in understandings]
        needed = list(dict.fromkeys(part for pair in parts for part in pair if part))
        vectors = dict(zip(needed, self.network(sentence_vectors(needed)), strict=True))
        nothing = np.zeros(self.directions.shape[1], dtype=np.float32)
        rows = [
            self._join(u, vectors.get(affirmed, nothing), vectors.get(denied, nothing))
            for u, (affirmed, denied) in zip(understandings, parts, strict=True)
        ]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, nothing.size), np.float32)

    def network(self, sentences: np.ndarray) -> np.ndarray:
        """Unit-length part (N, 256) that the sentence vectors (N, 384) alone say."""
        if not len(sentences):
            return np.zeros((0, self.directions.shape[1]), dtype=np.float32)
        rows = gelu(sentences @ self.hidden + self.hidden_bias) @ self.out
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))

    def _join(self, u: Understanding, affirmed: np.ndarray, denied: np.ndarray) -> np.ndarray:
        asked = self.asked_row(direction_weights(u))
        spoken = affirmed - DENIAL * denied
        return asked + (self.network_share if asked.any() else 1.0) * spoken

    def asked_row(self, weights: Mapping[str, float]) -> np.ndarray:
        """Unit-length part (256,) of what was understood; zeros where nothing was."""
        known = {key: i for i, key in enumerate(self.keys)}
        row = np.zeros(self.directions.shape[1], dtype=np.float32)
        for key, weight in weights.items():
            if key in known:
                row += weight * self.directions[known[key]]
        length = float(np.linalg.norm(row))
        return row / length if length > 0 else row


def direction_weights(understanding: Understanding) -> dict[str, float]:
    """Signed weight of each direction that a text names: {"mood:sad": 1.0, "genre:metal": -0.5}."""
    weights: dict[str, float] = {}
    for asked in understanding.asked:
        key = _direction(asked)
        weight = asked.confidence if asked.sign > 0 else -DENIAL * asked.confidence
        if key is not None and abs(weight) > abs(weights.get(key, 0.0)):
            weights[key] = weight
    return weights


def gelu(x: np.ndarray) -> np.ndarray:
    """Gaussian error linear unit in the tanh form (Hendrycks and Gimpel 2016)."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))))


def load_text_head(folder: Path = TEXT_HEAD) -> TextHead:
    """Read the shipped head.

    Raises:
        BrokenWeights: files are missing, changed, or do not fit each other.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    tensors = {n: t.astype(np.float32) for n, t in load_file(str(folder / "model.safetensors")).items()}
    keys = tuple(cast("list[str]", read_card(folder)["keys"]))
    if len(keys) != len(tensors["directions"]):
        raise BrokenWeights(f"{folder}: {len(keys)} names for {len(tensors['directions'])} directions")
    return TextHead(
        keys=keys,
        directions=tensors["directions"],
        hidden=tensors["hidden"],
        hidden_bias=tensors["hidden_bias"],
        out=tensors["out"],
        network_share=float(tensors["network_share"][0]),
    )


def _direction(asked: Asked) -> str | None:
    """The direction's name: genres by their profile, a number of beats by its word."""
    if asked.name == "genre":
        return f"genre:{_profiles().get(str(asked.value))}"
    if asked.name == "tempo_bpm":
        bpm = float(asked.value)
        return "tempo:slow" if bpm <= SLOW_BPM else "tempo:fast" if bpm >= FAST_BPM else None
    return f"{asked.name}:{asked.value}" if isinstance(asked.value, str) else None


@cache
def _profiles() -> dict[str, str]:
    return genre_names()
