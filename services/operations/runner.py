"""Runs operations one after another in threads of its own; knows nothing of what they do.

The database is the queue: an operation that a killed process left running is begun again by
`resume_unfinished`, and its handler goes on from what it had recorded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from services.errors import Busy, Cancelled, InvalidRequest
from services.operations.progress import CANCEL_MESSAGE, Progress, Stopping
from services.operations.records import Claim, Fields, OperationPage, OperationRecord, State
from services.operations.store import OperationStore
from services.status import describe_error, failure_fields

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
MAX_UNFINISHED = 100
RETRY_AFTER_S = 30.0
# Rows that another process put into the queue are seen this late.
LOOK_EVERY_S = 5.0

Handler = Callable[[Fields, Progress], Fields]


class OperationRunner:
    """Starts, runs, shows and cancels operations.

    Args:
        store: Where they are written.
        num_workers: How many run at once.
        max_unfinished: How many may wait or run; one more is refused as Busy.
    """

    def __init__(
        self,
        store: OperationStore,
        *,
        num_workers: int = 1,
        max_unfinished: int = MAX_UNFINISHED,
    ) -> None:
        self._store = store
        self._num_workers = num_workers
        self._max_unfinished = max_unfinished
        self._handlers: dict[str, Handler] = {}
        self._running: dict[str, Progress] = {}
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._num_changes = 0
        self._stop = threading.Event()

    def register(self, kind: str, handler: Handler) -> None:
        """Names the function that does a kind of operation; before any is started."""
        self._handlers[kind] = handler

    def resume_unfinished(self) -> int:
        """Begins with what earlier processes left; call once when the server starts.

        Returns:
            How many operations were running when their process stopped.
        """
        num_left = self._store.requeue_running()
        if num_left:
            logger.info("%s operations go on where they stopped", num_left)
        self._start_workers()
        self._notify()
        return num_left

    def start(self, kind: str, request: Fields) -> str:
        """Puts an operation into the queue; answers with its id.

        Raises:
            Busy: Too many wait already.
        """
        if kind not in self._handlers:
            raise InvalidRequest(
                f"no operation of kind {kind!r}; there are {list(self._handlers)}"
            )
        if self._store.count_unfinished() >= self._max_unfinished:
            raise Busy(
                f"{self._max_unfinished} operations wait or run already",
                retry_after_s=RETRY_AFTER_S,
            )
        operation_id = self._store.add(kind, request)
        self._start_workers()
        self._notify()
        return operation_id

    def get(self, operation_id: str) -> OperationRecord:
        """One operation, or NotFound."""
        return self._store.get(operation_id)

    def list(
        self, *, token: str = "", limit: int = 100, done: bool | None = None
    ) -> OperationPage:
        """Operations, newest first."""
        return self._store.list(token=token, limit=limit, done=done)

    def count_unfinished(self) -> int:
        """How many operations wait or run."""
        return self._store.count_unfinished()

    def cancel(self, operation_id: str) -> OperationRecord:
        """Cancels a waiting operation, asks a running one to stop; a done one stays; NotFound."""
        record = self._store.cancel(operation_id, _cancelled())
        with self._changed:
            progress = self._running.get(operation_id)
        if progress is not None:
            progress.cancel()
        self._notify()
        return record

    def remove(self, operation_id: str) -> None:
        """Forgets a done operation."""
        self._store.remove(operation_id)

    def wait(self, operation_id: str, timeout_s: float) -> OperationRecord:
        """The operation once it is done, or as it stands when the time is up."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with self._changed:
                num_seen = self._num_changes
            record = self._store.get(operation_id)
            left_s = deadline_s - time.monotonic()
            if record.done or left_s <= 0:
                return record
            self._sleep(num_seen, min(left_s, LOOK_EVERY_S))

    def close(self) -> None:
        """Stops after the item at work; what is unfinished goes on at the next start."""
        self._stop.set()
        self._notify()
        for thread in self._threads:
            thread.join()

    def _start_workers(self) -> None:
        with self._changed:
            while len(self._threads) < self._num_workers and not self._stop.is_set():
                name = f"operations-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                num_seen = self._num_changes
            try:
                claim = self._store.claim(tuple(self._handlers))
                if claim is not None:
                    self._run(claim)
                    continue
            except Exception:  # the database fails: a worker that ends would never be missed
                logger.exception("an operation could not be begun or ended")
            self._sleep(num_seen, LOOK_EVERY_S)

    def _run(self, claim: Claim) -> None:
        progress = Progress(self._store, claim, self._stop)
        with self._changed:
            self._running[claim.id] = progress
        try:
            self._run_handler(claim, progress)
        finally:
            with self._changed:
                del self._running[claim.id]
            self._notify()

    def _run_handler(self, claim: Claim, progress: Progress) -> None:
        try:
            if self._store.get(claim.id).cancel_requested:  # asked while no process ran it
                progress.cancel()
            progress.raise_if_cancelled()
            _refuse_endless_attempts(claim)
            response = self._handlers[claim.kind](claim.request, progress)
        except Stopping:
            progress.save()
            self._store.requeue(claim.id)
        except Exception as error:  # noqa: BLE001 - the edge of a worker; logged in describe_error
            progress.save()
            failure = describe_error(error, doing=f"operation {claim.id} ({claim.kind})")
            state: State = "cancelled" if isinstance(error, Cancelled) else "failed"
            self._store.finish(claim.id, state, error=failure_fields(failure))
        else:
            progress.save()
            self._store.finish(claim.id, "succeeded", response=response)

    def _notify(self) -> None:
        with self._changed:
            self._num_changes += 1
            self._changed.notify_all()

    def _sleep(self, num_seen: int, timeout_s: float) -> None:
        """Waits until something has changed since `num_seen` was read, or the time is up."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._num_changes != num_seen or self._stop.is_set(), timeout_s
            )


def _refuse_endless_attempts(claim: Claim) -> None:
    if claim.attempts > MAX_ATTEMPTS:
        raise InvalidRequest(
            f"begun {MAX_ATTEMPTS} times, and the process ended each time before it was done"
        )


def _cancelled() -> Fields:
    return failure_fields(describe_error(Cancelled(CANCEL_MESSAGE), doing="cancel"))
