"""The reference engine: every row scored in double precision by numpy; knows no FAISS.

Use it to judge other engines, for small sets, and where FAISS is not installed. It holds float32
rows and converts them block by block, so it is the slowest engine on purpose: the order of its
answers depends on the numbers alone, never on how a product was split.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from index.arrays import load_rows, save_array
from index.errors import UnreadableIndex
from index.planner import Plan
from index.vectors import (
    Ids,
    Neighbours,
    Vectors,
    check_ids,
    check_search,
    check_vectors,
    find_allowed,
    find_rows,
    pad_neighbours,
    sort_rows,
)

IDS_FILE = "ids.npy"
ROWS_FILE = "rows.npy"
_BLOCK_ROWS = 8192


class ExactIndex:
    """Float32 rows in id order, searched by brute force; built by `build_exact`."""

    engine = "exact"

    def __init__(self, ids: Ids, vectors: Vectors) -> None:
        self._ids = ids
        self._vectors = vectors

    @property
    def dimension(self) -> int:
        """D, the width of a row."""
        return int(self._vectors.shape[1])

    @property
    def parameters(self) -> Mapping[str, str | int]:
        """How the rows are kept, for the manifest."""
        return MappingProxyType({"storage": "float32", "metric": "inner_product"})

    @property
    def ids(self) -> Ids:
        """(N,) int64, ascending."""
        return self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def rows(self, ids: Ids) -> Vectors:
        """The stored rows of these ids, (M, D); raises InvalidIds for an unknown id."""
        return self._vectors[find_rows(self._ids, ids)]

    def search(self, queries: Vectors, k: int, *, allowed: Ids | None = None) -> Neighbours:
        """Find the k nearest rows of each query; see `VectorIndex.search`."""
        check_search(queries, k, dimension=self.dimension)
        positions = None if allowed is None else find_allowed(self._ids, allowed)
        num_allowed = len(self) if positions is None else len(positions)
        plan = Plan(kind="exact", is_exact=True, num_rows=len(self), num_allowed=num_allowed)
        vectors = self._vectors if positions is None else self._vectors[positions]
        relevances = _score(queries, vectors)  # (Q, M)
        best = _best(relevances, min(k, num_allowed))  # (Q, <= k)
        found = best if positions is None else positions[best]
        return pad_neighbours(
            self._ids, found, np.take_along_axis(relevances, best, axis=1), k=k, plan=plan
        )

    def save(self, folder: Path) -> None:
        """Write ids.npy and rows.npy into an existing folder."""
        save_array(folder / IDS_FILE, self._ids)
        save_array(folder / ROWS_FILE, self._vectors)


def build_exact(ids: Ids, vectors: Vectors) -> ExactIndex:
    """Check ids (N,) and unit rows (N, D) and hold them in id order."""
    check_vectors(vectors)
    check_ids(ids, len(vectors))
    return ExactIndex(*sort_rows(ids, vectors))


def load_exact(folder: Path) -> ExactIndex:
    """Read what `ExactIndex.save` wrote; raises UnreadableIndex for anything else."""
    ids, vectors = load_rows(folder / IDS_FILE, folder / ROWS_FILE, dtype="float32")
    try:
        check_vectors(vectors)
    except ValueError as error:
        raise UnreadableIndex(f"{folder / ROWS_FILE}: {error}") from error
    return ExactIndex(ids, vectors)


def _score(queries: Vectors, vectors: Vectors) -> Vectors:
    """Inner products (Q, N), summed in float64 so that equal rows get equal float32 numbers."""
    wide = queries.astype(np.float64)
    relevances = np.empty((len(queries), len(vectors)), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS].astype(np.float64)
        relevances[:, start : start + _BLOCK_ROWS] = wide @ block.T
    return relevances


def _best(relevances: Vectors, count: int) -> NDArray[np.int64]:
    """Columns (Q, count) of the highest relevances, equal ones in column order."""
    best = np.empty((len(relevances), count), dtype=np.int64)
    if count == 0:
        return best
    for row, scores in enumerate(relevances):
        lowest = np.partition(scores, len(scores) - count)[len(scores) - count]
        candidates = np.flatnonzero(scores >= lowest)
        order = np.argsort(-scores[candidates], kind="stable")[:count]
        best[row] = candidates[order]
    return best
