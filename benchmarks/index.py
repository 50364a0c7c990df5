"""How long a search takes by engine, and under a filter by share of rows allowed; no music.

Run from the repository's root: `python -m benchmarks.index [--rows 10000 100000] [--json]`.
Rows are synthetic clustered unit rows of 256, so times hold for any catalogue of that size and
recall does not: it is printed to show that half precision loses nothing. Ratios travel between
machines, milliseconds do not; set OPENBLAS_NUM_THREADS=1 on a busy machine, or numpy's rows
measure its threads waiting for each other.
"""

import argparse
import functools
import json
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from index.engine import build_index
from index.exact import build_exact
from index.metrics import recall_at_k
from index.vectors import Ids, VectorIndex, Vectors

DIMENSION = 256
NUM_CLUSTERS = 200
NUM_QUERIES = 64
K = 10
ALLOWED_SHARES = (0.001, 0.01, 0.05, 0.1, 0.5, 0.9)

Row = dict[str, str | int | float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=15, help="the fastest is printed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    table = [row for count in options.rows for row in measure(count, options.repeats)]
    if options.json:
        json.dump(table, sys.stdout, indent=2)
        print()
    else:
        print_table(table)


def measure(num_rows: int, repeats: int) -> list[Row]:
    """Rows of the table for one size of index; the ratio is to plain float32 numpy."""
    ids, vectors, queries = make_rows(num_rows)
    exact, flat = build_exact(ids, vectors), build_index("flat", ids, vectors)
    recall = recall_at_k(flat.search(queries, K).ids, exact.search(queries, K).ids)
    table: list[Row] = []
    for num_queries in (1, NUM_QUERIES):
        some = queries[:num_queries]
        base: Row = {"rows": num_rows, "queries": num_queries, "allowed": 1.0}
        plain_ms = time_ms(functools.partial(search_plainly, vectors, some), repeats)
        for name, index, found in (("flat", flat, recall), ("exact", exact, 1.0)):
            taken_ms = time_ms(searching(index, some), repeats)
            table.append(base | row_of(name, taken_ms, plain_ms, found))
        table.append(base | row_of("numpy", plain_ms, plain_ms, 1.0))
    return table + measure_filters(flat, exact, queries[:1], repeats)


def measure_filters(
    flat: VectorIndex, exact: VectorIndex, query: Vectors, repeats: int
) -> list[Row]:
    """The flat engine with some rows allowed; the ratio is to the same search with all."""
    random = np.random.default_rng(1)
    all_ms = time_ms(searching(flat, query), repeats)
    table: list[Row] = []
    for share in ALLOWED_SHARES:
        allowed = np.sort(random.choice(flat.ids, int(share * len(flat)), replace=False))
        found = flat.search(query, K, allowed=allowed)
        recall = recall_at_k(found.ids, exact.search(query, K, allowed=allowed).ids)
        name = f"flat {found.plan.kind}" if found.plan else "flat"
        taken_ms = time_ms(searching(flat, query, allowed), repeats)
        base: Row = {"rows": len(flat), "queries": 1, "allowed": share}
        table.append(base | row_of(name, taken_ms, all_ms, recall))
    return table


def make_rows(num_rows: int) -> tuple[Ids, Vectors, Vectors]:
    """Ids, clustered unit rows and queries near them, the same on every run."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((NUM_CLUSTERS, DIMENSION), dtype=np.float32)
    rows = centres[random.integers(0, NUM_CLUSTERS, num_rows + NUM_QUERIES)]
    rows += 0.8 * random.standard_normal(rows.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.arange(num_rows, dtype=np.int64), rows[:num_rows], rows[num_rows:]


def searching(
    index: VectorIndex, queries: Vectors, allowed: Ids | None = None
) -> Callable[[], object]:
    """The search as a call to be timed."""
    return lambda: index.search(queries, K, allowed=allowed)


def search_plainly(vectors: Vectors, queries: Vectors) -> Ids:
    """What one writes without an index: a float32 product and a partition, ties as they fall."""
    relevances = queries @ vectors.T
    return np.argpartition(-relevances, K, axis=1)[:, :K]


def time_ms(call: Callable[[], object], repeats: int) -> float:
    """Wall time of the least disturbed call in milliseconds, after one call to warm up."""
    call()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - start))
    return min(taken)


def row_of(engine: str, taken_ms: float, base_ms: float, recall: float) -> Row:
    """One row's figures."""
    return {
        "engine": engine,
        "ms": round(taken_ms, 3),
        "times_as_fast": round(base_ms / taken_ms, 2),
        "recall_at_10": round(recall, 4),
    }


def print_table(table: list[Row]) -> None:
    """Columns for people."""
    print(f"{'rows':>8} {'queries':>8} {'allowed':>8} {'engine':<14} {'ms':>9} "
          f"{'x as fast':>9} {'recall@10':>10}")  # fmt: skip
    for row in table:
        print(
            f"{row['rows']:>8} {row['queries']:>8} {row['allowed']:>8} {row['engine']:<14} "
            f"{row['ms']:>9} {row['times_as_fast']:>9} {row['recall_at_10']:>10}"
        )


if __name__ == "__main__":
    main()
