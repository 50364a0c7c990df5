"""Which containers are read, told by their first bytes, not their names; opens no decoder."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from media.errors import NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.limits import Limits

Family = Literal["sound", "picture", "score"]

SUFFIXES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "track": frozenset(
            [
                ".mp3",
                ".flac",
                ".wav",
                ".wave",
                ".aif",
                ".aiff",
                ".ogg",
                ".oga",
                ".opus",
                ".m4a",
                ".m4b",
                ".aac",
                ".mka",
            ]
        ),
        "clip": frozenset([".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv", ".3gp"]),
        "score": frozenset({".mid", ".midi"}),
    }
)
"""Suffixes that an import of a folder takes for tracks, clips and scores."""

READABLE = "WAV, AIFF, FLAC, MP3, AAC, MP4/M4A, Ogg (Vorbis, Opus), WebM/Matroska, AVI and MIDI"

_HEAD_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container format.

    Attributes:
        name: what messages and `MediaInfo.container` call it.
        family: "picture" containers may hold pictures and sound, "sound" ones sound alone.
        demuxer: the one FFmpeg demuxer that may read it; empty where FFmpeg has no part.
        by_soundfile: whether libsndfile reads its sound.
    """

    name: str
    family: Family
    demuxer: str = ""
    by_soundfile: bool = False


WAV = Container(name="wav", family="sound", demuxer="wav", by_soundfile=True)
AIFF = Container(name="aiff", family="sound", demuxer="aiff", by_soundfile=True)
FLAC = Container(name="flac", family="sound", demuxer="flac", by_soundfile=True)
MP3 = Container(name="mp3", family="sound", demuxer="mp3", by_soundfile=True)
AAC = Container(name="aac", family="sound", demuxer="aac")
OGG = Container(name="ogg", family="picture", demuxer="ogg", by_soundfile=True)
MP4 = Container(name="mp4", family="picture", demuxer="mov")
MATROSKA = Container(name="matroska", family="picture", demuxer="matroska")
AVI = Container(name="avi", family="picture", demuxer="avi")
MIDI = Container(name="midi", family="score")

_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or compressed MusicXML"),
    (b"\x1f\x8b", "gzip-compressed"),
    (b"#EXTM3U", "an HLS playlist that points at other files"),
    (b"ffconcat", "a concat script that points at other files"),
    (b"<?xml", "XML or MusicXML"),
    (b"RIFX", "a big-endian RIFF file"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"FLV\x01", "a Flash video"),
    (b"0&\xb2u\x8ef\xcf\x11", "a Windows Media file"),
)
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})


def detect_container(path: Path, limits: Limits) -> Container:
    """Which container a file is, by its first bytes.

    Raises:
        UnreadableMedia: there is no such regular file.
        NoContent: the file has no byte.
        OverLimit: the file is larger than `limits.max_bytes`.
        UnsupportedMedia: the first bytes are not those of a container that is read.
    """
    try:
        _check_size(path, path.stat(), limits)  # before opening: a pipe would wait for a writer
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise UnreadableMedia(f"{path.name}: cannot be opened ({error.strerror})") from error
    container = recognise(head)
    if container is None:
        raise UnsupportedMedia(f"{path.name}: is {_name_unknown(head)}; read are {READABLE}")
    return container


def recognise(head: bytes) -> Container | None:
    """The container that begins with these bytes, or None."""
    signature, form = head[:4], head[8:12]
    if signature in {b"RIFF", b"RF64"}:
        return {b"WAVE": WAV, b"AVI ": AVI}.get(form)
    if signature == b"FORM":
        return AIFF if form in {b"AIFF", b"AIFC"} else None
    if head[4:8] in _MP4_BOXES:
        return MP4
    known = {b"fLaC": FLAC, b"OggS": OGG, b"\x1a\x45\xdf\xa3": MATROSKA, b"MThd": MIDI}
    return known.get(signature) or _recognise_mpeg(head)


def _recognise_mpeg(head: bytes) -> Container | None:
    """MP3 and ADTS AAC share the sync word of 12 bits; the two layer bits tell them apart."""
    if head[:3] == b"ID3":
        return MP3
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer_bits = (head[1] >> 1) & 3
    if layer_bits == 0:
        return AAC if head[1] & 0xF0 == 0xF0 else None
    return MP3


def _check_size(path: Path, status: os.stat_result, limits: Limits) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableMedia(f"{path.name}: is not a regular file")
    if status.st_size == 0:
        raise NoContent(f"{path.name}: the file is empty (0 bytes)")
    if status.st_size > limits.max_bytes:
        raise OverLimit(
            f"{path.name}: {status.st_size:,} bytes; at most {limits.max_bytes:,} are read"
        )


def _name_unknown(head: bytes) -> str:
    for signature, name in _REFUSED:
        if head.startswith(signature):
            return name
    printable = sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in head)
    return "plain text" if printable > 0.95 * len(head) else "of an unknown kind"
