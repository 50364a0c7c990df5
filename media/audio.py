"""Sound files to samples and back; streams every file and believes no claimed length."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.errors import OverLimit, UnreadableMedia, UnsupportedMedia
from media.formats import detect_container
from media.limits import Limits
from media.sound_sources import FfmpegSource, Mixer, SoundfileSource

TRUNK_RATE = 16_000
"""Samples a second that the audio trunk hears."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound:
    """Mono sound.

    Attributes:
        samples: (N,) float32 in [-1, 1].
        sample_rate: samples a second.
        remarks: what was repaired or left out, one sentence each.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What is made of a file: rate, channels, and the part from `start_s` to `end_s`."""

    sample_rate: int
    num_channels: int
    start_s: float
    end_s: float


def read_sound(path: Path, limits: Limits, sample_rate: int = TRUNK_RATE) -> Sound:
    """The sound of a sound or video file, one channel, resampled by soxr.

    Values that are not finite become 0 and the remarks say so.

    Raises:
        UnreadableMedia: damaged, or most of it does not decode.
        UnsupportedMedia: a container or codec that is not read, a score included.
        OverLimit: too large or too long.
        NoContent: silent, too short, or no sound stream.
    """
    wanted = _Wanted(sample_rate=sample_rate, num_channels=1, start_s=0.0, end_s=float("inf"))
    samples, remarks = _read(path, limits, wanted)
    return Sound(samples=samples.reshape(-1), sample_rate=sample_rate, remarks=remarks)


def read_stereo_part(
    path: Path, limits: Limits, *, start_s: float, length_s: float, sample_rate: int
) -> NDArray[np.float32]:
    """(N, 2) float32: the part of a file from `start_s`, shorter where the file ends.

    Raises as `read_sound`, a part that lies behind the end or is silent included.
    """
    wanted = _Wanted(
        sample_rate=sample_rate, num_channels=2, start_s=start_s, end_s=start_s + length_s
    )
    samples, _ = _read(path, limits, wanted)
    return samples


def write_wav(path: Path, sound: Sound) -> None:
    """Writes 16-bit mono WAV."""
    path.write_bytes(encode_wav(sound))


def encode_wav(sound: Sound) -> bytes:
    """16-bit mono WAV."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.sample_rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def _read(
    path: Path, limits: Limits, wanted: _Wanted
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(N, channels) and remarks; libsndfile first where it reads the container."""
    container = detect_container(path, limits)
    if container.family == "score":
        raise UnsupportedMedia(f"{path.name}: is a MIDI score, not a recording; render it first")
    if container.by_soundfile:
        try:
            return _collect(path, SoundfileSource(path), limits, wanted)
        except UnreadableMedia:
            pass  # FFmpeg steps over damage at which libsndfile stops
    return _collect(path, FfmpegSource(path, container, limits), limits, wanted)


def _collect(
    path: Path, source: SoundfileSource | FfmpegSource, limits: Limits, wanted: _Wanted
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Mixes, cleans and resamples block by block, so that only the result is ever whole."""
    mixer = Mixer(wanted.num_channels)
    resampler: Any = None
    parts: list[NDArray[np.float32]] = []
    at_s = taken_s = 0.0
    for rate, block in source.blocks():
        resampler = resampler or _make_resampler(rate, wanted)
        part = _cut_block(block, at_s, rate, wanted)
        at_s += len(block) / rate
        taken_s += len(part) / rate
        _check_length(path, at_s, limits)
        parts.append(resampler.resample_chunk(mixer.mix(part)))
        if at_s >= wanted.end_s:
            break
    mixer.check(path, taken_s, limits)
    parts.append(resampler.resample_chunk(parts[0][:0], last=True))
    samples = np.concatenate(parts)
    np.clip(samples, -1, 1, out=samples)
    return samples, (*source.remarks, *mixer.remarks())


def _make_resampler(rate: int, wanted: _Wanted) -> Any:
    import soxr

    return soxr.ResampleStream(rate, wanted.sample_rate, wanted.num_channels, dtype="float32")


def _cut_block(
    block: NDArray[np.float32], at_s: float, rate: int, wanted: _Wanted
) -> NDArray[np.float32]:
    """The samples of a block, which begins at `at_s`, that lie in the wanted part."""
    first = max(0, round((wanted.start_s - at_s) * rate))
    last = len(block) if wanted.end_s == float("inf") else round((wanted.end_s - at_s) * rate)
    return block[first : max(first, last)]


def _check_length(path: Path, seconds: float, limits: Limits) -> None:
    if seconds > limits.max_sound_s:
        raise OverLimit(
            f"{path.name}: more than {limits.max_sound_s:g} s of sound; that is the limit"
        )
