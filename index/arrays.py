"""Arrays on disk as .npy files: plain numbers that cannot execute anything; knows no engine."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import UnreadableIndex
from index.vectors import Ids


# Any: the element type differs from file to file and is checked when read.
def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write one array, never an object array."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def load_rows(ids_path: Path, rows_path: Path, *, dtype: str) -> tuple[Ids, NDArray[Any]]:
    """Read ids (N,) and rows (N, D) of this dtype that belong together.

    Raises:
        UnreadableIndex: A file is missing, damaged, of another type, or the two do not fit.
    """
    ids: Ids = _load_array(ids_path, "int64", num_axes=1)
    rows = _load_array(rows_path, dtype, num_axes=2)
    if len(ids) != len(rows):
        raise UnreadableIndex(
            f"{ids_path} has {len(ids)} ids for {len(rows)} rows of {rows_path}."
        )
    if len(ids) and (ids[0] < 0 or not (ids[1:] > ids[:-1]).all()):
        raise UnreadableIndex(f"{ids_path}: ids are not ascending, unique and non-negative.")
    return ids, rows


def _load_array(path: Path, dtype: str, *, num_axes: int) -> NDArray[Any]:
    # Mapping the file first refuses a header that claims more than the file holds.
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise UnreadableIndex(f"{path} cannot be read as an array: {error}") from error
    if not isinstance(array, np.memmap) or array.dtype != dtype or array.ndim != num_axes:
        raise UnreadableIndex(f"{path} is not a {dtype} array with {num_axes} axes.")
    return np.array(array, order="C")
