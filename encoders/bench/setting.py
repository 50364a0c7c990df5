"""What every protocol is given: the towers, the folder of data and where features are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from encoders.bench.baselines import SentenceVectors
    from encoders.towers.audio import AudioHead

Progress = Callable[[int, int, str], None]  # done, of how many, what


class TextEmbedder(Protocol):
    """What is measured: something that places texts in the space of the audio head."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (N, 256)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Holds what a protocol measures, on which data, and where it keeps what it has heard."""

    embedder: TextEmbedder
    data_dir: Path
    cache_dir: Path | None = None  # by default the user's cache folder
    progress: Progress | None = None
    audio_head: "AudioHead | None" = None  # by default the shipped one

    @property
    def cache_folder(self) -> Path:
        """Where features and sentence vectors are kept."""
        from encoders.training.cache import default_cache_folder

        return self.cache_dir or default_cache_folder()

    @property
    def sentence_vectors(self) -> "SentenceVectors":
        """The text trunk's sentence vectors, kept: texts in, (N, 384) out."""
        from encoders.training.sentences import SentenceCache

        return SentenceCache(self.cache_folder).vectors
