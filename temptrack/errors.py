"""What a server may answer instead of a result, by kind; read from google.rpc.Status.

TemptrackError            base: `message`, `code`, `reason` and `details`
├── InvalidArgumentError  the request breaks a rule; `message` says which value and what is allowed
├── NotFoundError         a track, playlist, upload or operation that is not there
├── AlreadyExistsError    an id that is taken
├── NotAllowedError       a path, or a caller, that the server does not allow
├── NotPossibleError      the server, its home or the track is not in a state for this
├── BusyError             a queue or limit is full; try again after `retry_after_s`
├── UnreachableError      no server answers at the target
├── TimedOutError         the answer did not come in time
├── CancelledError        the caller or an administrator gave up
└── ServerFailedError     a fault of the server; the request may be right
"""

from collections.abc import Mapping

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

STATUS_KEY = "grpc-status-details-bin"


class TemptrackError(Exception):
    """Base of everything a call may raise.

    Attributes:
        message: what was wrong and what is allowed, for people.
        code: name of the gRPC status, such as NOT_FOUND.
        reason: the cause for programs, such as PATH_NOT_ALLOWED; the code where none was sent.
        details: further facts as short texts.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNKNOWN",
        reason: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason or code
        self.details = dict(details or {})

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which to try again, where the server named them."""
        text = self.details.get("retry_after_s")
        return None if text is None else float(text)


class InvalidArgumentError(TemptrackError):
    """The request breaks a rule."""


class NotFoundError(TemptrackError):
    """A track, playlist, upload or operation that is not there."""


class AlreadyExistsError(TemptrackError):
    """An id that is taken."""


class NotAllowedError(TemptrackError):
    """A path, or a caller, that the server does not allow."""


class NotPossibleError(TemptrackError):
    """The server, its home or the track is not in a state for this."""


class BusyError(TemptrackError):
    """A queue or limit is full."""


class UnreachableError(TemptrackError):
    """No server answers at the target."""


class TimedOutError(TemptrackError):
    """The answer did not come in time."""


class CancelledError(TemptrackError):
    """The caller or an administrator gave up."""


class ServerFailedError(TemptrackError):
    """A fault of the server; the request may be right."""


_KINDS: Mapping[str, type[TemptrackError]] = {
    "INVALID_ARGUMENT": InvalidArgumentError,
    "OUT_OF_RANGE": InvalidArgumentError,
    "NOT_FOUND": NotFoundError,
    "ALREADY_EXISTS": AlreadyExistsError,
    "PERMISSION_DENIED": NotAllowedError,
    "UNAUTHENTICATED": NotAllowedError,
    "FAILED_PRECONDITION": NotPossibleError,
    "ABORTED": NotPossibleError,
    "UNIMPLEMENTED": NotPossibleError,
    "RESOURCE_EXHAUSTED": BusyError,
    "UNAVAILABLE": UnreachableError,
    "DEADLINE_EXCEEDED": TimedOutError,
    "CANCELLED": CancelledError,
}
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def from_call(error: grpc.RpcError, target: str) -> TemptrackError:
    """The error of a call that failed: from its status details, else from its code alone."""
    status = _read_status(error)
    if status is not None:
        return from_status(status)
    code = error.code().name
    message = error.details() or code
    if code == "UNAVAILABLE":
        message = f"no server answers at {target}: {message}"
    return _KINDS.get(code, ServerFailedError)(message, code=code)


def from_status(status: status_pb2.Status) -> TemptrackError:
    """The error that a google.rpc.Status describes."""
    code = _NAMES.get(status.code, "UNKNOWN")
    reason, details = "", dict[str, str]()
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for packed in status.details:
        if packed.Unpack(info):
            reason = info.reason
            details.update(info.metadata)
        elif packed.Unpack(retry):
            details["retry_after_s"] = f"{retry.retry_delay.ToTimedelta().total_seconds():g}"
    kind = _KINDS.get(code, ServerFailedError)
    return kind(status.message or code, code=code, reason=reason, details=details)


def _read_status(error: grpc.RpcError) -> status_pb2.Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
