"""Figures as rows: every one with N, chance and an interval, or it is no figure."""

from dataclasses import dataclass

from encoders.metrics import Interval


@dataclass(frozen=True, kw_only=True)
class Row:
    """One metric of one system.

    Attributes:
        num_items: N, tracks that are ranked.
        num_queries: Q, texts that they are ranked for.
        chance: the value of an order that knows nothing.
        interval: the value with its 95 % bootstrap interval over artists.
    """

    metric: str
    system: str
    num_items: int
    num_queries: int
    chance: float
    interval: Interval
