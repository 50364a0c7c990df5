"""Makes small media files for tests, and watches which files are opened."""

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_number(number: int) -> bytes:
    """A variable-length MIDI number."""
    encoded = bytes([number & 0x7F])
    while number := number >> 7:
        encoded = bytes([number & 0x7F | 0x80]) + encoded
    return encoded


def midi_file(*tracks: bytes, division: int = 480) -> bytes:
    """A MIDI file of the given events; each track's end is added."""
    chunks = [events + b"\x00\xff\x2f\x00" for events in tracks]
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(c)) + c for c in chunks)


def midi_note(pitch: int, ticks: int, *, velocity: int = 100, rest: int = 0) -> bytes:
    """Note-on after a rest, note-off after so many ticks."""
    return (
        encode_number(rest)
        + bytes([0x90, pitch, velocity])
        + encode_number(ticks)
        + bytes([0x80, pitch, 0])
    )


def midi_tempo(mspq: int, *, rest: int = 0) -> bytes:
    """A tempo in microseconds a quarter note."""
    return encode_number(rest) + b"\xff\x51\x03" + mspq.to_bytes(3)


def sine(frequency: float, seconds: float, rate: int, amplitude: float = 0.5) -> NDArray[Any]:
    """(N,) float32."""
    times = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def write_sound(
    path: Path,
    samples: NDArray[Any],
    rate: int,
    *,
    codec: str,
    tags: dict[str, str] | None = None,
) -> Path:
    """Encodes mono samples with FFmpeg; the suffix chooses the container."""
    import av

    with av.open(str(path), "w") as target:
        target.metadata.update(tags or {})
        stream: Any = target.add_stream(codec, rate=rate, layout="mono")
        kind = str(stream.codec_context.format.name)
        whole = samples if kind.startswith("fl") else (samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(
            whole.reshape(1, -1),
            format="flt" if whole.dtype == np.float32 else "s16",
            layout="mono",
        )
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            format=kind,
            layout="mono",
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return path


def write_clip(
    path: Path,
    colours: Sequence[tuple[int, int, int]],
    *,
    size: tuple[int, int] = (64, 48),
    rate: int = 10,
    codec: str = "libx264",
    rotation: int = 0,
) -> Path:
    """A clip of one plain colour a frame, whose upper left quarter is white."""
    import av

    with av.open(str(path), "w") as target:
        stream: Any = target.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for number, colour in enumerate(colours):
            picture = np.empty((size[1], size[0], 3), np.uint8)
            picture[:] = colour
            picture[: size[1] // 2, : size[0] // 2] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


_IN_OPEN = 0x20
_EVENT = struct.Struct("iIII")


@contextmanager
def watch_opens(folder: Path) -> Iterator[list[str]]:
    """Collects the names of the files in a folder that any process opens (Linux inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    names: list[str] = []
    try:
        if libc.inotify_add_watch(descriptor, str(folder).encode(), _IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch failed")
        yield names
        names.extend(_read_names(descriptor))
    finally:
        os.close(descriptor)


def _read_names(descriptor: int) -> list[str]:
    names: list[str] = []
    while True:
        try:
            events = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return names
        while events:
            _, _, _, length = _EVENT.unpack_from(events)
            name = events[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode()
            if name:
                names.append(name)
            events = events[_EVENT.size + length :]
