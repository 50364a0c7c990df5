"""The FAISS engine that scores every row: half-precision rows, GPU where there is one.

Use it up to a few hundred thousand rows; above, scoring every row costs tens of milliseconds a
query. Relevances differ from full precision by at most 5e-4 (2**-11, the rounding of a unit row).
FAISS hangs in a forked child: start processes by spawn.
"""

import functools
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.arrays import load_rows, save_array
from index.errors import UnreadableIndex
from index.gpu import MAX_GPU_NEIGHBOURS, GpuRows, has_gpu
from index.planner import Plan, plan_search
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
ROWS_FILE = "rows.f16.npy"

Positions = NDArray[np.int64]
Found = tuple[Vectors, Positions]

# Rows asked for beyond k, so that most ties at the k-th place are seen whole at once.
_TIE_MARGIN = 16
# Beyond k on the GPU: covers what its rounding of the query may reorder.
_GPU_MARGIN = 64


class FlatIndex:
    """Float16 rows in id order inside FAISS; built by `build_flat`, safe for many threads."""

    engine = "flat"

    # Any: FAISS has no types of its own.
    def __init__(self, ids: Ids, rows: Any) -> None:
        self._ids = ids
        self._rows = rows
        self._gpu = GpuRows(rows) if len(ids) and has_gpu() else None

    @property
    def dimension(self) -> int:
        """D, the width of a row."""
        return int(self._rows.d)

    @property
    def parameters(self) -> Mapping[str, str | int]:
        """How the rows are kept, for the manifest."""
        return MappingProxyType({"storage": "float16", "metric": "inner_product"})

    @property
    def ids(self) -> Ids:
        """(N,) int64, ascending."""
        return self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def rows(self, ids: Ids) -> Vectors:
        """The stored rows of these ids, (M, D), as rounded; InvalidIds for an unknown id."""
        codes = _codes(self._rows)[find_rows(self._ids, ids)]
        return codes.view(np.float16).astype(np.float32)

    def search(self, queries: Vectors, k: int, *, allowed: Ids | None = None) -> Neighbours:
        """Find the k nearest rows of each query; see `VectorIndex.search`."""
        check_search(queries, k, dimension=self.dimension)
        positions = None if allowed is None else find_allowed(self._ids, allowed)
        plan = plan_search(len(self), None if positions is None else len(positions))
        count = min(k, plan.num_allowed)
        queries = np.ascontiguousarray(queries)
        relevances, found = self._find(queries, count, positions=positions, plan=plan)
        return pad_neighbours(self._ids, found, relevances, k=k, plan=plan)

    def save(self, folder: Path) -> None:
        """Write ids.npy and rows.f16.npy into an existing folder."""
        save_array(folder / IDS_FILE, self._ids)
        save_array(folder / ROWS_FILE, _codes(self._rows).view(np.float16))

    def _find(
        self, queries: Vectors, count: int, *, positions: Positions | None, plan: Plan
    ) -> Found:
        if count == 0 or len(queries) == 0:
            shape = (len(queries), count)
            return np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.int64)
        if positions is None or plan.num_allowed == plan.num_rows:
            return self._find_in_all(queries, count)
        if plan.kind == "exact":
            return _find_in_some(self._rows, queries, count, positions=positions)
        mask = np.zeros(plan.num_rows, dtype=bool)
        mask[positions] = True
        if plan.kind == "over_fetch":
            return self._find_by_over_fetching(queries, count, mask=mask, plan=plan)
        return _find_in_order(
            self._rows, queries, count, num_available=plan.num_allowed, selector=_select(mask)
        )

    def _find_by_over_fetching(
        self, queries: Vectors, count: int, *, mask: NDArray[np.bool_], plan: Plan
    ) -> Found:
        """The first `count` allowed rows of the full order: as exact as that order is."""
        fetch = min(math.ceil(count * plan.fetch_factor) + _TIE_MARGIN, plan.num_rows)
        relevances, found = self._find_in_all(queries, fetch)
        while fetch < plan.num_rows and (mask[found].sum(axis=1) < count).any():
            fetch = min(4 * fetch, plan.num_rows)
            relevances, found = self._find_in_all(queries, fetch)
        order = np.argsort(~mask[found], axis=1, kind="stable")[:, :count]
        return _take(relevances, found, order)

    def _find_in_all(self, queries: Vectors, count: int) -> Found:
        if self._gpu is not None and count + _GPU_MARGIN <= MAX_GPU_NEIGHBOURS:
            found = _find_on_gpu(self._gpu, self._rows, queries, count)
            if found is not None:
                return found
        return _find_in_order(self._rows, queries, count, num_available=len(self))


def build_flat(ids: Ids, vectors: Vectors) -> FlatIndex:
    """Check ids (N,) and unit rows (N, D), round the rows to float16 and hold them in id order."""
    check_vectors(vectors)
    check_ids(ids, len(vectors))
    ids, vectors = sort_rows(ids, vectors)
    return FlatIndex(ids, _hold(vectors.astype(np.float16)))


def load_flat(folder: Path) -> FlatIndex:
    """Read what `FlatIndex.save` wrote; raises UnreadableIndex for anything else."""
    ids, rows = load_rows(folder / IDS_FILE, folder / ROWS_FILE, dtype="float16")
    try:
        check_vectors(rows.astype(np.float32))
    except ValueError as error:
        raise UnreadableIndex(f"{folder / ROWS_FILE}: {error}") from error
    return FlatIndex(ids, _hold(rows))


def _hold(rows: NDArray[np.float16]) -> Any:
    """A FAISS index of these rows, bit for bit: FAISS's own rounding differs in rare last bits."""
    index = _empty_index(rows.shape[1])
    if len(rows):
        index.add_sa_codes(rows.view(np.uint8))
    return index


def _empty_index(dimension: int) -> Any:
    faiss = _faiss()
    return faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _codes(rows: Any) -> NDArray[np.uint8]:
    """The bytes (N, 2 D) of a FAISS index, not copied: valid as long as the index is."""
    if rows.ntotal == 0:
        return np.empty((0, rows.code_size), dtype=np.uint8)
    num_bytes = rows.ntotal * rows.code_size
    flat: NDArray[np.uint8] = _faiss().rev_swig_ptr(rows.codes.data(), num_bytes)
    return flat.reshape(rows.ntotal, rows.code_size)


def _select(mask: NDArray[np.bool_]) -> Any:
    return _faiss().IDSelectorBitmap(np.packbits(mask, bitorder="little"))


def _find_on_gpu(gpu: GpuRows, rows: Any, queries: Vectors, count: int) -> Found | None:
    """The GPU proposes, the CPU scores: answers are the same with and without a device.

    None where equal relevances run past the proposal, so that ids could not break the tie.
    """
    fetch = min(count + _GPU_MARGIN, rows.ntotal)
    relevances, proposed = gpu.propose(queries, fetch)
    if fetch < rows.ntotal and (relevances[:, count - 1] == relevances[:, -1]).any():
        return None
    found = [
        _find_in_some(rows, query[np.newaxis], count, positions=np.sort(candidates))
        for query, candidates in zip(queries, proposed, strict=True)
    ]
    return np.vstack([one[0] for one in found]), np.vstack([one[1] for one in found])


def _find_in_some(rows: Any, queries: Vectors, count: int, *, positions: Positions) -> Found:
    """Score only these rows (ascending positions), by the kernels that score all of them."""
    some = _empty_index(rows.d)
    some.add_sa_codes(_codes(rows)[positions])
    relevances, found = _find_in_order(some, queries, count, num_available=len(positions))
    return relevances, positions[found]


def _find_in_order(
    rows: Any, queries: Vectors, count: int, *, num_available: int, selector: Any = None
) -> Found:
    """Relevances and positions (Q, count), best first, equal relevances by position.

    FAISS promises no order among equal relevances, so more than `count` are asked for until no
    run of equal ones is cut; then they are sorted here.
    """
    fetch = min(count + _TIE_MARGIN, num_available)
    relevances, positions = _search(rows, queries, fetch, selector)
    while fetch < num_available and (relevances[:, count - 1] == relevances[:, -1]).any():
        fetch = min(4 * fetch, num_available)
        relevances, positions = _search(rows, queries, fetch, selector)
    return _take(relevances, positions, np.lexsort((positions, -relevances), axis=-1)[:, :count])


def _take(relevances: Vectors, positions: Positions, order: NDArray[np.intp]) -> Found:
    return (
        np.take_along_axis(relevances, order, axis=1),
        np.take_along_axis(positions, order, axis=1),
    )


def _search(rows: Any, queries: Vectors, count: int, selector: Any) -> Found:
    # Kept by OpenMP for the calling thread alone: one query gains nothing from a second thread.
    _faiss().omp_set_num_threads(min(len(queries), _num_cores()))
    params = None if selector is None else _faiss().SearchParameters(sel=selector)
    relevances, positions = rows.search(queries, count, params=params)
    return relevances, positions


# Any: FAISS's stubs show the C++ signatures, not those of its Python wrappers.
def _faiss() -> Any:
    import faiss

    return faiss


@functools.cache
def _num_cores() -> int:
    return len(os.sched_getaffinity(0))
