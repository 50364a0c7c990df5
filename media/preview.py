"""Writes a clip with music under it, to look at and listen to; chooses neither."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.audio import read_stereo_part
from media.container import open_container, picture_streams
from media.decoders import WholeFrames, turn_upright
from media.errors import NoContent, UnreadableMedia
from media.formats import MIDI, detect_container
from media.limits import Limits
from media.midi import read_midi_bytes
from media.video import PictureFacts, inspect_pictures

SOUND_RATE = 48_000
FADE_IN_S = 0.05
FADE_OUT_S = 1.0
MAX_LONG_SIDE, MAX_SHORT_SIDE = 1280, 720
MAX_FRAME_RATE = 60.0

_PICTURE_CLOCK = Fraction(1, 90_000)
_SOUND_CLOCK = Fraction(1, SOUND_RATE)
_AAC_FRAME = 1024
_ENCODERS = ("libx264", "libopenh264", "mpeg4")
_X264_OPTIONS = {"preset": "superfast", "crf": "23"}


def write_preview(clip: Path, music: Path, *, start_s: float, out: Path, limits: Limits) -> None:
    """Writes an MP4 of the clip's picture with the music from `start_s` under it.

    It is as long as the picture: nothing is looped, and where the music ends first the rest is
    silent. The music fades in over 50 ms and out over 1 s. The clip's own sound is left out.

    Args:
        clip: a clip.
        music: a sound file, a video file with sound, or a MIDI file.
        start_s: the in-point in the music, in seconds.
        out: the MP4 to write; it appears whole or not at all.
        limits: bounds on both files.

    Raises:
        MediaError: as `read_frames` for the clip and `read_sound` for the music.
        ValueError: a negative in-point.
    """
    if not start_s >= 0:
        raise ValueError(f"start_s is {start_s}; an in-point is 0 s or later")
    facts = inspect_pictures(clip, limits)
    sound = fade(_read_music(music, start_s, facts.duration_s, limits))  # (N, 2)
    part = out.with_name(f".{out.name}.part")
    try:
        _encode(clip, facts, sound, part, limits)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def fade(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2) with 50 ms of rise and 1 s of fall, less where it is shorter than both."""
    faded = sound.copy()
    rise = min(len(sound) // 2, round(FADE_IN_S * SOUND_RATE))
    fall = min(len(sound) // 2, round(FADE_OUT_S * SOUND_RATE))
    if rise and fall:
        faded[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)[:, None]
        faded[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)[:, None]
    return faded


def _read_music(
    music: Path, start_s: float, length_s: float, limits: Limits
) -> NDArray[np.float32]:
    if detect_container(music, limits) != MIDI:
        return read_stereo_part(
            music, limits, start_s=start_s, length_s=length_s, sample_rate=SOUND_RATE
        )
    from media.render import render_midi_stereo

    data = read_midi_bytes(music, limits)
    rendered = render_midi_stereo(data, sample_rate=SOUND_RATE, limits=limits, name=music.name)
    first = round(start_s * SOUND_RATE)
    sound = rendered.T[first : first + round(length_s * SOUND_RATE)]
    if len(sound) == 0:
        raise NoContent(f"{music.name}: ends before its in-point at {start_s:g} s")
    return sound


def _encode(
    clip: Path, facts: PictureFacts, sound: NDArray[np.float32], out: Path, limits: Limits
) -> None:
    import av

    with (
        open_container(clip, facts.container, limits) as opened,
        av.open(str(out), "w", format="mp4", options={"movflags": "faststart"}) as target,
    ):
        source = picture_streams(opened)[0]
        frames = _pace(WholeFrames(clip, source, limits))
        first = next(frames, None)
        if first is None:
            raise UnreadableMedia(f"{clip.name}: damaged: none of its frames decodes")
        writer = _Writer(target, first[1], facts.frame_rate, sound)
        writer.write_picture(*first)
        for time_s, frame in frames:
            writer.write_picture(time_s, frame)
        writer.finish()


def _pace(frames: WholeFrames) -> Iterator[tuple[float, Any]]:
    """(seconds from the first frame, frame), rising in time and at most 60 a second."""
    first_s: float | None = None
    last_s = float("-inf")
    for frame in frames:
        first_s = frame.time if first_s is None else first_s
        time_s = frame.time - first_s
        if time_s - last_s >= 0.9 / MAX_FRAME_RATE:
            last_s = time_s
            yield time_s, frame


class _Writer:
    """Encodes pictures and the sound that belongs under them, in step."""

    def __init__(
        self, target: Any, first: Any, frame_rate: float, sound: NDArray[np.float32]
    ) -> None:
        self.target = target
        self.sound = sound
        self.num_written = 0
        self.size = _fit(first.width, first.height)  # before it is turned
        turned = round(first.rotation / 90) % 2 == 1
        self.pictures = _add_pictures(target, self.size[::-1] if turned else self.size, frame_rate)
        self.voice = target.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        self.voice.bit_rate = 160_000

    def write_picture(self, time_s: float, frame: Any) -> None:
        """Adds one frame, and the sound up to it."""
        encoded = self._fit_upright(frame)
        encoded.pts, encoded.time_base = round(time_s / _PICTURE_CLOCK), _PICTURE_CLOCK
        self.target.mux(self.pictures.encode(encoded))
        self._write_sound(round(time_s * SOUND_RATE))

    def finish(self) -> None:
        """Writes what is left of both."""
        self._write_sound(len(self.sound))
        self.target.mux(self.pictures.encode(None))
        self.target.mux(self.voice.encode(None))

    def _fit_upright(self, frame: Any) -> Any:
        width, height = self.size
        if round(frame.rotation / 90) % 4 == 0:
            return frame.reformat(width=width, height=height, format="yuv420p")
        import av

        small = frame.reformat(width=width, height=height, format="rgb24")
        upright = np.ascontiguousarray(turn_upright(small.to_ndarray(), frame.rotation))
        return av.VideoFrame.from_ndarray(upright, format="rgb24").reformat(format="yuv420p")

    def _write_sound(self, end: int) -> None:
        import av

        while self.num_written < min(end, len(self.sound)):
            block = self.sound[self.num_written : self.num_written + _AAC_FRAME]
            planes = np.ascontiguousarray(block.T)  # (2, N)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = (
                SOUND_RATE,
                self.num_written,
                _SOUND_CLOCK,
            )
            self.target.mux(self.voice.encode(frame))
            self.num_written += len(block)


def _add_pictures(target: Any, size: tuple[int, int], frame_rate: float) -> Any:
    name = _find_encoder()
    rate = Fraction(min(MAX_FRAME_RATE, max(1.0, frame_rate))).limit_denominator(1001)
    stream = target.add_stream(name, rate=rate, options=_X264_OPTIONS if name == "libx264" else {})
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _PICTURE_CLOCK
    stream.codec_context.thread_count = 2
    return stream


def _find_encoder() -> str:
    import av.codec
    import av.error

    for name in _ENCODERS:
        if name in av.codec.codecs_available:
            return name
    raise RuntimeError(f"this PyAV has none of the encoders {', '.join(_ENCODERS)}")


def _fit(width: int, height: int) -> tuple[int, int]:
    """(width, height), both even, within 1280 by 720 in either direction."""
    scale = min(1.0, MAX_LONG_SIDE / max(width, height), MAX_SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
