"""Errors are read from google.rpc.Status."""

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from temptrack import errors


def status(code: int, message: str, *details: object) -> status_pb2.Status:
    result = status_pb2.Status(code=code, message=message)
    for detail in details:
        packed = Packed()
        packed.Pack(detail)
        result.details.append(packed)
    return result


def test_reason_and_details_come_from_error_info() -> None:
    info = error_details_pb2.ErrorInfo(
        reason="PATH_NOT_ALLOWED", domain="temptrack", metadata={"path": "/etc/passwd"}
    )
    error = errors.from_status(status(7, "outside the allowed roots", info))
    assert isinstance(error, errors.NotAllowedError)
    assert error.reason == "PATH_NOT_ALLOWED"
    assert error.details == {"path": "/etc/passwd"}
    assert str(error) == "outside the allowed roots"


def test_the_wait_before_a_new_try_is_known() -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
    error = errors.from_status(status(8, "the queue is full", retry))
    assert isinstance(error, errors.BusyError)
    assert error.retry_after_s == 2.5


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (3, errors.InvalidArgumentError),
        (5, errors.NotFoundError),
        (6, errors.AlreadyExistsError),
        (9, errors.NotPossibleError),
        (14, errors.UnreachableError),
        (4, errors.TimedOutError),
        (1, errors.CancelledError),
        (13, errors.ServerFailedError),
        (99, errors.ServerFailedError),
    ],
)
def test_every_code_has_its_kind(code: int, kind: type[errors.TemptrackError]) -> None:
    error = errors.from_status(status(code, "why"))
    assert type(error) is kind
    assert error.reason == error.code
