import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

import encoders.errors
import index.errors
import media.errors
import symbolic.errors
from services import errors
from services.status import (
    CODES,
    DETAILS_KEY,
    StatusInterceptor,
    describe_error,
    failure_fields,
    failure_from,
    status_of,
)


def subclasses_of(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        if child.__module__ == kind.__module__:
            yield child
            yield from subclasses_of(child)


def details_of(status: Status, kind: type[Any]) -> list[Any]:
    found = []
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            detail = kind()
            packed.Unpack(detail)
            found.append(detail)
    return found


@pytest.mark.parametrize("kind", list(subclasses_of(errors.TemptrackError)))
def test_every_error_of_the_services_has_a_code_and_a_reason(kind: type[Exception]) -> None:
    assert kind in CODES
    assert getattr(kind, "reason", "") == str(getattr(kind, "reason", "")).upper() != ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), StatusCode.NOT_FOUND),
        (errors.PathNotAllowed("x"), StatusCode.PERMISSION_DENIED),
        (errors.Busy("x", retry_after_s=1), StatusCode.RESOURCE_EXHAUSTED),
        (media.errors.UnreadableMedia("x"), StatusCode.INVALID_ARGUMENT),
        (media.errors.OverLimit("x"), StatusCode.INVALID_ARGUMENT),
        (encoders.errors.BrokenWeights("x"), StatusCode.FAILED_PRECONDITION),
        (encoders.errors.RefusedCheckpoint("x"), StatusCode.FAILED_PRECONDITION),
        (encoders.errors.MissingCheckpoint("x"), StatusCode.FAILED_PRECONDITION),
        (encoders.errors.UnknownProfile("x"), StatusCode.INVALID_ARGUMENT),
        (encoders.errors.UnusableText("x"), StatusCode.INVALID_ARGUMENT),
        (encoders.errors.UnusableSound("x"), StatusCode.INVALID_ARGUMENT),
        (encoders.errors.UnusableFrames("x"), StatusCode.INVALID_ARGUMENT),
        (symbolic.errors.BrokenWeights("x"), StatusCode.FAILED_PRECONDITION),
        (index.errors.CorruptGeneration("x"), StatusCode.DATA_LOSS),
    ],
)
def test_an_error_becomes_its_code_reason_and_message(error: Exception, code: StatusCode) -> None:
    failure = describe_error(error, doing="x")
    assert (failure.code, failure.message) == (code, "x")
    assert failure.reason == error.reason  # type: ignore[attr-defined]


def test_a_kind_that_is_not_in_the_table_takes_the_code_of_its_base() -> None:
    class Lost(errors.NotFound):
        reason = "LOST"

    failure = describe_error(Lost("gone"), doing="x")
    assert (failure.code, failure.reason) == (StatusCode.NOT_FOUND, "LOST")


def test_what_a_caller_wrote_never_makes_a_status_too_long_for_its_trailer() -> None:
    error = errors.NotFound(f"there is no track {'ä' * 100_000}", details={"track": "ä" * 100_000})
    status = status_of(describe_error(error, doing="x"))
    assert status.message.startswith("there is no track ä")
    assert status.ByteSize() < 4096


def test_details_for_programs_are_in_the_error_info() -> None:
    error = errors.NotFound("there is no track 'a'", details={"track": "a"})
    status = status_of(describe_error(error, doing="x"))
    (info,) = details_of(status, ErrorInfo)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "NOT_FOUND",
        "temptrack",
        {"track": "a"},
    )
    assert (status.code, status.message) == (5, "there is no track 'a'")
    assert len(status.details) == 1


def test_a_busy_server_says_when_to_come_back() -> None:
    status = status_of(describe_error(errors.Busy("full", retry_after_s=2.5), doing="x"))
    (retry,) = details_of(status, RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 2500


def test_a_field_to_blame_is_named() -> None:
    error = errors.InvalidRequest("too long", details={"field": "title"})
    (request,) = details_of(status_of(describe_error(error, doing="x")), BadRequest)
    (violation,) = request.field_violations
    assert (violation.field, violation.description) == ("title", "too long")


def test_a_failure_survives_as_fields() -> None:
    failure = describe_error(errors.NotFound("x", details={"a": "b"}), doing="x")
    assert failure_from(failure_fields(failure)) == failure


def test_an_unexpected_error_is_logged_under_a_number_and_hidden(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = describe_error(ValueError("password=hunter2"), doing="FindMusic")
    assert failure.code is StatusCode.INTERNAL
    assert "hunter2" not in failure.message
    assert failure.details["log"] in failure.message
    assert failure.details["log"] in caplog.text
    assert "FindMusic failed" in caplog.text
    assert "hunter2" in caplog.text


class Echo:
    """Four methods, one of each shape, that raise what they are told to."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    async def unary_unary(self, request: Any, context: Any) -> Empty:
        self._raise()
        return Empty()

    async def stream_unary(self, requests: AsyncIterator[Any], context: Any) -> Empty:
        async for _ in requests:
            self._raise()
        return Empty()

    async def unary_stream(self, request: Any, context: Any) -> AsyncIterator[Empty]:
        yield Empty()
        self._raise()

    async def stream_stream(self, requests: Any, context: Any) -> AsyncIterator[Empty]:
        async for _ in requests:
            yield Empty()
            self._raise()

    async def aborting(self, request: Any, context: grpc.aio.ServicerContext) -> Empty:
        await context.abort(StatusCode.UNAUTHENTICATED, "who are you")
        return Empty()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


SHAPES = ("unary_unary", "stream_unary", "unary_stream", "stream_stream")


def handlers_of(echo: Echo) -> Any:
    codecs = {
        "request_deserializer": Empty.FromString,
        "response_serializer": Empty.SerializeToString,
    }
    handlers = {
        shape: getattr(grpc, f"{shape}_rpc_method_handler")(getattr(echo, shape), **codecs)
        for shape in SHAPES
    }
    handlers["aborting"] = grpc.unary_unary_rpc_method_handler(echo.aborting, **codecs)
    return grpc.method_handlers_generic_handler("test.Echo", handlers)


async def call(channel: grpc.aio.Channel, method: str) -> int:
    """Calls a method; answers with the number of messages that came back."""
    shape = method if method in SHAPES else "unary_unary"
    make = getattr(channel, shape)
    stub = make(
        f"/test.Echo/{method}",
        request_serializer=Empty.SerializeToString,
        response_deserializer=Empty.FromString,
    )
    request = iter([Empty()]) if shape.startswith("stream") else Empty()
    if shape.endswith("unary"):
        await stub(request)
        return 1
    return len([answer async for answer in stub(request)])


def with_server(
    folder: Path, error: BaseException | None, act: Callable[[grpc.aio.Channel], Awaitable[Any]]
) -> Any:
    async def serve() -> Any:
        address = f"unix:{folder / 'socket'}"
        server = grpc.aio.server(interceptors=[StatusInterceptor()])
        server.add_generic_rpc_handlers((handlers_of(Echo(error)),))
        server.add_insecure_port(address)
        await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            result = await act(channel)
        await server.stop(None)
        return result

    return asyncio.run(serve())


async def caught(channel: grpc.aio.Channel, method: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, method)
    return caught.value


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_of_every_shape_of_method_reach_the_caller_as_a_status(
    tmp_path: Path, shape: str
) -> None:
    error = errors.Busy("full", retry_after_s=3)
    answer = with_server(tmp_path, error, lambda channel: caught(channel, shape))
    assert (answer.code(), answer.details()) == (StatusCode.RESOURCE_EXHAUSTED, "full")
    status = Status.FromString(dict(answer.trailing_metadata())[DETAILS_KEY])
    assert details_of(status, ErrorInfo)[0].reason == "BUSY"
    assert details_of(status, RetryInfo)[0].retry_delay.seconds == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_of_an_unexpected_error_reaches_the_caller(tmp_path: Path, shape: str) -> None:
    error = RuntimeError("/home/secret")
    answer = with_server(tmp_path, error, lambda channel: caught(channel, shape))
    assert answer.code() is StatusCode.INTERNAL
    assert "secret" not in str(answer) + str(answer.trailing_metadata())


@pytest.mark.parametrize("shape", SHAPES)
def test_answers_pass_untouched(tmp_path: Path, shape: str) -> None:
    assert with_server(tmp_path, None, lambda channel: call(channel, shape)) == 1


def test_an_abort_of_a_method_passes_untouched(tmp_path: Path) -> None:
    answer = with_server(tmp_path, None, lambda channel: caught(channel, "aborting"))
    assert (answer.code(), answer.details()) == (StatusCode.UNAUTHENTICATED, "who are you")


def test_an_unknown_method_is_unimplemented(tmp_path: Path) -> None:
    answer = with_server(tmp_path, None, lambda channel: caught(channel, "nowhere"))
    assert answer.code() is StatusCode.UNIMPLEMENTED
