"""The errors of this package; each says which file, what was wrong and what is allowed.

MediaError              anything a file can do wrong
├── UnreadableMedia     damaged, cut, or its decoder failed or never answered
├── UnsupportedMedia    whole perhaps, but of a kind that is not read here
├── OverLimit           larger, longer or costlier than the limits allow
└── NoContent           readable, yet nothing in it: silence, no note, no frame, no such stream
"""

from typing import ClassVar


class MediaError(Exception):
    """A file was refused; the message is one sentence that may be shown to its owner."""

    reason: ClassVar[str] = "MEDIA_ERROR"


class UnreadableMedia(MediaError):
    """The file is damaged or cut, or its decoder failed on it."""

    reason: ClassVar[str] = "UNREADABLE_MEDIA"


class UnsupportedMedia(MediaError):
    """The file is of a kind, container or codec that is not read."""

    reason: ClassVar[str] = "UNSUPPORTED_MEDIA"


class OverLimit(MediaError):
    """The file asks for more than a limit allows."""

    reason: ClassVar[str] = "MEDIA_OVER_LIMIT"


class NoContent(MediaError):
    """The file is readable and holds nothing of what was asked for."""

    reason: ClassVar[str] = "MEDIA_NO_CONTENT"
