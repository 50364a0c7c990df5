"""google.longrunning.Operations over the runner."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from services.errors import InvalidRequest
from services.operations.records import OperationRecord
from services.operations.runner import OperationRunner
from services.status import failure_from, status_of

PREFIX = "operations/"
DEFAULT_PAGE = 100
MAX_PAGE = 1000
DEFAULT_WAIT_S = 60.0
MAX_WAIT_S = 3600.0
LOOK_EVERY_S = 0.2
FILTERS: Mapping[str, bool | None] = {"": None, "done=true": True, "done=false": False}

# Metadata and response messages by kind of operation.
Messages = Mapping[str, tuple[type[Message], type[Message]]]


class OperationsServicer(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # untyped
    """Shows, waits for, cancels and forgets operations."""

    def __init__(self, runner: OperationRunner, messages: Messages) -> None:
        self._runner = runner
        self._messages = messages

    async def GetOperation(  # noqa: N802 - named by the protocol
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> operations_pb2.Operation:
        """One operation."""
        record = await asyncio.to_thread(self._runner.get, operation_id(request.name))
        return operation_message(record, self._messages)

    async def ListOperations(  # noqa: N802 - named by the protocol
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> operations_pb2.ListOperationsResponse:
        """Operations without responses, newest first; filters: "done=true", "done=false"."""
        done = _read_filter(request.filter)
        limit = page_limit(request.page_size, default=DEFAULT_PAGE, highest=MAX_PAGE)
        page = await asyncio.to_thread(
            self._runner.list, token=request.page_token, limit=limit, done=done
        )
        operations = [operation_message(record, self._messages) for record in page.operations]
        return operations_pb2.ListOperationsResponse(
            operations=operations, next_page_token=page.next_token
        )

    async def CancelOperation(  # noqa: N802 - named by the protocol
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> Empty:
        """Asks an operation to stop."""
        await asyncio.to_thread(self._runner.cancel, operation_id(request.name))
        return Empty()

    async def DeleteOperation(  # noqa: N802 - named by the protocol
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> Empty:
        """Forgets an operation that is done."""
        await asyncio.to_thread(self._runner.remove, operation_id(request.name))
        return Empty()

    async def WaitOperation(  # noqa: N802 - named by the protocol
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> operations_pb2.Operation:
        """The operation once it is done, or as it stands when the time is up.

        Looks again and again instead of blocking a thread of the pool for each caller that waits.
        """
        deadline_s = time.monotonic() + _wait_s(request, context)
        wanted = operation_id(request.name)
        while True:
            record = await asyncio.to_thread(self._runner.get, wanted)
            if record.done or time.monotonic() >= deadline_s:
                return operation_message(record, self._messages)
            await asyncio.sleep(LOOK_EVERY_S)


def operation_message(record: OperationRecord, messages: Messages) -> operations_pb2.Operation:
    """The message of a record."""
    metadata_type, response_type = messages[record.kind]
    operation = operations_pb2.Operation(name=PREFIX + record.id, done=record.done)
    operation.metadata.Pack(json_format.ParseDict(record.progress, metadata_type()))
    if record.response is not None:
        operation.response.Pack(json_format.ParseDict(record.response, response_type()))
    elif record.error is not None:
        operation.error.CopyFrom(status_of(failure_from(record.error)))
    return operation


def operation_id(name: str) -> str:
    """The id in an operation's name."""
    return name.removeprefix(PREFIX)


def page_limit(page_size: int, *, default: int, highest: int) -> int:
    """The size of a page: 0 takes the default, more than the highest takes the highest."""
    if page_size < 0:
        message = f"page_size is {page_size}; it must be 0 or more"
        raise InvalidRequest(message, details={"field": "page_size"})
    return min(page_size or default, highest)


def _read_filter(text: str) -> bool | None:
    if text not in FILTERS:
        message = f"filter {text!r} is not understood; use done=true or done=false"
        raise InvalidRequest(message, details={"field": "filter"})
    return FILTERS[text]


def _wait_s(request: Any, context: grpc.aio.ServicerContext) -> float:
    """Seconds to wait: what is asked for, and a little less than the caller's deadline allows."""
    asked_s = request.timeout.ToNanoseconds() / 1e9 if request.HasField("timeout") else None
    left_s = context.time_remaining()
    limits_s = [MAX_WAIT_S, DEFAULT_WAIT_S if asked_s is None else asked_s]
    if left_s is not None:
        limits_s.append(left_s - LOOK_EVERY_S)
    return min(limits_s)
