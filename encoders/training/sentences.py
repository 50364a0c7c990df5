"""Sentence vectors of training texts, computed once and kept outside the repository.

A text is looked up by its own hash, so that a change of the word lists costs only its new texts.
Knows no head.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from encoders.training.arrays import write_arrays
from encoders.training.cache import Progress
from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.minilm import TextTrunk, load_minilm

CHUNK = 2_000  # texts between two writes: what an interrupted run loses at most

Shelf = dict[str, np.ndarray]  # hash of a text -> (384,)


class SentenceCache:
    """Holds the folder and, once something is missing from it, the text trunk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "sentences" / verify_folder(WEIGHTS / "minilm")[:16]
        self._trunk: TextTrunk | None = None

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Unit-length vectors (N, 384) float32 in the order of the texts."""
        digests = {text: hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts}
        rows = self._stored(digests.values())
        missing = sorted(text for text, digest in digests.items() if digest not in rows)
        for start in range(0, len(missing), CHUNK):
            if progress is not None:
                progress(start, len(missing), "sentences")
            chunk = missing[start : start + CHUNK]
            fresh = dict(zip((digests[t] for t in chunk), self._compute(chunk), strict=True))
            self._store(fresh)
            rows |= fresh
        return np.stack([rows[digests[text]] for text in texts])

    def _compute(self, texts: Sequence[str]) -> np.ndarray:
        if self._trunk is None:
            self._trunk = load_minilm()
        return self._trunk.sentence_vectors(texts)

    def _stored(self, digests: Iterable[str]) -> Shelf:
        wanted, rows = set(digests), Shelf()
        for name in sorted({digest[:2] for digest in wanted}):
            rows |= {d: row for d, row in self._shelf(name).items() if d in wanted}
        return rows

    def _store(self, fresh: Shelf) -> None:
        """Put new rows on their shelves.

        Of two runs at once the later wins; what the other wrote is computed again when asked for.
        """
        for name in sorted({digest[:2] for digest in fresh}):
            shelf = self._shelf(name) | {d: r for d, r in fresh.items() if d[:2] == name}
            arrays = {"digests": np.array(list(shelf)), "rows": np.stack([*shelf.values()])}
            write_arrays(self.folder / f"{name}.npz", arrays)

    def _shelf(self, name: str) -> Shelf:
        path = self.folder / f"{name}.npz"
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as stored:
            digests, rows = stored["digests"].tolist(), stored["rows"]
        return dict(zip(digests, rows.astype(np.float32), strict=True))
