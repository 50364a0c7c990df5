"""What every engine shares: the Protocol, its answer, and the checks at its edge; no engine.

Letters: N rows, D dimensions, Q queries, M allowed ids, k neighbours asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import (
    InvalidCount,
    InvalidIds,
    InvalidVectors,
    NotFinite,
    NotUnitLength,
    WrongDimension,
)
from index.planner import Plan

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]

MISSING_ID = -1
# Half precision moves a component by at most 2**-11 of itself, so a length by at most 4.9e-4.
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The nearest rows of each query, best first, equal relevances by ascending id.

    Attributes:
        ids: (Q, k) int64, -1 where there are fewer than k.
        relevances: (Q, k) float32 inner products, higher is closer, -inf where missing.
        plan: How the engine searched, or None where the caller put the neighbours together.
    """

    ids: Ids
    relevances: Vectors
    plan: Plan | None = None


class VectorIndex(Protocol):
    """Immutable unit rows under int64 ids, searched by inner product."""

    @property
    def engine(self) -> str:
        """The name that loads it again."""

    @property
    def dimension(self) -> int:
        """D, the width of a row."""

    @property
    def parameters(self) -> Mapping[str, str | int]:
        """How the rows are kept, for the manifest."""

    @property
    def ids(self) -> Ids:
        """(N,) int64, ascending."""

    def __len__(self) -> int: ...

    def rows(self, ids: Ids) -> Vectors:
        """The stored rows of these ids as float32 (M, D); raises InvalidIds for an unknown id."""

    def search(self, queries: Vectors, k: int, *, allowed: Ids | None = None) -> Neighbours:
        """Find the k nearest rows of each query.

        Args:
            queries: (Q, D) float32 unit rows.
            k: At least 1; may exceed the number of rows.
            allowed: (M,) int64 ids that may be returned, in any order (fastest in ascending
                order); ids that are not in the index are passed over; an empty array allows
                nothing; None allows all.

        Raises:
            InvalidVectors: Queries are not finite float32 unit rows of this dimension.
            InvalidIds: `allowed` is not a one-dimensional int64 array.
            InvalidCount: k is below 1.
        """

    def save(self, folder: Path) -> None:
        """Write the files that `load_index` reads into an existing folder."""


def check_vectors(vectors: Vectors, dimension: int | None = None) -> None:
    """Refuse what is not finite float32 unit rows (N, D), naming the first offending row."""
    if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] == 0:
        raise InvalidVectors(
            f"vectors are {vectors.dtype} of shape {vectors.shape}; "
            "allowed: float32 of shape (N, D)."
        )
    if dimension is not None and vectors.shape[1] != dimension:
        raise WrongDimension(
            f"vectors are {vectors.shape[1]} wide; allowed: {dimension}, as this index."
        )
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise NotFinite(f"row {row} holds NaN or infinity; allowed: finite numbers.")
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    off = np.abs(lengths - 1) > UNIT_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise NotUnitLength(
            f"row {row} has length {lengths[row]:.6g}; allowed: 1 within {UNIT_TOLERANCE}."
        )


def check_ids(ids: Ids, num_rows: int) -> None:
    """Refuse ids that are not one unique non-negative int64 for each row."""
    check_id_type(ids)
    if len(ids) != num_rows:
        raise InvalidIds(f"{len(ids)} ids for {num_rows} rows; allowed: one for each row.")
    if len(ids) and ids.min() < 0:
        raise InvalidIds(f"id {ids.min()} is negative; allowed: 0 and above, -1 means missing.")
    values, counts = np.unique(ids, return_counts=True)
    if len(values) != len(ids):
        first = int(np.argmax(counts > 1))
        raise InvalidIds(f"id {values[first]} is given {counts[first]} times; allowed: once.")


def check_id_type(ids: Ids) -> None:
    """Refuse an array of ids that is not one-dimensional int64."""
    if ids.dtype != np.int64 or ids.ndim != 1:
        raise InvalidIds(
            f"ids are {ids.dtype} of shape {ids.shape}; allowed: int64 of shape (N,)."
        )


def check_search(queries: Vectors, k: int, *, dimension: int) -> None:
    """Refuse queries that are not unit rows of this dimension, and k below 1."""
    check_vectors(queries, dimension)
    if k < 1:
        raise InvalidCount(f"k is {k}; allowed: 1 and above.")


def sort_rows(ids: Ids, vectors: Vectors) -> tuple[Ids, Vectors]:
    """Put rows in ascending order of id, so that position order is id order."""
    order = np.argsort(ids)
    return ids[order], np.ascontiguousarray(vectors[order])


def find_allowed(ids: Ids, allowed: Ids) -> NDArray[np.int64]:
    """Positions, ascending and unique, of the allowed ids that are among the sorted ids."""
    check_id_type(allowed)
    is_ascending = (allowed[1:] >= allowed[:-1]).all()
    # Ids in order are looked up six times as fast as ids in disorder.
    positions, known = _look_up(ids, allowed if is_ascending else np.sort(allowed))
    found = positions[known]
    is_new = np.ones(len(found), dtype=bool)
    is_new[1:] = found[1:] > found[:-1]
    return found[is_new]


def find_rows(ids: Ids, wanted: Ids) -> NDArray[np.int64]:
    """Positions of the wanted ids among the sorted ids, in the order asked; all must exist."""
    check_id_type(wanted)
    positions, known = _look_up(ids, wanted)
    if not known.all():
        raise InvalidIds(f"id {wanted[np.argmin(known)]} is not in this index of {len(ids)} rows.")
    return positions


def _look_up(ids: Ids, wanted: Ids) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each wanted id stands among the sorted ids, and whether it is there at all."""
    positions = np.searchsorted(ids, wanted)
    known = positions < len(ids)
    known[known] = ids[positions[known]] == wanted[known]
    return positions, known


def pad_neighbours(
    ids: Ids, positions: NDArray[np.int64], relevances: Vectors, *, k: int, plan: Plan
) -> Neighbours:
    """Name the positions found (Q, at most k) by their ids and fill up to k."""
    num_queries, num_found = positions.shape
    all_ids = np.full((num_queries, k), MISSING_ID, dtype=np.int64)
    all_relevances = np.full((num_queries, k), -np.inf, dtype=np.float32)
    all_ids[:, :num_found] = ids[positions]
    all_relevances[:, :num_found] = relevances
    return Neighbours(ids=all_ids, relevances=all_relevances, plan=plan)
