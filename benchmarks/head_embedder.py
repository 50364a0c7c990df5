"""Texts by a text head that is not the shipped one; measures nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.embed import make_unit
from encoders.towers.text import TextHead
from encoders.training.sentences import SentenceCache
from encoders.understanding import understand_text


@dataclass(frozen=True, kw_only=True)
class HeadEmbedder:
    """Holds the head and where sentence vectors are kept."""

    head: TextHead
    sentences: SentenceCache

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (N, 256)."""
        read = [understand_text(text) for text in texts]
        return make_unit(self.head.project_all(read, self.sentences.vectors))
