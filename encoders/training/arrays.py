"""Named arrays as a file of a cache: whole or not there, also where two processes write it."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz file in one step, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]  # numpy's stub counts a flag in
    unfinished.replace(path)
