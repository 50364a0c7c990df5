"""The two decoders of pictures, decord and PyAV, behind one result; neither believes a header.

decord is imported here alone, inside its function, and only ever in a child: its wheel bundles
FFmpeg 4.1, and it must not meet torch in one process.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.container import AvStream, open_container, picture_streams
from media.errors import OverLimit, UnreadableMedia
from media.formats import Container
from media.limits import Limits
from media.sampling import Sampler, fit_short_side, pick_frames

DECORD_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "mpeg4"})
"""Codecs that FFmpeg 4.1 reads well."""


class DecordFailed(Exception):
    """decord could not read a file that PyAV may still read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Sampled frames: (T, H, W, 3) uint8 upright, and their times from the first frame."""

    rgb: NDArray[np.uint8]
    times_s: NDArray[np.float32]
    remarks: tuple[str, ...]


def decode_with_decord(path: Path, num_frames: int, limits: Limits, rate: float) -> Decoded:
    """Samples a file of one common video stream; raises DecordFailed on anything unexpected."""
    import decord
    from decord import DECORDError

    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = _open_decord(decord, path)
        if len(reader) != num_frames:
            raise DecordFailed(f"{len(reader)} frames instead of {num_frames}")
        starts_s = reader.get_frame_timestamp(np.arange(num_frames))[:, 0].astype(np.float64)
        sampler = pick_frames(starts_s - starts_s[0], rate, limits.max_frames)
        rgb = reader.get_batch(sampler.items).asnumpy()  # (T, H, W, 3)
    except DECORDError as error:
        raise DecordFailed(str(error)) from error
    return _decoded(rgb, sampler, rate, [])


def is_turned(path: Path, container: Container, limits: Limits) -> bool:
    """Whether PyAV's first frame says that it must be turned."""
    with open_container(path, container, limits) as opened:
        frames = WholeFrames(path, picture_streams(opened)[0], limits)
        first = next(iter(frames), None)
        return first is not None and round(first.rotation / 90) % 4 != 0


def _open_decord(decord: Any, path: Path) -> Any:
    """A reader that scales; decord turns frames upright first, so their size is asked of one."""
    reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=1)
    height, width, _ = reader[0].shape
    size = fit_short_side(width, height)
    if size == (width, height):
        return reader
    return decord.VideoReader(
        str(path), ctx=decord.cpu(0), num_threads=1, width=size[0], height=size[1]
    )


def decode_with_pyav(path: Path, container: Container, limits: Limits, rate: float) -> Decoded:
    """Samples a file's first video stream, leaving out what is damaged.

    Raises:
        UnreadableMedia: no frame decodes.
        OverLimit: a frame is larger than the container said.
    """
    sampler: Sampler[NDArray[np.uint8]] = Sampler(rate, limits.max_frames)
    with open_container(path, container, limits) as opened:
        stream = picture_streams(opened)[0]
        frames = WholeFrames(path, stream, limits)
        first_s: float | None = None
        for frame in frames:
            first_s = frame.time if first_s is None else first_s
            time_s = max(0.0, frame.time - first_s)
            if sampler.wants(time_s):
                sampler.add(time_s, _small_upright(frame, sampler.items))
    if not sampler.items:
        raise UnreadableMedia(f"{path.name}: damaged: none of its frames decodes")
    return _decoded(np.stack(sampler.items), sampler, rate, frames.remarks())


class WholeFrames:
    """Iterates over a stream's decoded PyAV frames; after damage it waits for a key frame."""

    def __init__(self, path: Path, stream: AvStream, limits: Limits) -> None:
        self.path = path
        self.stream = stream
        self.limits = limits
        self.num_packets = self.num_damaged = self.num_left_out = 0
        context = stream.codec_context
        # With frame threads an error would be told late, after frames that depend on it.
        context.thread_type = "SLICE"
        context.thread_count = 2
        context.options = {
            "err_detect": "explode",
            "max_pixels": str(limits.max_frame_pixels),
        }

    def __iter__(self) -> Any:
        waits_for_key = False
        for packet in self.stream.container.demux(self.stream):
            frames = self._decode(packet)
            waits_for_key |= frames is None
            for frame in frames or ():
                waits_for_key &= not frame.key_frame
                if waits_for_key or frame.is_corrupt or frame.time is None:
                    self.num_left_out += 1
                    continue
                self._check_size(frame)
                yield frame

    def remarks(self) -> list[str]:
        """What was damaged."""
        if not self.num_damaged and not self.num_left_out:
            return []
        return [
            f"the picture is damaged: {self.num_damaged} of {self.num_packets} packets do not "
            f"decode, and {self.num_left_out} frames that depend on them are left out"
        ]

    def _decode(self, packet: Any) -> list[Any] | None:
        import av.error

        self.num_packets += 1
        try:
            frames: list[Any] = packet.decode()
        except av.error.FFmpegError:
            self.num_damaged += 1
            return None
        return frames

    def _check_size(self, frame: Any) -> None:
        if frame.width * frame.height > self.limits.max_frame_pixels:
            raise OverLimit(
                f"{self.path.name}: a frame of {frame.width}x{frame.height} pixels; at most "
                f"{self.limits.max_frame_pixels:,} are read"
            )


def turn_upright(rgb: NDArray[np.uint8], rotation: float) -> NDArray[np.uint8]:
    """(H, W, 3) turned by the display rotation that PyAV reports, in quarter turns."""
    return np.rot90(rgb, round(rotation / 90) % 4)


def _small_upright(frame: Any, kept: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """A frame as RGB of the size of those kept before (a stream may change its size)."""
    turned = round(frame.rotation / 90) % 2 == 1
    if kept:
        height, width = kept[0].shape[:2]
        size = (height, width) if turned else (width, height)
    else:
        size = fit_short_side(frame.width, frame.height)
    small = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="AREA")
    return np.ascontiguousarray(turn_upright(small.to_ndarray(), frame.rotation))


def _decoded(
    rgb: NDArray[np.uint8], sampler: Sampler[Any], rate: float, remarks: list[str]
) -> Decoded:
    if sampler.rate != rate:
        remarks = [
            *remarks,
            f"a long clip: {sampler.rate:g} frames a second were sampled, not {rate:g}",
        ]
    return Decoded(rgb=rgb, times_s=np.array(sampler.times_s, np.float32), remarks=tuple(remarks))
