"""What a request says of a track to import, and what its file says of itself; reads no sound."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.errors import UnreadableMedia
from services.catalogue.records import clean_tags
from services.errors import InvalidRequest

TRACK_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
MAX_WORDS = 1_000  # characters of a title, artist, album or licence
MAX_TEXT = 20_000
MAX_TAGS = 100
MAX_TAG = 100

GENRE_BREAKS = re.compile(r"[;,/|]")
SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
CREATIVE_COMMONS = re.compile(
    r"https?://creativecommons\.org/(licenses|publicdomain)/([a-z-]+)/(\d\.\d)(?:/([a-z]{2}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class TrackSource:
    """One track to import; the fields mean what they mean in the proto."""

    upload: str = ""
    path: str = ""
    id: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    licence: str = ""
    label: str = ""

    @property
    def has_media(self) -> bool:
        """Whether there is a file."""
        return bool(self.upload or self.path)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a track says of itself."""

    title: str
    artist: str
    album: str
    tags: tuple[str, ...]
    text: str
    licence: str


def source_from_fields(fields: Mapping[str, Any]) -> TrackSource:
    """The source that an operation's request holds as JSON."""
    media = fields.get("media", {})
    words = {name: fields.get(name, "") for name in ("id", "title", "artist", "album")}
    return TrackSource(
        upload=media.get("upload", ""),
        path=media.get("path", ""),
        tags=tuple(fields.get("tags", ())),
        text=fields.get("text", ""),
        licence=fields.get("licence", ""),
        label=fields.get("label", ""),
        **words,
    )


def check_source(source: TrackSource) -> None:
    """Refuses a source that breaks a rule.

    Raises:
        InvalidRequest: A bad id, words that are too long, or neither file nor title.
    """
    if source.id:
        check_id(source.id)
    if not source.has_media and not source.title.strip():
        raise InvalidRequest("a track without a file needs a title", details={"field": "title"})
    check_words(source)


def check_id(track_id: str) -> None:
    """Refuses an id that is not 1 to 128 letters, digits and ._:- (InvalidRequest)."""
    if not TRACK_ID.fullmatch(track_id):
        message = f"the id {track_id[:200]!r} is not 1 to 128 letters, digits and ._:-"
        raise InvalidRequest(message, details={"field": "id"})


def check_words(words: TrackSource | Words) -> None:
    """Refuses words that are too long (InvalidRequest)."""
    lengths = {
        "title": (len(words.title), MAX_WORDS),
        "artist": (len(words.artist), MAX_WORDS),
        "album": (len(words.album), MAX_WORDS),
        "licence": (len(words.licence), MAX_WORDS),
        "text": (len(words.text), MAX_TEXT),
        "tags": (max((len(tag) for tag in words.tags), default=0), MAX_TAG),
    }
    for field, (length, highest) in lengths.items():
        if length > highest:
            message = f"{field}: {length} characters; at most {highest} are allowed"
            raise InvalidRequest(message, details={"field": field})
    if len(words.tags) > MAX_TAGS:
        message = f"{len(words.tags)} tags; at most {MAX_TAGS} are allowed"
        raise InvalidRequest(message, details={"field": "tags"})


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hexadecimal; reads it in pieces.

    Raises:
        UnreadableMedia: The file may not be read, or its disk fails.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableMedia(f"{path.name} cannot be read: {error.strerror}") from error


def hash_words(source: TrackSource) -> str:
    """The id of a track without a file: the same for the same title, artist and album."""
    words = "\n".join((source.title, source.artist, source.album)).casefold()
    return hashlib.sha256(words.encode()).hexdigest()


def join_words(source: TrackSource, own: Mapping[str, str], *, name: str) -> Words:
    """The source's words, the file's own where it gives none, and the file's name as title.

    Args:
        source: What the request says.
        own: What the file says of itself.
        name: The file's name.
    """
    title = source.title or own.get("title", "").strip() or Path(name).stem
    return Words(
        title=title[:MAX_WORDS],
        artist=source.artist or own.get("artist", "").strip()[:MAX_WORDS],
        album=source.album or own.get("album", "").strip()[:MAX_WORDS],
        tags=clean_tags((*source.tags, *genre_tags(own.get("genre", "")))),
        text=source.text,
        licence=source.licence or spdx_licence(own.get("licence", "")),
    )


def genre_tags(genre: str) -> tuple[str, ...]:
    """The genres that a file names, as tags; what is too long for a tag is left out."""
    return tuple(
        tag for tag in clean_tags(tuple(GENRE_BREAKS.split(genre))) if len(tag) <= MAX_TAG
    )


def spdx_licence(stated: str) -> str:
    """The SPDX identifier of what a file states: an identifier or a Creative Commons address.

    Anything else gives "": a wrong licence is worse than none.
    """
    address = CREATIVE_COMMONS.match(stated.strip())
    if address is None:
        return stated.strip() if SPDX.fullmatch(stated.strip()) else ""
    kind, terms, version, country = address.groups()
    if kind.lower() == "publicdomain":
        return f"CC0-{version}" if terms.lower() == "zero" else ""
    end = f"-{country.upper()}" if country else ""
    return f"CC-{terms.upper()}-{version}{end}"
