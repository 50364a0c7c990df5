"""What a file is and says of itself, before anything of it is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from media.container import (
    SOUND_CODECS,
    AvContainer,
    AvStream,
    check_codec,
    codec_name,
    open_container,
    picture_streams,
)
from media.errors import NoContent
from media.formats import Container, detect_container
from media.limits import Limits
from media.midi import read_midi_bytes
from media.midi_scan import scan_midi
from media.sound_sources import check_layout
from media.video import check_pictures

Kind = Literal["sound", "clip", "score"]

# Our word, then the words that files use for it; the first that is there counts.
_TAG_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("title", ("title",)),
    ("artist", ("artist", "album_artist", "composer")),
    ("album", ("album",)),
    ("genre", ("genre",)),
    ("date", ("date", "year", "originaldate", "tdor", "creation_date")),
    ("licence", ("license", "licence", "wcop", "copyright_url")),
)
_MAX_TAG_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class PictureStream:
    """The video stream that would be read."""

    codec: str
    width: int
    height: int
    frame_rate: float | None


@dataclass(frozen=True, kw_only=True)
class SoundStream:
    """The sound stream that would be read."""

    codec: str
    sample_rate: int
    num_channels: int


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What a file is.

    Attributes:
        kind: "clip" where it has a picture, "sound" where it has sound alone, "score" for MIDI.
        container: short name of the container ("mp4", "ogg", "midi").
        duration_s: length that the file states; None where it states none.
        tags: title, artist, album, genre, date, licence: those that the file states.
        num_video_streams: video streams, cover pictures not counted.
        num_audio_streams: sound streams.
        picture: the first video stream.
        sound: the first sound stream.
    """

    kind: Kind
    container: str
    duration_s: float | None
    tags: Mapping[str, str] = field(default_factory=dict)
    num_video_streams: int = 0
    num_audio_streams: int = 0
    picture: PictureStream | None = None
    sound: SoundStream | None = None


def probe_media(path: Path, limits: Limits) -> MediaInfo:
    """Tells kind, streams, stated length and tags, and refuses what could not be decoded.

    Raises:
        UnreadableMedia: no header that can be read.
        UnsupportedMedia: a container or codec that is not read.
        OverLimit: too large, too long, frames too large or too small.
        NoContent: neither sound nor picture nor note.
    """
    container = detect_container(path, limits)
    if container.family == "score":
        return _probe_score(path, container, limits)
    with open_container(path, container, limits) as opened:
        return _describe_streams(path, container, opened, limits)


def _probe_score(path: Path, container: Container, limits: Limits) -> MediaInfo:
    facts = scan_midi(read_midi_bytes(path, limits), limits, path.name)
    return MediaInfo(
        kind="score", container=container.name, duration_s=facts.seconds_at(facts.end_tick)
    )


def _describe_streams(
    path: Path, container: Container, opened: AvContainer, limits: Limits
) -> MediaInfo:
    pictures, sounds = picture_streams(opened), list(opened.streams.audio)
    if not pictures and not sounds:
        raise NoContent(f"{path.name}: has neither a sound nor a video stream")
    if pictures:
        check_pictures(path, pictures[0], limits)
    else:
        check_codec(path, sounds[0], SOUND_CODECS)
        check_layout(path, sounds[0].rate or 0, sounds[0].channels)
    return MediaInfo(
        kind="clip" if pictures else "sound",
        container=container.name,
        duration_s=None if opened.duration is None else opened.duration / 1e6,
        tags=_read_tags(opened, sounds),
        num_video_streams=len(pictures),
        num_audio_streams=len(sounds),
        picture=_describe_picture(pictures[0]) if pictures else None,
        sound=_describe_sound(sounds[0]) if sounds else None,
    )


def _describe_picture(stream: AvStream) -> PictureStream:
    context, rate = stream.codec_context, stream.average_rate
    return PictureStream(
        codec=codec_name(stream),
        width=context.width,
        height=context.height,
        frame_rate=None if rate is None else float(rate),
    )


def _describe_sound(stream: AvStream) -> SoundStream:
    return SoundStream(
        codec=codec_name(stream), sample_rate=stream.rate or 0, num_channels=stream.channels
    )


def _read_tags(opened: AvContainer, sounds: list[AvStream]) -> dict[str, str]:
    """Ogg keeps its tags with the stream, the others with the container; the container's win."""
    stated: dict[str, str] = {}
    for metadata in (*(stream.metadata for stream in sounds[:1]), opened.metadata):
        stated |= {key.lower(): _clean(value) for key, value in metadata.items()}
    tags = {}
    for name, words in _TAG_WORDS:
        values = [stated[word] for word in words if stated.get(word)]
        if values:
            tags[name] = values[0]
    return tags


def _clean(value: str) -> str:
    """One line of printable text, of bounded length."""
    printable = "".join(c if c.isprintable() else " " for c in value)
    return " ".join(printable.split())[:_MAX_TAG_CHARACTERS]
