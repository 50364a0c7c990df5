"""Workload: a bounded queue refuses what it cannot hold."""

import asyncio
import threading

import pytest

from services.errors import Busy
from services.workload import Workload


def test_a_story_runs_and_its_errors_come_back() -> None:
    work = Workload("searches", num_at_once=1, max_waiting=1)

    def fail() -> None:
        raise KeyError("x")

    assert asyncio.run(work.run(lambda: 7)) == 7
    with pytest.raises(KeyError):
        asyncio.run(work.run(fail))
    work.close()


def test_one_more_than_the_queue_holds_is_refused_with_a_time_to_try_again() -> None:
    work = Workload("media", num_at_once=1, max_waiting=1)
    go_on, begun = threading.Event(), threading.Event()

    def wait() -> str:
        begun.set()
        go_on.wait()
        return "done"

    async def ask() -> tuple[str, str]:
        running = asyncio.create_task(work.run(wait))
        await asyncio.to_thread(begun.wait)
        waiting = asyncio.create_task(work.run(lambda: "later"))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="2 media wait or run") as refused:
            await work.run(lambda: "never")
        assert refused.value.retry_after_s > 0
        go_on.set()
        return await running, await waiting

    assert asyncio.run(ask()) == ("done", "later")
    assert asyncio.run(work.run(lambda: "again")) == "again"
    work.close()


def test_a_cancelled_caller_that_waits_gives_its_place_back() -> None:
    work = Workload("media", num_at_once=1, max_waiting=1)
    go_on, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait()

    async def ask() -> str:
        running = asyncio.create_task(work.run(wait))
        await asyncio.to_thread(begun.wait)
        waiting = asyncio.create_task(work.run(lambda: "dropped"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        later = asyncio.create_task(work.run(lambda: "later"))
        await asyncio.sleep(0)
        go_on.set()
        await running
        return await later

    assert asyncio.run(ask()) == "later"
    work.close()
