"""The 95 % interval of a share, for the scripts beside it."""

import math
from collections.abc import Sequence
from typing import Any

Z = 1.959964  # of a normal distribution, two-sided 95 %


def wilson(answers: Sequence[bool]) -> dict[str, Any]:
    """Share with N and the 95 % interval (Wilson 1927), in per cent."""
    n = len(answers)
    share = sum(answers) / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    low, high = 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)
    return {"share": round(100 * share, 1), "n": n, "low": round(low, 1), "high": round(high, 1)}
