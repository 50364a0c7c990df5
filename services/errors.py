"""What callers may be told is wrong; knows no transport.

TemptrackError
├── InvalidRequest        the request breaks a rule that its documentation states
├── NotFound              a track, playlist, upload or operation that is not there
├── AlreadyExists         an id that is taken
├── PathNotAllowed        a path on the server outside its allowed roots
├── TooLarge              an upload or batch beyond its limit
├── Busy                  a queue is full; try again after `retry_after_s`
├── HomeInUse             another process owns the home
├── HomeTooNew            the home was written by a later version
├── WrongSpace            vectors of another space than the one served
├── NoSound               a track without a recording was asked for by its sound
└── Cancelled             the caller or an administrator gave up

Errors of the libraries keep their own trees (media.errors, index.errors, symbolic, encoders);
`services.status` maps all of them to gRPC codes in one table.
"""

from collections.abc import Mapping


class TemptrackError(Exception):
    """Base of the errors that services raise on purpose.

    Args:
        message: What was wrong and what is allowed, for people.
        details: The same for programs, as short strings.
    """

    reason = "TEMPTRACK_ERROR"

    def __init__(self, message: str, *, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class InvalidRequest(TemptrackError):
    """The request breaks a rule that its documentation states."""

    reason = "INVALID_REQUEST"


class NotFound(TemptrackError):
    """A track, playlist, upload or operation that is not there."""

    reason = "NOT_FOUND"


class AlreadyExists(TemptrackError):
    """An id that is taken."""

    reason = "ALREADY_EXISTS"


class PathNotAllowed(TemptrackError):
    """A path on the server outside its allowed roots."""

    reason = "PATH_NOT_ALLOWED"


class TooLarge(TemptrackError):
    """An upload or batch beyond its limit."""

    reason = "TOO_LARGE"


class Busy(TemptrackError):
    """A queue is full.

    Args:
        message: Which queue, and its length.
        retry_after_s: Seconds after which to try again.
    """

    reason = "BUSY"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message, details={"retry_after_s": f"{retry_after_s:g}"})
        self.retry_after_s = retry_after_s


class HomeInUse(TemptrackError):
    """Another process owns the home."""

    reason = "HOME_IN_USE"


class HomeTooNew(TemptrackError):
    """The home was written by a later version."""

    reason = "HOME_TOO_NEW"


class WrongSpace(TemptrackError):
    """Vectors of another space than the one served."""

    reason = "WRONG_SPACE"


class NoSound(TemptrackError):
    """A track without a recording was asked for by its sound."""

    reason = "NO_SOUND"


class Cancelled(TemptrackError):
    """The caller or an administrator gave up."""

    reason = "CANCELLED"
