"""Opens one file for FFmpeg with its demuxer pinned and every other file out of reach.

Imports PyAV in its functions alone: a process that only asks children loads no FFmpeg.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from media.errors import UnreadableMedia, UnsupportedMedia
from media.formats import Container
from media.limits import Limits

# FFmpeg reads from an open Python file, so no protocol is ever needed; `none` names no protocol.
# The mov demuxer must not follow data references into other files.
_OPTIONS = {"protocol_whitelist": "none"}
_MOV_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0"}

PICTURE_CODECS = frozenset(
    [
        "h264",
        "hevc",
        "vp8",
        "vp9",
        "av1",
        "mpeg4",
        "mpeg2video",
        "mpeg1video",
        "theora",
        "mjpeg",
        "prores",
        "dnxhd",
        "h263",
        "msmpeg4v3",
        "msmpeg4v2",
    ]
)
SOUND_CODECS = frozenset(
    [
        "mp3",
        "mp2",
        "aac",
        "flac",
        "vorbis",
        "opus",
        "alac",
        "ac3",
        "eac3",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_f64le",
        "pcm_u8",
        "pcm_s8",
        "pcm_alaw",
        "pcm_mulaw",
        "adpcm_ms",
        "adpcm_ima_wav",
        "adpcm_ima_qt",
    ]
)

# PyAV has stub files, but its streams are a union that fits no single use here.
AvContainer = Any
AvStream = Any


@contextmanager
def open_container(path: Path, container: Container, limits: Limits) -> Iterator[AvContainer]:
    """An open PyAV container; raises UnreadableMedia where FFmpeg cannot read the file."""
    import av
    import av.error

    # FFmpeg decodes a frame to learn about a stream: max_pixels keeps it from a huge one.
    options = _OPTIONS | {"max_pixels": str(limits.max_frame_pixels)}
    options |= _MOV_OPTIONS if container.demuxer == "mov" else {}
    with path.open("rb") as file:
        try:
            opened: AvContainer = av.open(
                file,
                format=container.demuxer,
                options=options,
                metadata_errors="replace",
                io_open=_refuse_other_file,
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise UnreadableMedia(
                f"{path.name}: damaged or cut: no {container.name} header that can be read "
                f"({describe(error)})"
            ) from error
        with opened:
            yield opened


def _refuse_other_file(url: str, flags: int, options: dict[str, str]) -> Any:
    raise PermissionError(f"a media file may not open {url!r} (flags {flags}, {options})")


def picture_streams(opened: AvContainer) -> list[AvStream]:
    """The video streams in the order of the file, cover pictures left out."""
    return [s for s in opened.streams.video if not is_cover(s)]


def is_cover(stream: AvStream) -> bool:
    """Whether a video stream is the one picture on a record's sleeve."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def codec_name(stream: AvStream) -> str:
    """The codec's own name (`av1`, not the decoder's `libdav1d`), empty where none is known."""
    context = stream.codec_context
    return "" if context is None else str(context.codec.canonical_name)


def check_codec(path: Path, stream: AvStream, allowed: frozenset[str]) -> None:
    """Raises UnsupportedMedia unless the stream's codec is one of those allowed."""
    name = codec_name(stream)
    if name not in allowed:
        raise UnsupportedMedia(
            f"{path.name}: its {stream.type} codec {name or 'of no name'} is not read; "
            f"read are {', '.join(sorted(allowed))}"
        )


def describe(error: BaseException) -> str:
    """What FFmpeg said, without its number and without the path."""
    return str(getattr(error, "strerror", None) or error).split(":")[0].strip().lower()
