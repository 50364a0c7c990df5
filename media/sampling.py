"""Which frames of a clip are kept; works on times alone and knows no decoder."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

SHORT_SIDE = 256
"""Longest short side of a kept frame, in pixels."""

_EARLY_S = 1e-4  # a frame this little before its turn is in time: container clocks round

Item = TypeVar("Item")


class Sampler(Generic[Item]):
    """Keeps the first item at or after each k / rate seconds; when full, every second one.

    The kept ones depend on the times alone, so two decoders keep the same frames, and a clip of
    unstated length needs no second pass.
    """

    def __init__(self, rate: float, max_items: int) -> None:
        if not rate > 0 or max_items < 2:
            raise ValueError(f"rate {rate} must be positive and max_items {max_items} at least 2")
        self.rate = rate
        self.max_items = max_items
        self.times_s: list[float] = []
        self.items: list[Item] = []
        self._next_slot = 0

    def wants(self, time_s: float) -> bool:
        """Whether an item at this time (seconds from the first) has its turn."""
        return self._slot(time_s) >= self._next_slot

    def add(self, time_s: float, item: Item) -> None:
        """Keeps an item that was wanted, making room first where there is none."""
        if len(self.items) == self.max_items:
            self.items, self.times_s = self.items[::2], self.times_s[::2]
            self.rate /= 2
            self._next_slot = self._slot(self.times_s[-1]) + 1
            if not self.wants(time_s):
                return
        self.items.append(item)
        self.times_s.append(time_s)
        self._next_slot = self._slot(time_s) + 1

    def _slot(self, time_s: float) -> int:
        return int((time_s + _EARLY_S) * self.rate)


def pick_frames(times_s: NDArray[np.floating[Any]], rate: float, max_frames: int) -> Sampler[int]:
    """The sampler after all frame times, in rising order; its items are indices."""
    sampler: Sampler[int] = Sampler(rate, max_frames)
    for index, time_s in enumerate(times_s.tolist()):
        if sampler.wants(time_s):
            sampler.add(time_s, index)
    return sampler


def fit_short_side(width: int, height: int) -> tuple[int, int]:
    """(width, height), both even, with the short side at most SHORT_SIDE; never enlarged."""
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
