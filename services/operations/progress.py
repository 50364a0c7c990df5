"""What a running operation says of itself, and how it learns that it should stop."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any

from services.errors import Cancelled
from services.operations.records import Claim, Fields
from services.operations.store import OperationStore

SAVE_EVERY_S = 0.25
CANCEL_MESSAGE = "the operation was cancelled"


class Stopping(BaseException):
    """The process is ending: the operation goes on at the next start.

    No `Exception`, so that a handler that catches those for one item does not catch this.
    """


class Progress:
    """Handed to a handler; one thread uses it.

    Attributes:
        record: What a resumed run needs to go on; saved with the progress. For what became of
            single items, `finish_item` and `items` are cheaper.
    """

    def __init__(self, store: OperationStore, claim: Claim, stop: threading.Event) -> None:
        self.record: Fields = dict(claim.record)
        self._store = store
        self._claim = claim
        self._stop = stop
        self._cancel = threading.Event()
        self._fields: Fields = dict(claim.progress)
        self._saved_at = float("-inf")

    @property
    def fields(self) -> Fields:
        """What was said so far."""
        return dict(self._fields)

    def update(self, **fields: Any) -> None:
        """Says how far the work is; saved at most four times a second."""
        self._fields |= fields
        if monotonic() - self._saved_at >= SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Saves what was said last, and the record."""
        self._saved_at = monotonic()
        self._store.save_progress(self._claim, self._fields, self.record)

    def finish_item(self, item: int, outcome: Fields) -> None:
        """Saves what became of one item of the request, at once."""
        self._store.save_item(self._claim, item, outcome)

    def items(self) -> dict[int, Fields]:
        """What became of items so far, those of earlier attempts included."""
        return self._store.items(self._claim)

    def cancel(self) -> None:
        """Asks the handler to stop; any thread may."""
        self._cancel.set()

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled when somebody cancelled, Stopping when the process is ending."""
        if self._cancel.is_set():
            raise Cancelled(CANCEL_MESSAGE)
        if self._stop.is_set():
            raise Stopping
