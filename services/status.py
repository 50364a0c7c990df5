"""Maps every error to a gRPC status in one table; what is not in it leaves nothing but a number.

The status carries `ErrorInfo` (reason, domain "temptrack", details), `RetryInfo` where trying
again helps, and `BadRequest` where one field is to blame.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

import encoders.errors
import index.errors
import media.errors
import symbolic.errors
from services import errors

logger = logging.getLogger(__name__)

DOMAIN = "temptrack"
DETAILS_KEY = "grpc-status-details-bin"
INTERNAL_REASON = "INTERNAL"
# A status travels in the trailer of an answer, where gRPC takes 8 KiB in all.
MAX_MESSAGE = 1_000  # characters
MAX_DETAIL = 200

# The first base class in this table decides. Errors that are left out are bugs of ours, such as
# vectors that the index refuses: the caller can do nothing about them.
CODES: Mapping[type[Exception], StatusCode] = {
    errors.InvalidRequest: StatusCode.INVALID_ARGUMENT,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.AlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.PathNotAllowed: StatusCode.PERMISSION_DENIED,
    errors.TooLarge: StatusCode.INVALID_ARGUMENT,
    errors.Busy: StatusCode.RESOURCE_EXHAUSTED,
    errors.HomeInUse: StatusCode.FAILED_PRECONDITION,
    errors.HomeTooNew: StatusCode.FAILED_PRECONDITION,
    errors.WrongSpace: StatusCode.FAILED_PRECONDITION,
    errors.NoSound: StatusCode.FAILED_PRECONDITION,
    errors.Cancelled: StatusCode.CANCELLED,
    media.errors.MediaError: StatusCode.INVALID_ARGUMENT,
    encoders.errors.UnknownProfile: StatusCode.INVALID_ARGUMENT,
    encoders.errors.UnusableText: StatusCode.INVALID_ARGUMENT,
    encoders.errors.UnusableSound: StatusCode.INVALID_ARGUMENT,
    encoders.errors.UnusableFrames: StatusCode.INVALID_ARGUMENT,
    encoders.errors.MixedSpaces: StatusCode.FAILED_PRECONDITION,
    encoders.errors.BrokenWeights: StatusCode.FAILED_PRECONDITION,
    encoders.errors.BrokenTower: StatusCode.FAILED_PRECONDITION,
    encoders.errors.RefusedCheckpoint: StatusCode.FAILED_PRECONDITION,
    encoders.errors.MissingCheckpoint: StatusCode.FAILED_PRECONDITION,
    symbolic.errors.BrokenWeights: StatusCode.FAILED_PRECONDITION,
    index.errors.UnknownEngine: StatusCode.INVALID_ARGUMENT,
    index.errors.UnreadableIndex: StatusCode.DATA_LOSS,
    index.errors.GateFailed: StatusCode.FAILED_PRECONDITION,
    index.errors.CorruptGeneration: StatusCode.DATA_LOSS,
    index.errors.UnsupportedGeneration: StatusCode.FAILED_PRECONDITION,
    index.errors.NoEarlierGeneration: StatusCode.FAILED_PRECONDITION,
    index.errors.StoreBusy: StatusCode.ABORTED,
}
CODES_BY_NUMBER: Mapping[int, StatusCode] = {code.value[0]: code for code in StatusCode}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error as a caller may see it."""

    code: StatusCode
    reason: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def code_number(self) -> int:
        """The number of the code in `google.rpc.Status`."""
        return int(self.code.value[0])


def describe_error(error: Exception, *, doing: str) -> Failure:
    """What a caller may see of an error; an unexpected one is logged under a number and hidden.

    Args:
        error: What was raised.
        doing: What was being done, for the log.
    """
    for kind in type(error).__mro__:
        if kind in CODES:
            return Failure(
                code=CODES[kind],
                reason=getattr(error, "reason", INTERNAL_REASON),
                message=_cut(str(error), MAX_MESSAGE),
                details=_short_details(error),
            )
    number = secrets.token_hex(4)
    logger.error("%s failed, number %s", doing, number, exc_info=error)
    message = f"something went wrong inside the server; its log says what, under number {number}"
    return Failure(
        code=StatusCode.INTERNAL, reason=INTERNAL_REASON, message=message, details={"log": number}
    )


def _short_details(error: Exception) -> dict[str, str]:
    details: Mapping[str, str] = getattr(error, "details", {})
    return {name: _cut(value, MAX_DETAIL) for name, value in details.items()}


def _cut(text: str, most: int) -> str:
    """The text, or its beginning where it is longer; a caller's own words may stand in it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def failure_fields(failure: Failure) -> dict[str, Any]:
    """A failure as JSON: code (number of the gRPC status), reason, message, details."""
    return {
        "code": failure.code_number,
        "reason": failure.reason,
        "message": failure.message,
        "details": dict(failure.details),
    }


def failure_from(fields: Mapping[str, Any]) -> Failure:
    """The failure that `failure_fields` wrote."""
    return Failure(
        code=CODES_BY_NUMBER[fields["code"]],
        reason=fields["reason"],
        message=fields["message"],
        details=fields["details"],
    )


def status_of(failure: Failure) -> Status:
    """The `google.rpc.Status` of a failure."""
    status = Status(code=failure.code_number, message=failure.message)
    info = ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=failure.details)
    status.details.add().Pack(info)
    if "retry_after_s" in failure.details:
        delay = Duration()
        delay.FromNanoseconds(round(float(failure.details["retry_after_s"]) * 1e9))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    if failure.code is StatusCode.INVALID_ARGUMENT and "field" in failure.details:
        request = BadRequest()
        request.field_violations.add(field=failure.details["field"], description=failure.message)
        status.details.add().Pack(request)
    return status


Method = Callable[[Any, grpc.aio.ServicerContext], Any]  # messages of any type


class StatusInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Answers with a status for every error that a servicer method raises."""

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        handler_call_details: Any,
    ) -> Any:
        """Wraps the method that a call is for."""
        handler = await continuation(handler_call_details)
        if handler is None:  # no such method: gRPC answers UNIMPLEMENTED
            return None
        if handler.response_streaming:
            name = "stream_stream" if handler.request_streaming else "unary_stream"
            guard: Callable[[Method, str], Method] = _guard_stream
        else:
            name = "stream_unary" if handler.request_streaming else "unary_unary"
            guard = _guard_answer
        method = guard(getattr(handler, name), handler_call_details.method)
        return handler._replace(**{name: method})


def _guard_answer(method: Method, name: str) -> Method:
    async def guarded(request: Any, context: grpc.aio.ServicerContext) -> Any:
        try:
            return await method(request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the server; logged in describe_error
            await _abort(context, describe_error(error, doing=name))

    return guarded


def _guard_stream(method: Method, name: str) -> Method:
    async def guarded(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        try:
            async for answer in method(request, context):
                yield answer
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the server; logged in describe_error
            await _abort(context, describe_error(error, doing=name))

    return guarded


async def _abort(context: grpc.aio.ServicerContext, failure: Failure) -> NoReturn:
    details = ((DETAILS_KEY, status_of(failure).SerializeToString()),)
    await context.abort(failure.code, failure.message, details)
    raise AssertionError("abort always raises")
