"""Arrays that a protocol computed from a file, kept below the cache folder; knows no protocol.

    kept = KeptArrays(setting.cache_folder / "bench", sources=(mfcc,))
    rows = kept.get("track-1 halves", compute)      # compute() -> dict of arrays, once

A change of the named modules' source begins a new folder, so that nothing stale is read.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from encoders.training.arrays import write_arrays


class KeptArrays:
    """Holds the folder of one kind of arrays."""

    def __init__(self, root: Path, *, sources: Sequence[ModuleType], also: str = "") -> None:
        digest = hashlib.sha256(also.encode())
        for module in sources:
            digest.update(Path(str(module.__file__)).read_bytes())
        self.folder = root / digest.hexdigest()[:16]

    def get(
        self, key: str, compute: Callable[[], Mapping[str, np.ndarray]]
    ) -> Mapping[str, np.ndarray]:
        """The arrays of a key, computed where they are not there yet."""
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        arrays = compute()
        write_arrays(path, arrays)
        return arrays
