"""The gate before publish: a new index is measured against exact search; knows no folders."""

from dataclasses import dataclass

import numpy as np

from index.errors import InvalidCount
from index.exact import build_exact
from index.metrics import recall_of_relevances
from index.vectors import Neighbours, VectorIndex, Vectors

# Twice what half-precision rows may move one relevance: the row found and the row missed.
RELEVANCE_TOLERANCE = 2 * 2**-11  # 9.8e-4
_SEED = 20260101


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a new index must reach.

    Attributes:
        min_recall: Recall@k against exact search, 0 to 1.
        num_samples: Rows drawn as queries; half of the queries lie between two rows.
        k: Neighbours compared.
    """

    min_recall: float = 0.99
    num_samples: int = 64
    k: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.min_recall <= 1:
            raise InvalidCount(f"min_recall is {self.min_recall}; allowed: 0 to 1.")
        if self.num_samples < 1 or self.k < 1:
            raise InvalidCount(
                f"num_samples is {self.num_samples}, k is {self.k}; allowed: 1 and above."
            )


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """What was measured, and what of it was not good enough.

    Attributes:
        num_rows: Rows in the index after reload.
        expected_rows: Rows in the reference.
        recall: Recall@k of the index as built.
        recall_after_reload: The same after its files were read back.
        first_found: Share of the queries whose first neighbour is as close as any row.
        num_queries: Queries asked.
        failures: One sentence part for each broken condition; empty where the gate is passed.
    """

    num_rows: int
    expected_rows: int
    recall: float
    recall_after_reload: float
    first_found: float
    num_queries: int
    failures: tuple[str, ...]


def measure_gate(
    gate: Gate, built: VectorIndex, *, reloaded: VectorIndex, reference: VectorIndex | None = None
) -> GateReport:
    """Compare an index, as built and as read back, with the rows it should hold.

    Args:
        gate: What must be reached.
        built: The index in memory.
        reloaded: The same index, read back from its files.
        reference: The rows it should hold, in full precision; None takes the rows of `built`,
            so that only the search is judged, not how rows were stored.
    """
    reference = reference or build_exact(built.ids, built.rows(built.ids))
    failures = _compare_rows("built", built, reference)
    failures += _compare_rows("reloaded", reloaded, reference)
    measured = _Measured()
    if not failures and len(reference):
        measured = _measure(gate, built, reloaded, reference)
        failures = _judge(gate, measured)
    return GateReport(
        num_rows=len(reloaded),
        expected_rows=len(reference),
        recall=measured.recall,
        recall_after_reload=measured.recall_after_reload,
        first_found=measured.first_found,
        num_queries=measured.num_queries,
        failures=tuple(failures),
    )


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Figures of the search; the defaults are those of an index with nothing to find."""

    recall: float = 1.0
    recall_after_reload: float = 1.0
    first_found: float = 1.0
    num_queries: int = 0
    same_answers: bool = True


def _compare_rows(name: str, index: VectorIndex, reference: VectorIndex) -> list[str]:
    failures = []
    if len(index) != len(reference):
        failures.append(f"the {name} index has {len(index)} rows, expected {len(reference)}")
    elif not np.array_equal(index.ids, reference.ids):
        num_other = len(np.setdiff1d(index.ids, reference.ids))
        failures.append(f"the {name} index holds {num_other} ids that were not expected")
    if index.dimension != reference.dimension:
        failures.append(
            f"the {name} index is {index.dimension} wide, expected {reference.dimension}"
        )
    return failures


def _measure(
    gate: Gate, built: VectorIndex, reloaded: VectorIndex, reference: VectorIndex
) -> _Measured:
    queries = _sample_queries(gate, reference)
    found, found_again = built.search(queries, gate.k), reloaded.search(queries, gate.k)
    true = reference.search(queries, gate.k).relevances
    before = _true_relevances(found, queries, reference)
    after = _true_relevances(found_again, queries, reference)
    return _Measured(
        recall=recall_of_relevances(before, true, tolerance=RELEVANCE_TOLERANCE),
        recall_after_reload=recall_of_relevances(after, true, tolerance=RELEVANCE_TOLERANCE),
        first_found=float(np.mean(after[:, 0] >= true[:, 0] - RELEVANCE_TOLERANCE)),
        num_queries=len(queries),
        same_answers=np.array_equal(found.ids, found_again.ids)
        and np.array_equal(found.relevances, found_again.relevances),
    )


def _sample_queries(gate: Gate, reference: VectorIndex) -> Vectors:
    """Rows, then points between two of them: the same queries whenever the rows are the same."""
    random = np.random.default_rng(_SEED)
    num_rows = min(gate.num_samples, len(reference))
    sample = reference.rows(random.choice(reference.ids, num_rows, replace=False))
    between = sample + np.roll(sample, 1, axis=0)
    lengths = np.linalg.norm(between, axis=1, keepdims=True)
    apart = lengths[:, 0] > 0.1  # two opposite rows have nothing between them
    return np.concatenate([sample, between[apart] / lengths[apart]])


def _true_relevances(found: Neighbours, queries: Vectors, reference: VectorIndex) -> Vectors:
    """The relevances (Q, k) of the rows found, by the reference.

    -inf for a missing or unknown id and for the second naming of a row, so none of them counts.
    """
    relevances = np.full(found.ids.shape, -np.inf, dtype=np.float32)
    is_known = np.isin(found.ids, reference.ids)
    for query, ids in enumerate(found.ids):
        names, places = np.unique(ids, return_index=True)
        known = is_known[query, places]
        rows = reference.rows(names[known])
        relevances[query, places[known]] = rows @ queries[query]
    return relevances


def _judge(gate: Gate, measured: _Measured) -> list[str]:
    failures = []
    shares = {
        f"recall@{gate.k}": measured.recall,
        f"recall@{gate.k} after reload": measured.recall_after_reload,
        "share of queries that find their nearest row first": measured.first_found,
    }
    for name, share in shares.items():
        if share < gate.min_recall:
            failures.append(f"{name} is {share:.4f}, at least {gate.min_recall:.4f} is needed")
    if not measured.same_answers:
        failures.append(
            f"answers differ after reload: recall@{gate.k} was {measured.recall:.4f} before "
            f"and {measured.recall_after_reload:.4f} after"
        )
    return failures
