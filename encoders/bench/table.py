"""What a protocol answers: a table of measured values with their intervals; measures nothing."""

from dataclasses import asdict, dataclass
from typing import Any, TypedDict, Unpack

from encoders.metrics import Interval

MODEL = "temptrack"
RANDOM = "random features"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Holds one measured value.

    A row whose method is "A minus B" holds a difference on the same resamples; its chance is 0.
    """

    method: str
    metric: str
    subset: str
    num_tracks: int
    num_queries: int
    chance: float
    value: float
    low: float  # 95 % interval, bootstrap over groups (artists, tracks or queries)
    high: float


@dataclass(frozen=True, kw_only=True)
class Table:
    """Holds the rows of one evaluation and what they are about."""

    name: str
    note: str
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class Counts(TypedDict):
    """What a value was measured on: N, Q and the value that chance reaches."""

    num_tracks: int
    num_queries: int
    chance: float


def make_row(
    interval: Interval, *, method: str, metric: str, subset: str, **counts: Unpack[Counts]
) -> Row:
    """A row of a value with its interval."""
    return Row(
        method=method,
        metric=metric,
        subset=subset,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        **counts,
    )
