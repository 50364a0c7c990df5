"""Reads a MIDI file's chunks and events without keeping them; refuses what would harm a parser.

The walk is linear in the bytes, stops at the event limit and allocates nothing that the file
claims. Source: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1996).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from media.errors import NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.limits import Limits

HEADER_BYTES = 14
MAX_TICKS = 2**31 - 1
"""symusic keeps ticks in 32 bits; longer pieces would wrap around."""

DEFAULT_MSPQ = 500_000
"""Microseconds a quarter note where the file states no tempo: 120 a minute."""

_META, _SYSEX, _SYSEX_ESCAPE = 0xFF, 0xF0, 0xF7
_TEMPO_META, _END_META = 0x51, 0x2F
_NOTE_ON = 0x90
_ONE_DATA_BYTE = (0xC0, 0xD0)


@dataclass(kw_only=True)
class MidiFacts:
    """What a walk over the events found.

    Attributes:
        division: ticks a quarter note.
        num_tracks: track chunks that are there.
        num_events: all events.
        num_note_ons: note-on events whose velocity is not 0.
        end_tick: the latest event.
        tempos: (tick, microseconds a quarter note), in the order met.
    """

    division: int
    num_tracks: int = 0
    num_events: int = 0
    num_note_ons: int = 0
    end_tick: int = 0
    tempos: list[tuple[int, int]] = field(default_factory=list)

    def seconds_at(self, tick: int) -> float:
        """When a tick sounds, by the tempos of the file."""
        seconds, last_tick, mspq = 0.0, 0, DEFAULT_MSPQ
        for at, tempo in sorted(self.tempos):
            if at >= tick:
                break
            seconds += (at - last_tick) * mspq
            last_tick, mspq = at, tempo
        return (seconds + (tick - last_tick) * mspq) / (1e6 * self.division)


def scan_midi(data: bytes, limits: Limits, name: str) -> MidiFacts:
    """Walks over every event of a MIDI file.

    Args:
        data: the bytes of the file.
        limits: how many bytes, events and seconds are allowed.
        name: what messages call the file.

    Raises:
        UnreadableMedia: not MIDI, a chunk longer than the file, an event that makes no sense.
        UnsupportedMedia: times in SMPTE frames.
        OverLimit: too many bytes, events or seconds.
        NoContent: no byte or no note.
    """
    facts = _read_header(data, limits, name)
    for start, end in _track_chunks(data, name):
        facts.num_tracks += 1
        _walk_track(_Cursor(data, start, end, name), facts, limits)
    if facts.num_note_ons == 0:
        raise NoContent(f"{name}: has no notes")
    duration_s = facts.seconds_at(facts.end_tick)
    if duration_s > limits.max_midi_s:
        raise OverLimit(
            f"{name}: too long: lasts {duration_s:,.0f} s; at most {limits.max_midi_s:g} s are "
            "read"
        )
    return facts


def _read_header(data: bytes, limits: Limits, name: str) -> MidiFacts:
    if not data:
        raise NoContent(f"{name}: the file is empty (0 bytes)")
    if len(data) > limits.max_midi_bytes:
        raise OverLimit(
            f"{name}: {len(data):,} bytes of MIDI; at most {limits.max_midi_bytes:,} are read"
        )
    if data[:4] != b"MThd" or len(data) < HEADER_BYTES:
        raise UnreadableMedia(f"{name}: is not a MIDI file: it does not begin with a MIDI header")
    if int.from_bytes(data[4:8]) < 6:
        raise UnreadableMedia(f"{name}: damaged: its MIDI header is shorter than 6 bytes")
    division = int.from_bytes(data[12:14])
    if division == 0:
        raise UnreadableMedia(f"{name}: damaged: 0 ticks a quarter note; at least 1 is needed")
    if division & 0x8000:
        raise UnsupportedMedia(
            f"{name}: counts time in SMPTE frames; ticks a quarter note are read"
        )
    return MidiFacts(division=division)


def _track_chunks(data: bytes, name: str) -> Iterator[tuple[int, int]]:
    """(first byte, byte after the last) of each track chunk; other chunks are stepped over."""
    at = 8 + int.from_bytes(data[4:8])
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        at += 8
        if length > len(data) - at:
            raise UnreadableMedia(
                f"{name}: damaged or cut: a chunk claims {length:,} bytes and {len(data) - at:,} "
                "follow"
            )
        if kind == b"MTrk":
            yield at, at + length
        at += length


class _Cursor:
    """A place inside one track chunk that never leaves it."""

    def __init__(self, data: bytes, start: int, end: int, name: str) -> None:
        self.data, self.at, self.end, self.name = data, start, end, name

    def take_byte(self) -> int:
        if self.at >= self.end:
            raise UnreadableMedia(f"{self.name}: damaged: a track ends inside an event")
        self.at += 1
        return self.data[self.at - 1]

    def take_data_byte(self) -> int:
        """A byte of a channel event; parsers read outside their tables for one above 127."""
        byte = self.take_byte()
        if byte > 0x7F:
            raise UnreadableMedia(
                f"{self.name}: damaged: an event has a value of {byte}; at most 127 is allowed"
            )
        return byte

    def take_number(self) -> int:
        """A variable-length number of at most four bytes."""
        value = 0
        for _ in range(4):
            byte = self.take_byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise UnreadableMedia(f"{self.name}: damaged: a number longer than four bytes")

    def take_block(self) -> bytes:
        """A block preceded by its length."""
        length = self.take_number()
        if length > self.end - self.at:
            raise UnreadableMedia(f"{self.name}: damaged: a track ends inside an event")
        self.at += length
        return self.data[self.at - length : self.at]


def _walk_track(cursor: _Cursor, facts: MidiFacts, limits: Limits) -> None:
    tick, running = 0, 0
    while cursor.at < cursor.end:
        tick += cursor.take_number()
        facts.num_events += 1
        _check_walk(tick, facts, limits, cursor.name)
        status = cursor.take_byte()
        if status < 0x80:  # running status: this byte is data already
            cursor.at -= 1
            status = running
        if status in (_SYSEX, _SYSEX_ESCAPE):
            _take_exclusive(cursor)
        elif status == _META:
            if _take_meta(cursor, tick, facts):
                break
        else:
            running = status
            _take_channel_event(cursor, status, facts)
    facts.end_tick = max(facts.end_tick, tick)


def _check_walk(tick: int, facts: MidiFacts, limits: Limits, name: str) -> None:
    if facts.num_events > limits.max_midi_events:
        raise OverLimit(f"{name}: more than {limits.max_midi_events:,} MIDI events, the limit")
    if tick > MAX_TICKS:
        raise OverLimit(
            f"{name}: too long: more than {MAX_TICKS:,} ticks; at most {limits.max_midi_s:g} s "
            "are read"
        )


def _take_exclusive(cursor: _Cursor) -> None:
    """Steps over data for one maker's instruments, in which parsers see events."""
    content = cursor.take_block().removesuffix(bytes([_SYSEX_ESCAPE]))
    if content and max(content) > 0x7F:
        raise UnreadableMedia(
            f"{cursor.name}: damaged: system exclusive data holds a value of {max(content)}; at "
            "most 127 is allowed"
        )


def _take_meta(cursor: _Cursor, tick: int, facts: MidiFacts) -> bool:
    """Steps over one meta event; True at the end of the track."""
    kind = cursor.take_byte()
    content = cursor.take_block()
    if kind == _TEMPO_META:
        mspq = int.from_bytes(content)
        if len(content) != 3 or mspq == 0:
            raise UnreadableMedia(
                f"{cursor.name}: damaged: a tempo of {mspq} microseconds a quarter note"
            )
        facts.tempos.append((tick, mspq))
    return kind == _END_META


def _take_channel_event(cursor: _Cursor, status: int, facts: MidiFacts) -> None:
    if not 0x80 <= status < 0xF0:
        raise UnreadableMedia(f"{cursor.name}: damaged: a MIDI event of unknown kind {status:#x}")
    cursor.take_data_byte()
    if status & 0xF0 not in _ONE_DATA_BYTE:
        second = cursor.take_data_byte()
        facts.num_note_ons += status & 0xF0 == _NOTE_ON and second > 0
