import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.errors import MediaError, NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.instruments import PROGRAM_NAMES, name_program
from media.limits import Limits
from media.midi import DRUMS, read_score, read_score_file
from media.midi_scan import scan_midi
from tests.media_makers import encode_number, midi_file, midi_note, midi_tempo

LIMITS = Limits()


def test_notes_come_in_seconds_and_in_quarter_notes() -> None:
    score = read_score(midi_file(midi_note(60, 480) + midi_note(64, 240, rest=480)), LIMITS)
    assert score.onsets_q.tolist() == [0.0, 2.0]
    assert score.durations_q.tolist() == [1.0, 0.5]
    assert score.onsets_s.tolist() == [0.0, 1.0]
    assert score.durations_s.tolist() == [0.5, 0.25]
    assert score.pitches.tolist() == [60, 64]
    assert score.duration_s == 1.25
    assert score.tempos == ((0.0, 120.0),)
    assert score.metres == ((0.0, 4, 4),)


def test_a_change_of_tempo_moves_what_follows() -> None:
    events = midi_note(60, 480) + midi_tempo(1_000_000) + midi_note(62, 480)
    score = read_score(midi_file(events), LIMITS)
    assert score.onsets_s.tolist() == [0.0, 0.5]
    assert score.durations_s.tolist() == [0.5, 1.0]
    assert score.tempos == ((0.0, 120.0), (0.5, 60.0))


def test_programs_drums_metre_and_key_are_read() -> None:
    signs = b"\x00\xff\x58\x04\x03\x02\x18\x08" + b"\x00\xff\x59\x02\xfd\x01"
    violin = signs + b"\x00\xc0\x28" + midi_note(70, 480)
    drums = b"\x00\x99\x24\x64" + encode_number(480) + b"\x89\x24\x00"
    score = read_score(midi_file(violin, drums), LIMITS)
    assert sorted(score.programs.tolist()) == [DRUMS, 40]
    assert score.metres == ((0.0, 3, 4),)
    assert score.key_signatures == ((0.0, "C minor"),)
    assert score.pitches.dtype == np.int16
    assert score.onsets_s.dtype == np.float64


def test_running_status_is_understood() -> None:
    events = b"\x00\x90\x3c\x40" + b"\x60\x3c\x00" + b"\x00\x40\x40" + b"\x60\x40\x00"
    assert read_score(midi_file(events), LIMITS).pitches.tolist() == [60, 64]


def test_notes_that_never_end_are_left_out_and_said() -> None:
    score = read_score(midi_file(midi_note(60, 480) + b"\x00\x90\x40\x40"), LIMITS)
    assert len(score.pitches) == 1
    assert score.remarks == ("1 notes never end and were left out",)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", NoContent, "0 bytes"),
        (b"not a MIDI file at all", UnreadableMedia, "MIDI header"),
        (midi_file(midi_note(60, 480), division=0), UnreadableMedia, "0 ticks"),
        (midi_file(midi_note(60, 480), division=0xE728), UnsupportedMedia, "SMPTE"),
        (midi_file(midi_tempo(0) + midi_note(60, 480)), UnreadableMedia, "tempo of 0"),
        (midi_file(b""), NoContent, "no notes"),
        (midi_file(midi_note(60, 480))[:-5], UnreadableMedia, "claims"),
        (midi_file(b"\x00\xf4\x01" + midi_note(60, 480)), UnreadableMedia, "unknown kind"),
        (midi_file(b"\x00\xff\x01\x7f"), UnreadableMedia, "ends inside"),
        # symusic 0.5.9 ends the process on these three.
        (midi_file(midi_note(60, 480) + b"\x00\x9f\x96\x2b"), UnreadableMedia, "value of 150"),
        (midi_file(midi_note(60, 480) + b"\x00\x4a\x9f"), UnreadableMedia, "value of 159"),
        (
            midi_file(midi_note(60, 480) + b"\x00\xf7\x04\x9f\xb5\x3c\xa6"),
            UnreadableMedia,
            "exclusive data holds a value of 181",
        ),
        (midi_file(b"\xff\xff\xff\xff\x7f"), UnreadableMedia, "four bytes"),
        (midi_file(midi_note(60, 0x0FFFFFFF) * 9), OverLimit, "ticks"),
        (midi_file(midi_note(60, 480 * 7300)), OverLimit, "too long: lasts 3,650 s"),
    ],
)
def test_a_file_that_lies_is_one_clear_error(
    data: bytes, error: type[MediaError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        read_score(data, LIMITS, name="song.mid")
    assert str(caught.value).startswith("song.mid: ")


def test_the_event_limit_ends_the_walk_early() -> None:
    data = midi_file(b"\x00\x90\x3c\x40" + b"\x01\x3c\x40" * 1_000_000)
    started = time.process_time()
    with pytest.raises(OverLimit, match="more than 1,000 MIDI events"):
        scan_midi(data, Limits(max_midi_events=1000), "song.mid")
    assert time.process_time() - started < 0.5


def test_a_file_of_too_many_bytes_is_not_walked() -> None:
    with pytest.raises(OverLimit, match="65 bytes of MIDI; at most 16"):
        scan_midi(bytes(65), Limits(max_midi_bytes=16), "song.mid")


def test_a_sound_file_is_no_score(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(b"fLaC\x00\x00\x00\x22")
    with pytest.raises(UnsupportedMedia, match=r"song\.mid: is flac"):
        read_score_file(path, LIMITS)


# Always the same examples: one that ends the parser would end the whole run of tests.
@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_events_are_read_or_refused_and_never_crash(events: bytes) -> None:
    try:
        score = read_score(midi_file(midi_note(60, 480) + events), LIMITS)
    except MediaError:
        return
    assert (score.durations_s >= 0).all()
    assert np.isfinite(score.onsets_s).all()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.integers(0, 60), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_and_never_crashes(place: int, byte: int) -> None:
    data = bytearray(midi_file(midi_tempo(400_000) + midi_note(60, 480) + midi_note(64, 480)))
    data[place % len(data)] = byte
    try:
        score = read_score(bytes(data), LIMITS)
    except MediaError:
        return
    assert score.duration_s <= LIMITS.max_midi_s


def test_general_midi_has_128_names() -> None:
    assert len(set(PROGRAM_NAMES)) == 128
    assert [name_program(p) for p in (0, 40, 73, 127)] == [
        "Acoustic Grand Piano",
        "Violin",
        "Flute",
        "Gunshot",
    ]
    assert name_program(DRUMS) == "Drums"
