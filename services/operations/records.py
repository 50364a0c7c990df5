"""What is known of an operation, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
DONE: tuple[State, ...] = ("succeeded", "failed", "cancelled")

Fields = dict[str, Any]  # JSON: what a handler puts in, it gets out


@dataclass(frozen=True, kw_only=True)
class OperationRecord:
    """One operation as it stands.

    Attributes:
        progress: What the handler said last; the fields of the kind's metadata message.
        response: The handler's answer, once it succeeded; lists leave it out.
        error: `{"code", "reason", "message"}` once it failed or was cancelled; code is the
            number of a gRPC status.
        attempts: How often it was begun since it last finished an item or stopped in order.
    """

    id: str
    kind: str
    state: State
    progress: Fields
    response: Fields | None
    error: Fields | None
    attempts: int
    cancel_requested: bool
    created_at: datetime
    finished_at: datetime | None

    @property
    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in DONE


@dataclass(frozen=True, kw_only=True)
class OperationPage:
    """Some operations, newest first; `next_token` is empty after the last."""

    operations: tuple[OperationRecord, ...]
    next_token: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An operation that a worker has begun: what it needs beyond the record."""

    id: str
    number: int
    kind: str
    request: Fields
    progress: Fields
    record: Fields
    attempts: int
