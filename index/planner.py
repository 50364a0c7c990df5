"""How a filtered search should run: decided from counts alone, knows no engine and no vectors.

A graph or cluster index asked with a selective filter loses most of its answers (recall@10 of
FAISS HNSW32: 0.95 with 10 % of the rows allowed, 0.41 with 1 %), so the allowed rows are
counted first and the search is chosen by their number.
"""

from dataclasses import dataclass
from typing import Literal

from index.errors import InvalidCount

PlanKind = Literal["exact", "filtered", "over_fetch"]

# Where copying the allowed rows out costs as much as skipping the others (benchmarks/index.py).
EXACT_ENGINE_SHARE = 0.05
# Below these an approximate engine is not worth its misses.
APPROXIMATE_MIN_ROWS = 50_000
APPROXIMATE_MIN_SHARE = 0.10
# Above this share nearly every row found is allowed: asking for more is cheaper than selecting.
OVER_FETCH_SHARE = 0.50
OVER_FETCH_SLACK = 1.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one search runs.

    Attributes:
        kind: "exact" scores every allowed row and no other; "filtered" walks the index with a
            selector; "over_fetch" searches unfiltered for more, drops what is not allowed, and
            asks for more still where too little is left.
        is_exact: True where no allowed row can be missed.
        num_rows: Rows in the index.
        num_allowed: Rows of the index that may be returned.
        fetch_factor: What k is multiplied by under "over_fetch"; 1 otherwise.
    """

    kind: PlanKind
    is_exact: bool
    num_rows: int
    num_allowed: int
    fetch_factor: float = 1.0


def plan_search(
    num_rows: int, num_allowed: int | None = None, *, is_exact_engine: bool = True
) -> Plan:
    """Choose how to search.

    Args:
        num_rows: Rows in the index.
        num_allowed: Rows of the index that may be returned; None is all of them.
        is_exact_engine: True for engines that score every row they walk (flat, exact).

    Raises:
        InvalidCount: A count is negative, or more rows are allowed than there are.
    """
    num_allowed = num_rows if num_allowed is None else num_allowed
    if not 0 <= num_allowed <= num_rows:
        raise InvalidCount(
            f"num_allowed is {num_allowed} of num_rows {num_rows}; allowed: 0 to num_rows."
        )
    if is_exact_engine:
        return _plan_for_exact_engine(num_rows, num_allowed)
    return _plan_for_approximate_engine(num_rows, num_allowed)


def _plan_for_exact_engine(num_rows: int, num_allowed: int) -> Plan:
    kind: PlanKind = "filtered"
    if num_allowed == num_rows or num_allowed <= EXACT_ENGINE_SHARE * num_rows:
        kind = "exact"
    elif num_allowed > OVER_FETCH_SHARE * num_rows:
        kind = "over_fetch"
    return _plan(kind, num_rows, num_allowed, is_exact=True)


def _plan_for_approximate_engine(num_rows: int, num_allowed: int) -> Plan:
    kind: PlanKind = "filtered"
    if num_rows < APPROXIMATE_MIN_ROWS or num_allowed <= APPROXIMATE_MIN_SHARE * num_rows:
        kind = "exact"
    elif num_allowed > OVER_FETCH_SHARE * num_rows:
        kind = "over_fetch"
    return _plan(kind, num_rows, num_allowed, is_exact=kind == "exact")


def _plan(kind: PlanKind, num_rows: int, num_allowed: int, *, is_exact: bool) -> Plan:
    fetch_factor = 1.0
    if kind == "over_fetch" and num_allowed < num_rows:
        fetch_factor = OVER_FETCH_SLACK * num_rows / num_allowed
    return Plan(
        kind=kind,
        is_exact=is_exact,
        num_rows=num_rows,
        num_allowed=num_allowed,
        fetch_factor=fetch_factor,
    )
