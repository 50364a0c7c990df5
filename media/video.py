"""Clips to a bounded number of small upright frames; looks before it decodes."""

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.container import (
    PICTURE_CODECS,
    AvContainer,
    AvStream,
    check_codec,
    codec_name,
    open_container,
    picture_streams,
)
from media.decoders import (
    DECORD_CODECS,
    Decoded,
    DecordFailed,
    decode_with_decord,
    decode_with_pyav,
    is_turned,
)
from media.errors import NoContent, OverLimit, UnsupportedMedia
from media.formats import MATROSKA, Container, detect_container
from media.limits import Limits

logger = logging.getLogger(__name__)

FRAMES_PER_SECOND = 4.0
_CUT_SHARE = 0.9  # of the promised length, below which a file counts as cut


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Frames of a clip in the order they are shown.

    Attributes:
        rgb: (T, H, W, 3) uint8, upright, short side at most 256.
        times_s: (T,) float32 seconds from the first frame.
        duration_s: length of the picture in seconds.
        frame_rate: frames a second that the file holds, on average.
        remarks: what was damaged, left out or sampled less often, one sentence each.
    """

    rgb: NDArray[np.uint8]
    times_s: NDArray[np.float32]
    duration_s: float
    frame_rate: float
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What the packets of a clip's first video stream say, before any frame is decoded."""

    container: Container
    codec: str
    width: int
    height: int
    num_streams: int
    num_frames: int
    duration_s: float
    states_duration: bool
    remarks: tuple[str, ...] = ()

    @property
    def frame_rate(self) -> float:
        """Frames a second, on average."""
        return self.num_frames / self.duration_s if self.duration_s > 0 else 0.0


def read_frames(
    path: Path, limits: Limits, frames_per_second: float = FRAMES_PER_SECOND
) -> Frames:
    """Frames of a clip, about `frames_per_second` of them, fewer where the clip is long.

    decord reads a single stream of a common codec, PyAV everything else. Of several video
    streams the first is read.

    Raises:
        UnreadableMedia: damaged, or nothing of it decodes.
        UnsupportedMedia: a container or codec that is not read.
        OverLimit: too large, too long, too many frames, frames too large or too small.
        NoContent: no video stream or no frame.
    """
    facts = inspect_pictures(path, limits)
    decoded = _decode(path, facts, limits, frames_per_second)
    return Frames(
        rgb=decoded.rgb,
        times_s=decoded.times_s,
        duration_s=facts.duration_s,
        frame_rate=facts.frame_rate,
        remarks=(*facts.remarks, *decoded.remarks),
    )


def _decode(path: Path, facts: PictureFacts, limits: Limits, rate: float) -> Decoded:
    if _suits_decord(path, facts, limits):
        try:
            return decode_with_decord(path, facts.num_frames, limits, rate)
        except DecordFailed as error:  # PyAV reads on where it can and says what was damaged
            logger.debug("%s: decord failed, PyAV reads it: %s", path.name, error)
    return decode_with_pyav(path, facts.container, limits, rate)


def inspect_pictures(path: Path, limits: Limits) -> PictureFacts:
    """Checks a clip's first video stream without decoding; raises as `read_frames` does."""
    container = detect_container(path, limits)
    if container.family == "score":
        raise UnsupportedMedia(f"{path.name}: is a MIDI score, not a clip")
    if container.family == "sound":
        raise NoContent(f"{path.name}: is a sound file ({container.name}); it has no video stream")
    with open_container(path, container, limits) as opened:
        streams = picture_streams(opened)
        if not streams:
            raise NoContent(f"{path.name}: has no video stream")
        check_pictures(path, streams[0], limits)
        return _walk_packets(path, container, opened, limits)


def check_pictures(path: Path, stream: AvStream, limits: Limits) -> None:
    """Raises where a stream's codec, frame size or promised length is not allowed."""
    check_codec(path, stream, PICTURE_CODECS)
    width, height = stream.codec_context.width, stream.codec_context.height
    size = f"{path.name}: frames of {width}x{height} pixels"
    if width * height > limits.max_frame_pixels:
        raise OverLimit(f"{size}; at most {limits.max_frame_pixels:,} pixels are read")
    if min(width, height) < limits.min_frame_side:
        raise OverLimit(
            f"{size} are too small; each side must be at least {limits.min_frame_side}"
        )
    promised_s = stated_duration(stream)
    if promised_s is not None and promised_s > limits.max_clip_s:
        raise OverLimit(
            f"{path.name}: lasts {promised_s:,.0f} s; clips of at most {limits.max_clip_s:g} s "
            "are read"
        )


def stated_duration(stream: AvStream) -> float | None:
    """Seconds that the stream, or else its container, claims to last."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    whole = stream.container.duration
    return None if whole is None else whole / 1e6


def _walk_packets(
    path: Path, container: Container, opened: AvContainer, limits: Limits
) -> PictureFacts:
    streams = picture_streams(opened)
    stream = streams[0]
    num_frames, times_s = 0, [float("inf"), 0.0]
    for packet in opened.demux(stream):
        if packet.size == 0 or packet.pts is None:
            continue
        num_frames += 1
        starts_s = float(packet.pts * packet.time_base)
        ends_s = starts_s + float((packet.duration or 0) * packet.time_base)
        times_s = [min(times_s[0], starts_s), max(times_s[1], ends_s)]
        _check_walk(path, num_frames, times_s[1] - times_s[0], limits)
    if num_frames == 0:
        raise NoContent(f"{path.name}: has a video stream and no frame in it")
    promised_s, found_s = stated_duration(stream), times_s[1] - times_s[0]
    return PictureFacts(
        container=container,
        codec=codec_name(stream),
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        num_streams=len(streams),
        num_frames=num_frames,
        duration_s=found_s,
        states_duration=promised_s is not None,
        remarks=_compare_length(promised_s, found_s),
    )


def _check_walk(path: Path, num_frames: int, seconds: float, limits: Limits) -> None:
    if num_frames > limits.max_stored_frames:
        raise OverLimit(f"{path.name}: more than {limits.max_stored_frames:,} frames, the limit")
    if seconds > limits.max_clip_s:
        raise OverLimit(
            f"{path.name}: lasts more than {limits.max_clip_s:g} s, the limit for a clip"
        )


def _compare_length(promised_s: float | None, found_s: float) -> tuple[str, ...]:
    if promised_s is None or found_s >= _CUT_SHARE * promised_s:
        return ()
    return (f"the file is cut: it promises {promised_s:.1f} s, {found_s:.1f} s are there",)


def _suits_decord(path: Path, facts: PictureFacts, limits: Limits) -> bool:
    """Decord reads one whole stream of a common codec; it knows no rotation in Matroska."""
    return (
        importlib.util.find_spec("decord") is not None  # its wheels are for x86-64 only
        and facts.num_streams == 1
        and facts.codec in DECORD_CODECS
        and facts.states_duration
        and not facts.remarks
        and not (facts.container == MATROSKA and is_turned(path, facts.container, limits))
    )
