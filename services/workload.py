"""Runs stories in a few threads behind a queue that ends: one more is refused, never piled up."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from services.errors import Busy

T = TypeVar("T")

MIN_RETRY_S = 0.1
# Weight of the newest story in the running mean of how long one takes.
NEWEST_WEIGHT = 0.2


class Workload:
    """A bounded queue in front of a few threads.

    Args:
        name: What is done, for threads and messages: "searches", "media".
        num_at_once: Stories that run at one time.
        max_waiting: Stories that may wait for a thread.
    """

    def __init__(self, name: str, *, num_at_once: int, max_waiting: int) -> None:
        self._name = name
        self._num_at_once = num_at_once
        self._max_pending = num_at_once + max_waiting
        self._pool = ThreadPoolExecutor(num_at_once, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._num_pending = 0
        self._mean_s = 0.0

    async def run(self, story: Callable[[], T]) -> T:
        """Runs a story in a thread and answers with what it returns.

        Raises:
            Busy: The queue is full; `retry_after_s` says when it may not be.
        """
        with self._lock:
            if self._num_pending >= self._max_pending:
                raise self._busy()
            self._num_pending += 1
        future = self._pool.submit(self._timed, story)
        future.add_done_callback(self._forget)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Lets running stories end and drops those that wait."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _timed(self, story: Callable[[], T]) -> T:
        began_s = time.monotonic()
        try:
            return story()
        finally:
            took_s = time.monotonic() - began_s
            with self._lock:
                self._mean_s += NEWEST_WEIGHT * (took_s - self._mean_s)

    def _forget(self, _: "Future[T]") -> None:
        with self._lock:
            self._num_pending -= 1

    def _busy(self) -> Busy:
        wait_s = max(MIN_RETRY_S, self._mean_s * self._num_pending / self._num_at_once)
        return Busy(
            f"{self._num_pending} {self._name} wait or run already; try again in {wait_s:.1f} s",
            retry_after_s=wait_s,
        )
