"""Scores that keep one tempo: how fast they are counted, and 30 s of them at another speed.

The beat is the metre's: a quarter, a half in metres over 2, a dotted quarter in 6/8, 9/8 and 12/8;
a quarter where the file states no metre. Knows no network.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from encoders.training.cache import EXCERPT_S, EXCERPT_START
from encoders.training.manifests import Track
from encoders.trunks.spectrum import SAMPLE_RATE
from media.audio import Sound
from media.limits import Limits
from media.midi_scan import DEFAULT_MSPQ, scan_midi

if TYPE_CHECKING:
    from mido import Message, MidiFile, MidiTrack

CONSTANT = 1.02  # largest over smallest tempo of a score that keeps its tempo
LEAD_S = 4.0  # of the score, cut with the excerpt beyond its end
DEFAULT_QPM = 120.0


def beats_per_minute(track: Track) -> float | None:
    """How fast a score is counted; None where its tempo changes by more than 2 %.

    Raises:
        MediaError: no MIDI file that can be read.
    """
    facts = scan_midi(track.file.read_bytes(), Limits(), track.id)
    tempos = [6e7 / mspq for _, mspq in facts.tempos] or [DEFAULT_QPM]
    if max(tempos) / min(tempos) >= CONSTANT:
        return None
    return (max(tempos) + min(tempos)) / 2 * _beats_per_quarter(track.labels.get("metre"))


def hear_at(track: Track, speed: float = 1.0) -> Sound:
    """30 s of a score's rendering from a tenth of it on, played `speed` times as fast.

    Raises:
        MediaError: the score cannot be read or rendered.
    """
    from media.render import render_midi

    data = excerpt(track.file.read_bytes(), speed)
    sound = render_midi(data, sample_rate=SAMPLE_RATE, name=track.id)
    return Sound(samples=sound.samples[: int(EXCERPT_S * SAMPLE_RATE)], sample_rate=SAMPLE_RATE)


def excerpt(data: bytes, speed: float) -> bytes:
    """A MIDI file of 34 s of another one; programs and controls set before still hold.

    Raises:
        UnreadableMedia: mido cannot read it.
    """
    import mido

    from media.errors import UnreadableMedia

    try:
        whole = mido.MidiFile(file=io.BytesIO(data))
    except (OSError, ValueError, EOFError, KeyError, IndexError) as error:
        raise UnreadableMedia(f"cannot be cut: {error}") from error
    clock = _Clock(whole, speed)
    start, stop = clock.excerpt_ticks()
    cut = mido.MidiFile(ticks_per_beat=whole.ticks_per_beat)
    for index, track in enumerate(whole.tracks):
        kept = _cut_track(track, start, stop, speed)
        if index == 0:
            kept.insert(0, clock.first_tempo(start))
        cut.tracks.append(kept)
    out = io.BytesIO()
    cut.save(file=out)
    return out.getvalue()


def _beats_per_quarter(metre: str | None) -> float:
    if not metre:
        return 1.0
    count, unit = (int(part) for part in metre.split("/"))
    if unit == 8 and count % 3 == 0 and count > 3:
        return 2 / 3
    return 0.5 if unit == 2 else 1.0


class _Clock:
    """Ticks to seconds of a file that is played `speed` times as fast."""

    def __init__(self, whole: "MidiFile", speed: float) -> None:
        timed = [item for track in whole.tracks for item in _timed(track)]
        changes = sorted((t, m.tempo) for t, m in timed if m.type == "set_tempo")
        self._tempos: list[tuple[int, float]] = changes or [(0, float(DEFAULT_MSPQ))]
        self._division: int = whole.ticks_per_beat
        self._speed = speed
        self._end: int = max((t for t, m in timed if m.type.startswith("note_")), default=0)

    def excerpt_ticks(self) -> tuple[int, int]:
        """Where the excerpt begins and where nothing more of it can be heard."""
        total_s = self._seconds(self._end)
        start_s = min(EXCERPT_START * total_s, max(0.0, total_s - EXCERPT_S))
        if start_s < 0.5:  # a bar's beginning is better than half a second less
            return 0, self._tick(EXCERPT_S + LEAD_S)
        return self._tick(start_s), self._tick(start_s + EXCERPT_S + LEAD_S)

    def first_tempo(self, start: int) -> "Message":
        """The tempo that holds at a tick, at the new speed."""
        import mido

        held = [tempo for at, tempo in self._tempos if at <= start] or [self._tempos[0][1]]
        return mido.MetaMessage("set_tempo", tempo=int(held[-1] / self._speed), time=0)

    def _seconds(self, tick: int) -> float:
        seconds, last, held = 0.0, 0, self._tempos[0][1]
        for at, tempo in self._tempos:
            if at >= tick:
                break
            seconds += (at - last) * held
            last, held = at, tempo
        return (seconds + (tick - last) * held) / 1e6 / self._division / self._speed

    def _tick(self, seconds: float) -> int:
        """The first tick at or after a time, by halving."""
        low, high = 0, 4 * self._end + 400 * self._division
        while low < high:
            middle = (low + high) // 2
            if self._seconds(middle) < seconds:
                low = middle + 1
            else:
                high = middle
        return low


def _cut_track(track: "MidiTrack", start: int, stop: int, speed: float) -> "MidiTrack":
    import mido

    kept, last = mido.MidiTrack(), 0
    for tick, message in _timed(track):
        if not _is_kept(message, tick, start, stop):
            continue
        at = max(0, tick - start)
        changed = {"tempo": int(message.tempo / speed)} if message.type == "set_tempo" else {}
        kept.append(message.copy(time=at - last, **changed))
        last = at
    return kept


def _is_kept(message: "Message", tick: int, start: int, stop: int) -> bool:
    """Notes of the excerpt, whatever else is set before its end, tempi after its start."""
    if tick > stop or message.type == "end_of_track":
        return False
    if message.type == "set_tempo":
        return tick > start
    if message.is_meta:
        return bool(message.type == "time_signature")
    return tick >= start or not message.type.startswith("note_")


def _timed(track: "MidiTrack") -> "Iterator[tuple[int, Message]]":
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message
