"""What requests of several services share: limits of fields, media, and how words were read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.catalogue.filters import check_filter
from services.catalogue.messages import filter_from_message
from services.catalogue.records import TrackFilter
from services.errors import InvalidRequest
from services.uploads import MediaSource
from temptrack.v1 import common_pb2

if TYPE_CHECKING:
    from encoders.towers.clip import ClipDescription
    from encoders.understanding import Asked, Understanding

MAX_TEXT = 2_000


def checked_text(text: str, *, field: str = "text") -> str:
    """The text, if it is short enough; refuses more than 2,000 characters (InvalidRequest)."""
    if len(text) > MAX_TEXT:
        message = f"{field} has {len(text)} characters; at most {MAX_TEXT:,} are allowed"
        raise InvalidRequest(message, details={"field": field})
    return text


def checked_count(count: int, *, default: int, highest: int | None, field: str = "limit") -> int:
    """The count, or the default for 0; refuses one below 0 or above the highest."""
    if count < 0 or (highest is not None and count > highest):
        allowed = "0 or more" if highest is None else f"0 to {highest:,}"
        message = f"{field} is {count}; it must be {allowed}"
        raise InvalidRequest(message, details={"field": field})
    return count or default


def checked_filter(message: common_pb2.TrackFilter) -> TrackFilter:
    """The conditions of a request; refuses those that cannot be meant (InvalidRequest)."""
    conditions = filter_from_message(message)
    check_filter(conditions)
    return conditions


def media_path(media: common_pb2.Media, sources: MediaSource) -> Path:
    """The file that a request refers to.

    Raises:
        InvalidRequest: Neither an upload nor a path is given.
        PathNotAllowed: The path is outside the allowed roots.
        NotFound: There is no such upload or file.
    """
    return sources.resolve(upload=media.upload, path=media.path)


# Any: a request of any of the services, each with its own type.
def optional_media(request: Any, field: str, sources: MediaSource) -> Path | None:
    """The file that a field of a request refers to; None where the field is left out."""
    return media_path(getattr(request, field), sources) if request.HasField(field) else None


def understanding_message(understood: Understanding) -> common_pb2.Understanding:
    """How words were read."""
    return common_pb2.Understanding(
        text=understood.text,
        asked=[_asked_message(asked) for asked in understood.asked],
        not_understood=understood.not_understood,
        language_supported=understood.language_supported,
    )


def optional_understanding(understood: Understanding | None) -> common_pb2.Understanding | None:
    """How words were read; None without words."""
    return None if understood is None else understanding_message(understood)


def optional_clip(seen: ClipDescription | None) -> common_pb2.ClipDescription | None:
    """What was seen in a clip; None without one."""
    return None if seen is None else clip_message(seen)


def clip_message(seen: ClipDescription) -> common_pb2.ClipDescription:
    """What was seen in a clip."""
    return common_pb2.ClipDescription(
        words=seen.words,
        brightness=seen.brightness,
        saturation=seen.saturation,
        warmth=seen.warmth,
        motion=seen.motion,
        cuts_per_minute=seen.cuts_per_minute,
        valence=seen.valence,
        energy=seen.energy,
    )


def _asked_message(asked: Asked) -> common_pb2.Asked:
    value = asked.value if isinstance(asked.value, str) else f"{asked.value:g}"
    return common_pb2.Asked(
        name=asked.name,
        value=value,
        words=asked.words,
        negated=asked.sign < 0,
        confidence=asked.confidence,
    )
