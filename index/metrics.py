"""How good the neighbours of one engine are, judged by another's; knows no engine."""

import numpy as np

from index.vectors import MISSING_ID, Ids, Vectors


def recall_at_k(found: Ids, true: Ids) -> float:
    """Share of the true neighbours that were found, whatever their order.

    Use it where relevances are well apart. Where many rows lie equally close it counts a miss
    for a row that is just as good: use `recall_of_relevances` there.

    Args:
        found: (Q, K) ids as found, -1 where missing.
        true: (Q, k) ids of the reference, -1 where missing.

    Returns:
        0 to 1 over all queries together; 1 where there is nothing to find.
    """
    num_true = int((true != MISSING_ID).sum())
    num_found = sum(
        len(np.intersect1d(of_true[of_true != MISSING_ID], of_found))
        for of_found, of_true in zip(found, true, strict=True)
    )
    return num_found / num_true if num_true else 1.0


def recall_of_relevances(found: Vectors, true: Vectors, *, tolerance: float) -> float:
    """Share of places filled by a row at least as relevant as the last true neighbour.

    As in ann-benchmarks (Aumüller et al. 2020): a row found counts when it is within `tolerance`
    of the k-th true relevance, so equally close rows are equally right.

    Args:
        found: (Q, K) true relevances of the rows found, each row once, -inf where missing.
        true: (Q, k) relevances of the reference, best first, -inf where missing.
        tolerance: In units of relevance; what the engine's rounding may cost.

    Returns:
        0 to 1 over all queries together; 1 where there is nothing to find.
    """
    num_true = np.isfinite(true).sum(axis=1)  # (Q,)
    if not num_true.any():
        return 1.0
    lowest = np.min(np.where(np.isfinite(true), true, np.inf), axis=1)  # (Q,)
    num_good = (found >= lowest[:, np.newaxis] - tolerance).sum(axis=1)
    return float(np.minimum(num_good, num_true).sum() / num_true.sum())
