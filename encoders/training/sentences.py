"""Sentence vectors of training texts, computed once and kept outside the repository.

Knows no head.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoders.training.cache import Progress
from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.minilm import TextTrunk, load_minilm

CHUNK = 2_000  # texts per file: what an interrupted run loses at most


class SentenceCache:
    """Holds the folder and, once something is missing from it, the text trunk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "sentences" / verify_folder(WEIGHTS / "minilm")[:16]
        self._trunk: TextTrunk | None = None

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Unit-length vectors (N, 384) float32 in the order of the texts."""
        unique = sorted(set(texts))
        rows: dict[str, np.ndarray] = {}
        for start in range(0, len(unique), CHUNK):
            if progress is not None:
                progress(start, len(unique), "sentences")
            chunk = unique[start : start + CHUNK]
            rows |= dict(zip(chunk, self._chunk(chunk), strict=True))
        return np.stack([rows[text] for text in texts])

    def _chunk(self, texts: Sequence[str]) -> np.ndarray:
        name = hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:24]
        path = self.folder / f"{name}.npy"
        if path.exists():
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
        if self._trunk is None:
            self._trunk = load_minilm()
        vectors = self._trunk.sentence_vectors(texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{name}.{os.getpid()}.tmp.npy")
        np.save(unfinished, vectors)
        unfinished.replace(path)
        return vectors
