"""Handles of long-running operations on a server; knows what they report, not what they do."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from google.longrunning import operations_pb2
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message

from temptrack.conversion import from_message
from temptrack.errors import TimedOutError, from_status
from temptrack.types import ImportProgress, ImportReport, ReindexProgress, ReindexReport
from temptrack.v1 import admin_pb2, catalogue_pb2

Progress = TypeVar("Progress")
Result = TypeVar("Result")
# `Any`: the methods of generated stubs have no types.
Call = Callable[..., Any]

POLL_S = 0.5  # longest wait between two reports of progress

_KINDS: dict[str, tuple[type[Message], type[object]]] = {
    "temptrack.v1.ImportTracksMetadata": (catalogue_pb2.ImportTracksMetadata, ImportProgress),
    "temptrack.v1.ImportTracksResponse": (catalogue_pb2.ImportTracksResponse, ImportReport),
    "temptrack.v1.ReindexMetadata": (admin_pb2.ReindexMetadata, ReindexProgress),
    "temptrack.v1.ReindexResponse": (admin_pb2.ReindexResponse, ReindexReport),
}


class Operation(Generic[Progress, Result]):
    """One operation of a server as it was last seen.

    Args:
        message: what the server said of it.
        call: calls a method of google.longrunning.Operations by name with a request.
    """

    def __init__(self, message: operations_pb2.Operation, call: Call) -> None:
        self._message = message
        self._call = call

    @property
    def name(self) -> str:
        """Name that the server gave it."""
        return str(self._message.name)

    @property
    def kind(self) -> str:
        """What it does: "import" or "reindex"."""
        return "reindex" if "Reindex" in self._message.metadata.type_url else "import"

    @property
    def state(self) -> str:
        """One of "running", "done", "cancelled" and "failed"."""
        if not self._message.done:
            return "running"
        if not self._message.HasField("error"):
            return "done"
        return "cancelled" if from_status(self._message.error).code == "CANCELLED" else "failed"

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return bool(self._message.done)

    @property
    def error(self) -> str:
        """Why it ended without a result; empty otherwise."""
        return str(self._message.error.message)

    @property
    def progress(self) -> Progress | None:
        """How far it is; None before its first report."""
        return cast("Progress | None", _unpack(self._message.metadata))

    def refresh(self) -> None:
        """Asks the server how far it is."""
        request = operations_pb2.GetOperationRequest(name=self.name)
        self._message = self._call("GetOperation", request)

    def wait(
        self,
        progress: Callable[[Progress], None] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Result:
        """Its result, once it has ended; `progress` hears each report on the way.

        Raises:
            TimedOutError: it has not ended after `timeout_s`; it goes on.
            TemptrackError: it ended without a result.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.done:
            if end is not None and time.monotonic() >= end:
                raise TimedOutError(f"{self.name} has not ended after {timeout_s:g} s")
            self._wait_once()
            seen = self.progress
            if progress is not None and seen is not None:
                progress(seen)
        return self.result()

    def result(self) -> Result:
        """Its result; asks the server for it where a list of operations left it out.

        Raises:
            ValueError: it has not ended.
            TemptrackError: it ended without a result.
        """
        if not self.done:
            raise ValueError(f"{self.name} has not ended; wait for it first")
        if self._message.HasField("error"):
            raise from_status(self._message.error)
        if not self._message.HasField("response"):
            self.refresh()
        return cast("Result", _unpack(self._message.response))

    def cancel(self) -> None:
        """Asks the server to stop it; what it has done stays."""
        self._call("CancelOperation", operations_pb2.CancelOperationRequest(name=self.name))

    def _wait_once(self) -> None:
        request = operations_pb2.WaitOperationRequest(name=self.name)
        request.timeout.FromMilliseconds(int(POLL_S * 1000))
        self._message = self._call("WaitOperation", request)


def _unpack(packed: Packed) -> object | None:
    known = _KINDS.get(packed.TypeName())
    if known is None:
        return None
    message = known[0]()
    packed.Unpack(message)
    return from_message(known[1], message)
