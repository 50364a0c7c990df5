"""MIDI to sound through midirenderer and a SoundFont; never through symusic, whose pitches err.

midirenderer holds Python's global lock while it works (2 s for 150 s of music): servers render in
a child of `media.child`.
"""

import functools
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.audio import Sound
from media.errors import NoContent, OverLimit, UnreadableMedia
from media.fonts import close_key_gaps, default_font
from media.limits import Limits
from media.midi import Score, read_score
from media.midi_scan import HEADER_BYTES, MidiFacts, scan_midi

__all__ = ["RENDER_RATE", "default_font", "render_midi", "render_midi_stereo"]

RENDER_RATE = 44_100
_ENGINE_RATE = 48_000  # midirenderer knows no other
_TAIL_S = 1.5  # for the last notes to die away
_TAIL_FADE_S = 0.5
_PEAK = 0.9
_MAX_GAIN = 8.0  # 18 dB: soft pieces stay softer than loud ones


def render_midi(
    data: bytes,
    *,
    sample_rate: int = RENDER_RATE,
    font: Path | None = None,
    limits: Limits | None = None,
    name: str = "the MIDI data",
) -> Sound:
    """One channel of a MIDI file's sound.

    Args:
        data: the bytes of a MIDI file.
        sample_rate: samples a second of the result.
        font: an SF2 file; the default font where None.
        limits: bounds on the file; the usual ones where None.
        name: what messages call the file.

    Raises:
        MediaError: as `read_score`; UnreadableMedia for a font that is damaged.
    """
    stereo = _play(data, font or default_font(), limits or Limits(), name)  # (N, 2)
    mono = stereo.mean(axis=1, dtype=np.float32)
    return Sound(samples=_resample(mono, sample_rate), sample_rate=sample_rate)


def render_midi_stereo(
    data: bytes,
    *,
    sample_rate: int = RENDER_RATE,
    font: Path | None = None,
    limits: Limits | None = None,
    name: str = "the MIDI data",
) -> NDArray[np.float32]:
    """(2, N) float32 in [-1, 1], to the last note's end and its tail; raises as `render_midi`."""
    stereo = _play(data, font or default_font(), limits or Limits(), name)  # (N, 2)
    return np.ascontiguousarray(_resample(stereo, sample_rate).T)


def _play(data: bytes, font: Path, limits: Limits, name: str) -> NDArray[np.float32]:
    """(N, 2) at the engine's rate, brought to a common peak."""
    facts = scan_midi(data, limits, name)
    score = read_score(data, limits, name)
    _check_length(facts, limits, name)
    stereo = _end_after_last_note(_synthesise(_add_tail(data, facts), font), score)
    peak = max(float(stereo.max(initial=0)), -float(stereo.min(initial=0)))
    if peak == 0:
        raise NoContent(f"{name}: renders to silence")
    stereo *= min(_MAX_GAIN, _PEAK / peak)
    return stereo


def _check_length(facts: MidiFacts, limits: Limits, name: str) -> None:
    duration_s = facts.seconds_at(facts.end_tick)
    if duration_s > limits.max_render_s:
        raise OverLimit(
            f"{name}: lasts {duration_s:,.0f} s; at most {limits.max_render_s:g} s are rendered"
        )


def _synthesise(data: bytes, font: Path) -> NDArray[np.float32]:
    import midirenderer
    import soundfile

    try:
        wav = midirenderer.render_wave_from(_read_font(font), data)
    except (RuntimeError, ValueError) as error:
        raise UnreadableMedia(f"cannot be rendered with {font.name}: {error}") from error
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    if rate != _ENGINE_RATE:
        raise RuntimeError(f"midirenderer wrote {rate} samples a second, not {_ENGINE_RATE}")
    return np.asarray(samples, np.float32)


@functools.lru_cache(maxsize=1)
def _read_font(font: Path) -> bytes:
    data = font.read_bytes()
    return close_key_gaps(data) if font == default_font() else data


def _add_tail(data: bytes, facts: MidiFacts) -> bytes:
    """The file with one more track, whose only event lies after the end: there the sound stops.

    Without it the last chord is cut off at its note-offs.
    """
    mspq = max(facts.tempos, default=(0, 500_000))[1]
    delay = facts.end_tick + round(_TAIL_S * 1e6 / mspq * facts.division)
    event = _variable_length(min(delay, 0x0FFFFFFF)) + b"\xb0\x77\x00"  # an undefined controller
    chunk = event + b"\x00\xff\x2f\x00"
    header_end = 8 + int.from_bytes(data[4:8])
    num_tracks = int.from_bytes(data[10:12]) + 1
    header = b"MThd\x00\x00\x00\x06\x00\x01" + num_tracks.to_bytes(2) + data[12:HEADER_BYTES]
    track = b"MTrk" + len(chunk).to_bytes(4) + chunk
    return header + track + data[header_end:]


def _variable_length(number: int) -> bytes:
    encoded = bytes([number & 0x7F])
    while number := number >> 7:
        encoded = bytes([number & 0x7F | 0x80]) + encoded
    return encoded


def _resample(sound: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Mono or (N, 2), at another rate, still in [-1, 1]."""
    import soxr

    if sample_rate == _ENGINE_RATE:
        return sound
    resampled: NDArray[np.float32] = soxr.resample(sound, _ENGINE_RATE, sample_rate)
    np.clip(resampled, -1, 1, out=resampled)
    return resampled


def _end_after_last_note(stereo: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """Cuts what follows the tail (some files end in empty bars) and fades the tail out."""
    num_kept = round((score.duration_s + _TAIL_S) * _ENGINE_RATE)
    stereo = stereo[:num_kept]
    num_faded = min(len(stereo), round(_TAIL_FADE_S * _ENGINE_RATE))
    if num_faded:
        stereo[-num_faded:] *= np.linspace(1, 0, num_faded, dtype=np.float32)[:, None]
    return stereo
