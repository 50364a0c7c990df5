"""What a user is told of an error, and the exit code that it ends with."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

FAILED = 1
WRONG_USE = 2
BROKEN = 3
UNREACHABLE = 4
INTERRUPTED = 130

_CODES: Mapping[str, int] = {
    "InvalidArgumentError": WRONG_USE,
    "ConfigError": WRONG_USE,
    "UnreachableError": UNREACHABLE,
    "BrokenTower": BROKEN,
    "BrokenWeights": BROKEN,
    "CancelledError": INTERRUPTED,
}


class UsageError(Exception):
    """The command line asks for what cannot be; says what is allowed."""

    reason = "WRONG_USE"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error as the command line reports it."""

    reason: str
    message: str
    exit_code: int = FAILED
    details: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """For programs: reason, message and details."""
        return {"reason": self.reason, "message": self.message, "details": dict(self.details)}


def describe(error: BaseException) -> Failure:
    """What to say of an error; one that nobody foresaw says how to see more."""
    if isinstance(error, KeyboardInterrupt):
        return Failure(reason="INTERRUPTED", message="interrupted", exit_code=INTERRUPTED)
    if isinstance(error, UsageError):
        return Failure(reason=error.reason, message=str(error), exit_code=WRONG_USE)
    if isinstance(error, _known_errors()):
        return Failure(
            reason=str(getattr(error, "reason", "FAILED")),
            message=str(error),
            exit_code=_CODES.get(type(error).__name__, FAILED),
            details=getattr(error, "details", {}),
        )
    if isinstance(error, UnicodeEncodeError):
        message = f"the text {error.object!r} holds bytes that are no UTF-8"
        return Failure(reason=UsageError.reason, message=message, exit_code=WRONG_USE)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return Failure(reason="FILE", message=f"{where}{error.strerror or error}")
    message = f"{type(error).__name__}: {error} (temptrack --debug shows where it came from)"
    return Failure(reason="INTERNAL", message=message)


def _known_errors() -> tuple[type[BaseException], ...]:
    """The errors of our packages; a package that was not imported has raised none."""
    names = (
        ("temptrack.errors", "TemptrackError"),
        ("services.errors", "TemptrackError"),
        ("media.errors", "MediaError"),
        ("encoders.errors", "EncoderError"),
        ("symbolic.errors", "SymbolicError"),
        ("index.errors", "VectorIndexError"),
    )
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return tuple(kind for kind in found if kind is not None)
