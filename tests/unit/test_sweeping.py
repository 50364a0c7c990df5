"""The sweeper goes on until it is closed, whatever one sweep met."""

import threading

from services.sweeping import Sweeper


def test_a_sweep_that_fails_is_tried_again() -> None:
    swept = threading.Event()
    calls: list[str] = []

    def sweep() -> int:
        calls.append("sweep")
        if len(calls) == 1:
            raise OSError("the disk is full")
        swept.set()
        return 1

    sweeper = Sweeper(sweep, every_s=0.001)
    assert swept.wait(10)
    sweeper.close()
    num_calls = len(calls)
    assert num_calls >= 2
    assert not sweeper._thread.is_alive()
