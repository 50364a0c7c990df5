import numpy as np
import pytest

from symbolic.brief import Brief, Key
from symbolic.check import PROFILES, find_key, measure_midi
from symbolic.midi_file import Heading, write_midi
from symbolic.parts import Part, PlayedNote
from symbolic.plan import make_plan
from symbolic.report import count_missed, report_attributes

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0),
    "minor": (0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0),
}


def make_midi(*parts: Part, tempo_qpm: float = 96, metre: str = "3/4") -> bytes:
    heading = Heading(tempo_qpm=tempo_qpm, metre=metre, key=Key(tonic=0, mode="major"))
    return write_midi(parts, heading)


def scale_part(tonic: int, mode: str, program: int = 0) -> Part:
    notes = tuple(
        PlayedNote(onset=4 * index, duration=4, pitch=60 + tonic + step, velocity=80)
        for index, step in enumerate(SCALES[mode])
    )
    return Part(program=program, notes=notes)


def test_tempo_metre_bars_and_length_are_read_from_the_bytes() -> None:
    measured = measure_midi(make_midi(scale_part(0, "major")))
    assert measured.tempo_qpm == pytest.approx(96, rel=1e-4)
    assert (measured.metre, measured.bars) == ("3/4", 4)  # eleven quarters
    assert measured.length_s == pytest.approx(12 * 60 / 96, rel=1e-4)
    assert (measured.lowest, measured.highest, measured.num_notes) == (60, 72, 11)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_scales_are_heard_in_their_key_by_every_profile(profile: str, mode: str) -> None:
    for tonic, name in ((0, "C"), (3, "Eb"), (9, "A")):
        pitches = [60 + tonic + step for step in SCALES[mode]]
        notes = np.array([(index, 1, pitch, 80) for index, pitch in enumerate(pitches)], float)
        assert find_key(notes, profile)[0] == f"{name} {mode}"


def test_only_instruments_that_sound_are_counted() -> None:
    silent = Part(program=40, notes=())
    stroke = PlayedNote(onset=0, duration=1, pitch=36, velocity=90)
    data = make_midi(scale_part(0, "major"), silent, Part(program=-1, notes=(stroke,)))
    assert measure_midi(data).instruments == ("Acoustic Grand Piano", "Drums")


def test_drums_alone_have_no_key_and_no_range() -> None:
    stroke = PlayedNote(onset=0, duration=1, pitch=36, velocity=90)
    measured = measure_midi(make_midi(Part(program=-1, notes=(stroke,))))
    assert (measured.key, measured.lowest, measured.ends_on_tonic) == ("", 0, False)


def test_a_pitch_struck_while_it_sounds_is_a_problem() -> None:
    notes = (PlayedNote(onset=0, duration=8, pitch=60, velocity=80),
             PlayedNote(onset=4, duration=8, pitch=60, velocity=80))  # fmt: skip
    (problem,) = measure_midi(make_midi(Part(program=0, notes=notes))).problems
    assert "pitch 60 is struck while it sounds" in problem


def test_a_file_without_notes_is_a_problem() -> None:
    assert measure_midi(make_midi(Part(program=0, notes=()))).problems == ("no notes",)


def test_bytes_that_are_no_midi_file_are_refused() -> None:
    with pytest.raises(ValueError, match="not a MIDI file"):
        measure_midi(b"RIFF....WAVE")


def test_the_report_names_what_was_missed_and_leaves_open_what_nobody_asked() -> None:
    brief = Brief(tempo_qpm=96, key="D minor", instruments=("Violin",), without=("drums",),
                  bars=4, metre="3/4", valence=0.9)  # fmt: skip
    measured = measure_midi(make_midi(scale_part(2, "major", program=40)))
    reports = {r.name: r for r in report_attributes(brief, make_plan(brief, 0), measured)}
    assert reports["key"].met is False
    assert (reports["key"].asked, reports["key"].got) == ("D minor", "D major")
    assert all(
        reports[name].met for name in ("tempo_qpm", "bars", "metre", "instruments", "without")
    )
    assert reports["energy"].met is None
    assert count_missed(tuple(reports.values())) == 1


def test_a_length_is_met_within_half_a_bar() -> None:
    data = make_midi(scale_part(0, "major"))
    for asked, met in ((7.5, True), (8.4, True), (9.0, False)):
        brief = Brief(length_s=asked, tempo_qpm=96, metre="3/4")
        reports = report_attributes(brief, make_plan(brief, 0), measure_midi(data))
        assert next(r.met for r in reports if r.name == "length_s") is met
