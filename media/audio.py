"""Sound files to mono samples and back; streams every file and believes no claimed length."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.errors import NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.formats import Container, detect_container
from media.limits import Limits

TRUNK_RATE = 16_000
"""Samples a second that the audio trunk hears."""

SILENCE_PEAK = 1e-4
"""-80 dB below full scale: a file that never rises above it is silent."""

MAX_CHANNELS = 16
MIN_RATE, MAX_RATE = 4_000, 384_000

_BLOCK_FRAMES = 65_536
_MIN_DECODED_SHARE = 0.5  # of the packets, below which what decodes is noise
_MAX_NOT_FINITE_SHARE = 0.5
_CLIPPED_SHARE_TO_REPORT = 1e-3


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


def read_sound(path: Path, limits: Limits, sample_rate: int = TRUNK_RATE) -> Sound:
    """The sound of a sound or video file, one channel, resampled by soxr.

    Values that are not finite become 0 and the remarks say so.

    Raises:
        UnreadableMedia: damaged, or most of it does not decode.
        UnsupportedMedia: a container or codec that is not read, a score included.
        OverLimit: too large, too long, too many channels.
        NoContent: silent, too short, or no sound stream.
    """
    container = detect_container(path, limits)
    if container.family == "score":
        raise UnsupportedMedia(f"{path.name}: is a MIDI score, not a recording; render it first")
    if not container.by_soundfile:
        return _collect(path, _PyavSource(path, container, limits), limits, sample_rate)
    try:
        return _collect(path, _SoundfileSource(path), limits, sample_rate)
    except UnreadableMedia:  # FFmpeg steps over damage at which libsndfile stops
        return _collect(path, _PyavSource(path, container, limits), limits, sample_rate)


def write_wav(path: Path, sound: Sound) -> None:
    """Writes 16-bit mono WAV."""
    path.write_bytes(encode_wav(sound))


def encode_wav(sound: Sound) -> bytes:
    """16-bit mono WAV."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.sample_rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


class _SoundfileSource:
    """Blocks of one file through libsndfile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.remarks: list[str] = []

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(sample rate, (N, channels)) block by block; raises UnreadableMedia on damage."""
        import soundfile

        try:
            with self.path.open("rb") as raw, soundfile.SoundFile(raw) as file:
                yield from self._read(file)
        except soundfile.SoundFileError as error:
            raise UnreadableMedia(
                f"{self.path.name}: damaged: {str(error).split(':')[-1].strip(' .')}"
            ) from error

    def _read(self, file: Any) -> Iterator[tuple[int, NDArray[np.float32]]]:
        check_layout(self.path, file.samplerate, file.channels)
        num_read = 0
        while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            num_read += len(block)
            yield file.samplerate, block
        if num_read < file.frames:
            claimed_s, read_s = file.frames / file.samplerate, num_read / file.samplerate
            self.remarks.append(
                f"the file is cut: it promises {claimed_s:.1f} s, {read_s:.1f} s are there"
            )


class _PyavSource:
    """Blocks of one file's first sound stream through FFmpeg."""

    def __init__(self, path: Path, container: Container, limits: Limits) -> None:
        self.path = path
        self.container = container
        self.limits = limits
        self.remarks: list[str] = []

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(sample rate, (N, 1)) block by block; raises UnreadableMedia when most is damaged."""
        from media.container import SOUND_CODECS, check_codec, open_container

        with open_container(self.path, self.container, self.limits) as opened:
            if not opened.streams.audio:
                raise NoContent(f"{self.path.name}: has no sound stream")
            stream = opened.streams.audio[0]
            check_codec(self.path, stream, SOUND_CODECS)
            check_layout(self.path, stream.rate or 0, stream.channels)
            yield from self._decode(opened, stream)

    def _decode(self, opened: Any, stream: Any) -> Iterator[tuple[int, NDArray[np.float32]]]:
        import av
        import av.error

        resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
        num_packets = num_damaged = num_samples = 0
        try:
            for packet in opened.demux(stream):
                num_packets += 1
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    num_damaged += 1
                    continue
                for frame in (mono for decoded in frames for mono in resampler.resample(decoded)):
                    num_samples += frame.samples
                    yield stream.rate, frame.to_ndarray().reshape(-1, 1)
        except (av.error.FFmpegError, ValueError) as error:
            self.remarks.append(f"reading stopped early: {error}")
        self._judge(num_packets, num_damaged)
        self._compare_length(stream, num_samples)

    def _judge(self, num_packets: int, num_damaged: int) -> None:
        if num_damaged > (1 - _MIN_DECODED_SHARE) * num_packets:
            raise UnreadableMedia(
                f"{self.path.name}: damaged: {num_damaged} of {num_packets} packets of sound do "
                "not decode"
            )
        if num_damaged:
            self.remarks.append(
                f"{num_damaged} of {num_packets} packets of sound do not decode and are left out"
            )

    def _compare_length(self, stream: Any, num_samples: int) -> None:
        if stream.duration is None:
            return
        claimed_s, read_s = float(stream.duration * stream.time_base), num_samples / stream.rate
        if read_s < 0.9 * claimed_s:
            self.remarks.append(
                f"the file is cut or damaged: it promises {claimed_s:.1f} s, {read_s:.1f} s are "
                "there"
            )


def check_layout(path: Path, rate: int, channels: int) -> None:
    """Raises UnsupportedMedia for a sample rate or number of channels that no music has."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UnsupportedMedia(
            f"{path.name}: {rate} samples a second; {MIN_RATE} to {MAX_RATE} are read"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnsupportedMedia(
            f"{path.name}: {channels} channels; 1 to {MAX_CHANNELS} are read"
        )


def _collect(
    path: Path, source: _SoundfileSource | _PyavSource, limits: Limits, sample_rate: int
) -> Sound:
    """Mixes, cleans and resamples block by block, so that only the result is ever whole."""
    cleaner = _Cleaner()
    resampler: Any = None
    parts: list[NDArray[np.float32]] = []
    seconds = 0.0
    for rate, block in source.blocks():
        if resampler is None:
            import soxr

            resampler = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32")
        seconds += len(block) / rate
        if seconds > limits.max_sound_s:
            raise OverLimit(
                f"{path.name}: more than {limits.max_sound_s:g} s of sound; that is the limit"
            )
        parts.append(resampler.resample_chunk(cleaner.mix(block)))
    if resampler is not None:
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    cleaner.check(path, seconds, limits)
    samples = np.clip(np.concatenate(parts), -1, 1, dtype=np.float32)
    return Sound(
        samples=samples,
        sample_rate=sample_rate,
        remarks=(*source.remarks, *cleaner.remarks()),
    )


class _Cleaner:
    """Mixes blocks to one channel and remembers what was wrong with them."""

    def __init__(self) -> None:
        self.num_values = self.num_not_finite = self.num_clipped = 0
        self.peak = 0.0

    def mix(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, channels) -> (N,), finite and in [-1, 1]."""
        bad = ~np.isfinite(block)
        self.num_values += block.size
        if bad.any():
            self.num_not_finite += int(bad.sum())
            block = np.where(bad, np.float32(0), block)
        # float64 for the sum: finite float32 values may overflow in it.
        mono = block.mean(axis=1, dtype=np.float64)
        magnitude = np.abs(mono)
        self.num_clipped += int((magnitude > 1).sum())
        self.peak = max(self.peak, float(magnitude.max(initial=0)))
        return np.clip(mono, -1, 1).astype(np.float32)

    def check(self, path: Path, seconds: float, limits: Limits) -> None:
        """Raises where the whole was too damaged, too short or silent."""
        if self.num_not_finite > _MAX_NOT_FINITE_SHARE * self.num_values:
            raise UnreadableMedia(
                f"{path.name}: damaged: {self.num_not_finite} of {self.num_values} samples are "
                "not numbers"
            )
        if seconds < limits.min_sound_s:
            raise NoContent(
                f"{path.name}: {seconds:.3f} s of sound; at least {limits.min_sound_s:g} s are "
                "needed"
            )
        if self.peak <= SILENCE_PEAK:
            level = 20 * math.log10(SILENCE_PEAK)
            raise NoContent(
                f"{path.name}: is silent ({seconds:.0f} s that never rise above {level:.0f} dB)"
            )

    def remarks(self) -> list[str]:
        """What was repaired."""
        said = []
        if self.num_not_finite:
            said.append(f"{self.num_not_finite} samples were not finite numbers and were set to 0")
        if self.num_clipped > _CLIPPED_SHARE_TO_REPORT * self.num_values:
            said.append(f"{self.num_clipped} samples were above full scale and were cut to it")
        return said
