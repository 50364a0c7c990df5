"""Rows of estimates beside truths, one of each a track, which tempo and key report.

N tracks.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from encoders.bench.table import Row, make_row
from encoders.metrics import bootstrap_interval

Evaluate = Callable[[np.ndarray, np.ndarray], dict[str, float]]  # (N,) estimates, truths


def estimate_rows(
    evaluate: Evaluate, estimates: np.ndarray, truths: np.ndarray, *, method: str, subset: str
) -> list[Row]:
    """A row of each metric that `evaluate` gives, with intervals over the tracks."""
    names = [str(i) for i in range(len(truths))]

    def measure(metric: str, drawn: np.ndarray) -> float:
        return evaluate(estimates[drawn], truths[drawn])[metric]

    return [
        make_row(
            bootstrap_interval(names, partial(measure, metric)),
            method=method,
            metric=metric,
            subset=subset,
            num_tracks=len(truths),
            num_queries=len(truths),
            chance=chance,
        )
        for metric, chance in chance_of(evaluate, truths).items()
    ]


def chance_of(evaluate: Evaluate, truths: np.ndarray) -> dict[str, float]:
    """Each metric of estimates that are drawn from the truths: the mean over all pairs."""
    one, other = (part.ravel() for part in np.meshgrid(truths, truths))
    return evaluate(one, other)
