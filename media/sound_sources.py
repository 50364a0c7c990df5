"""Streams of sound blocks from files through libsndfile or FFmpeg; believes no claimed length."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.container import SOUND_CODECS, check_codec, open_container
from media.errors import NoContent, UnreadableMedia, UnsupportedMedia
from media.formats import Container
from media.limits import Limits

MAX_CHANNELS = 16
MIN_RATE, MAX_RATE = 4_000, 384_000

SILENCE_PEAK = 1e-4
"""-80 dB below full scale: a file that never rises above it is silent."""

Block = tuple[int, NDArray[np.float32]]
"""Sample rate and (N, channels)."""

_BLOCK_FRAMES = 65_536
_MAX_DAMAGED_SHARE = 0.5  # of the packets, above which what decodes is noise
_MAX_NOT_FINITE_SHARE = 0.5
_CUT_SHARE = 0.9  # of the promised length, below which a file counts as cut
_CLIPPED_SHARE_TO_REPORT = 1e-3


class SoundfileSource:
    """Blocks of one file through libsndfile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.remarks: list[str] = []

    def blocks(self) -> Iterator[Block]:
        """Block by block; raises UnreadableMedia on damage."""
        import soundfile

        try:
            with self.path.open("rb") as raw, soundfile.SoundFile(raw) as file:
                yield from self._read(file)
        except soundfile.SoundFileError as error:
            said = str(error).split(":")[-1].strip(" .")
            raise UnreadableMedia(f"{self.path.name}: damaged: {said}") from error

    def _read(self, file: Any) -> Iterator[Block]:
        check_layout(self.path, file.samplerate, file.channels)
        num_read = 0
        while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            num_read += len(block)
            yield file.samplerate, block
        if num_read < file.frames:
            self.remarks.append(
                _say_cut(file.frames / file.samplerate, num_read / file.samplerate)
            )


class FfmpegSource:
    """Blocks of the first sound stream of one file through FFmpeg."""

    def __init__(self, path: Path, container: Container, limits: Limits) -> None:
        self.path = path
        self.container = container
        self.limits = limits
        self.remarks: list[str] = []
        self._num_packets = self._num_damaged = self._num_samples = 0

    def blocks(self) -> Iterator[Block]:
        """Block by block, damaged packets left out; UnreadableMedia when most are damaged."""
        import av
        import av.error

        with open_container(self.path, self.container, self.limits) as opened:
            if not opened.streams.audio:
                raise NoContent(f"{self.path.name}: has no sound stream")
            stream = opened.streams.audio[0]
            check_codec(self.path, stream, SOUND_CODECS)
            check_layout(self.path, stream.rate or 0, stream.channels)
            # Changes the sample format alone: FFmpeg's own mixing to mono is 3 dB too loud.
            converter = av.AudioResampler(format="fltp")
            try:
                yield from self._decode(opened, stream, converter)
            except (av.error.FFmpegError, ValueError) as error:
                self.remarks.append(f"reading stopped early: {error}")
            self._judge(stream)

    def _decode(self, opened: Any, stream: Any, converter: Any) -> Iterator[Block]:
        import av.error

        for packet in opened.demux(stream):
            self._num_packets += 1
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._num_damaged += 1
                continue
            for frame in (ready for decoded in frames for ready in converter.resample(decoded)):
                self._num_samples += frame.samples
                yield stream.rate, frame.to_ndarray().T

    def _judge(self, stream: Any) -> None:
        counts = f"{self._num_damaged} of {self._num_packets} packets of sound do not decode"
        if self._num_damaged > _MAX_DAMAGED_SHARE * self._num_packets:
            raise UnreadableMedia(f"{self.path.name}: damaged: {counts}")
        if self._num_damaged:
            self.remarks.append(f"{counts} and are left out")
        if stream.duration is None:
            return
        promised_s = float(stream.duration * stream.time_base)
        found_s = self._num_samples / stream.rate
        if found_s < _CUT_SHARE * promised_s:
            self.remarks.append(_say_cut(promised_s, found_s))


def check_layout(path: Path, rate: int, num_channels: int) -> None:
    """Raises UnsupportedMedia for a sample rate or number of channels that no music has."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UnsupportedMedia(
            f"{path.name}: {rate} samples a second; {MIN_RATE} to {MAX_RATE} are read"
        )
    if not 1 <= num_channels <= MAX_CHANNELS:
        raise UnsupportedMedia(
            f"{path.name}: {num_channels} channels; 1 to {MAX_CHANNELS} are read"
        )


def _say_cut(promised_s: float, found_s: float) -> str:
    return f"the file is cut or damaged: it promises {promised_s:.1f} s, {found_s:.1f} s are there"


class Mixer:
    """Mixes blocks to one channel or two and remembers what was wrong with them."""

    def __init__(self, num_channels: int) -> None:
        self.num_channels = num_channels
        self._num_values = self._num_not_finite = self._num_clipped = 0
        self._peak = 0.0

    def mix(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, any channels) -> (N, num_channels), finite and in [-1, 1]."""
        bad = ~np.isfinite(block)
        self._num_values += block.size
        if bad.any():
            self._num_not_finite += int(bad.sum())
            block = np.where(bad, np.float32(0), block)
        if block.shape[1] != self.num_channels:
            # float64 for the sum: finite float32 values may overflow in it.
            mono = block.mean(axis=1, dtype=np.float64, keepdims=True)
            block = np.repeat(mono, self.num_channels, axis=1)
        magnitude = np.abs(block)
        self._num_clipped += int((magnitude > 1).sum())
        self._peak = max(self._peak, float(magnitude.max(initial=0)))
        return np.clip(block, -1, 1).astype(np.float32)

    def check(self, path: Path, seconds: float, limits: Limits) -> None:
        """Raises where the whole was too damaged, too short or silent."""
        if self._num_not_finite > _MAX_NOT_FINITE_SHARE * self._num_values:
            counts = f"{self._num_not_finite} of {self._num_values} samples are not numbers"
            raise UnreadableMedia(f"{path.name}: damaged: {counts}")
        if seconds < limits.min_sound_s:
            raise NoContent(
                f"{path.name}: {seconds:.3f} s of sound; at least {limits.min_sound_s:g} s are "
                "needed"
            )
        if self._peak <= SILENCE_PEAK:
            level = 20 * math.log10(SILENCE_PEAK)
            raise NoContent(
                f"{path.name}: is silent ({seconds:.0f} s that never rise above {level:.0f} dB)"
            )

    def remarks(self) -> list[str]:
        """What was repaired."""
        said = []
        if self._num_not_finite:
            said.append(
                f"{self._num_not_finite} samples were not finite numbers and were set to 0"
            )
        if self._num_clipped > _CLIPPED_SHARE_TO_REPORT * self._num_values:
            said.append(f"{self._num_clipped} samples were above full scale and were cut to it")
        return said
