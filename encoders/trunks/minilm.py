"""The text trunk: all-MiniLM-L6-v2 as an open_clip text tower, frozen; knows no space.

    trunk = load_minilm()
    trunk.sentence_vectors(["slow piano", "rain"])      # (2, 384) float32, unit length

The network is open_clip's `HFTextEncoder` with its mean pooler, the tokeniser open_clip's
`HFTokenizer`; both open the local folder and no network. Sentences of equal length share a batch,
so none is padded.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.offline import offline
from encoders.trunks.open_clip_modules import import_open_clip

if TYPE_CHECKING:
    import torch
    from open_clip.hf_model import HFTextEncoder
    from open_clip.tokenizer import HFTokenizer

SENTENCE_DIMENSION = 384
MAX_TOKENS = 128  # word pieces; the rest of a longer text is not read
BATCH_SIZE = 64
CACHE_SIZE = 4_096  # vectors, 6 MB


class TextTrunk:
    """Holds the sentence encoder and the latest vectors. Safe to call from several threads."""

    def __init__(self, encoder: "HFTextEncoder", tokenizer: "HFTokenizer") -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def sentence_vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Unit-length sentence vectors (N, 384) float32; (0, 384) for no text."""
        known = self._cached(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._encode(missing), strict=True))
            self._remember({text: known[text] for text in missing})
        rows = [known[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), SENTENCE_DIMENSION)

    def num_tokens(self, text: str) -> int:
        """Word pieces of a text as the network reads it, both end marks included, at most 128."""
        return int(_lengths(self._tokenizer([text]))[0])

    def forget(self) -> None:
        """Drop the remembered vectors."""
        with self._lock:
            self._cache.clear()

    def _cached(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        with self._lock:
            return {text: self._cache[text] for text in texts if text in self._cache}

    def _remember(self, vectors: dict[str, np.ndarray]) -> None:
        with self._lock:
            self._cache.update(vectors)
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)

    def _encode(self, texts: list[str]) -> np.ndarray:
        import torch

        tokens = self._tokenizer(texts)  # (N, 128), zeros after the end
        lengths = _lengths(tokens)
        vectors = np.empty((len(texts), SENTENCE_DIMENSION), dtype=np.float32)
        with torch.inference_mode():
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)
                for part in np.split(rows, range(BATCH_SIZE, len(rows), BATCH_SIZE)):
                    pooled = self._encoder(tokens[torch.from_numpy(part), :length])
                    vectors[part] = torch.nn.functional.normalize(pooled).numpy()
        return vectors


def load_minilm(folder: Path = WEIGHTS / "minilm") -> TextTrunk:
    """Load the converted weights and the tokeniser beside them.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    verify_folder(folder)
    with offline():
        hf_model, tokenizers = import_open_clip("hf_model"), import_open_clip("tokenizer")
        encoder = hf_model.HFTextEncoder(
            str(folder), SENTENCE_DIMENSION, pooler_type="mean_pooler"
        )
        tokenizer = tokenizers.HFTokenizer(str(folder), context_length=MAX_TOKENS)
    return TextTrunk(encoder.float().eval(), tokenizer)


def _lengths(tokens: "torch.Tensor") -> np.ndarray:
    return np.asarray((tokens != 0).sum(1).numpy())
