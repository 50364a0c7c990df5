"""Small indexes for the tests of the generation store."""

from collections.abc import Mapping

import numpy as np

from index.exact import build_exact
from index.generation import Generation, GenerationStore, Manifest
from index.vectors import Ids, VectorIndex, Vectors

SPACE = "small-0123456789abcdef"


def build_rows(num_rows: int) -> tuple[Ids, Vectors]:
    rows = np.random.default_rng(num_rows).standard_normal((num_rows, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.arange(num_rows, dtype=np.int64), rows.astype(np.float32)


QUERIES = build_rows(5)[1]


def index_of(num_rows: int) -> VectorIndex:
    return build_exact(*build_rows(num_rows))


def publish(
    store: GenerationStore, num_rows: int, *, extra_files: Mapping[str, bytes] | None = None
) -> Manifest:
    return store.publish(
        index_of(num_rows), space=SPACE, newest_row=num_rows, extra_files=extra_files or {}
    )


def live(store: GenerationStore) -> Generation:
    generation = store.live()
    assert generation is not None
    return generation
