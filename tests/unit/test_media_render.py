import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from media.errors import NoContent, OverLimit, UnreadableMedia
from media.instruments import name_program
from media.limits import Limits
from media.render import default_font, render_midi, render_midi_stereo
from tests.media_makers import midi_file, midi_note

RATE = 44_100
# Programs of General MIDI whose notes have one clear pitch in the font. Left out: Dulcimer to
# Timpani-like or inharmonic sounds (tubular bells, timpani), the orchestra hit, and the synth
# effects and percussion from 96 on, which have none.
UNPITCHED = {14, 47, 55}
SAMPLED = (0, 6, 11, 19, 24, 33, 38, 40, 42, 48, 52, 56, 60, 65, 71, 72, 73, 80, 88)
MELODIC = tuple(p for p in range(96) if p not in UNPITCHED)


def program_note(program: int, pitch: int) -> bytes:
    return midi_file(bytes([0, 0xC0, program]) + midi_note(pitch, 960))


def pitch_class_error(samples: np.ndarray, pitch: int) -> float:
    """Semitones between the asked pitch and the nearest octave of what sounds.

    Harmonic sum over the spectrum: for each candidate fundamental within 6 semitones the energies
    of its first ten harmonics are added; the best candidate counts.
    """
    part = samples[int(0.25 * RATE) : int(0.95 * RATE)]
    size = 8 * len(part)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    candidates = np.arange(-6, 6, 0.05)
    fundamentals = 440 * 2 ** ((pitch + candidates - 69) / 12)
    bins = np.outer(fundamentals, np.arange(1, 11)) * size / RATE  # (candidates, harmonics)
    sums = spectrum[np.minimum(bins.round().astype(int), len(spectrum) - 1)].sum(axis=1)
    return float(candidates[sums.argmax()])


@pytest.mark.parametrize("program", SAMPLED, ids=name_program)
def test_a_note_sounds_at_its_pitch(program: int) -> None:
    for pitch in (57, 64):
        sound = render_midi(program_note(program, pitch))
        assert abs(pitch_class_error(sound.samples, pitch)) < 0.35


@pytest.mark.slow
@pytest.mark.parametrize("program", MELODIC, ids=name_program)
def test_every_pitch_of_every_melodic_program_sounds_at_its_pitch(program: int) -> None:
    for pitch in range(48, 84, 5):
        sound = render_midi(program_note(program, pitch))
        assert abs(pitch_class_error(sound.samples, pitch)) < 0.35, pitch


def test_the_pitch_test_hears_a_wrong_note() -> None:
    sound = render_midi(program_note(73, 64))
    assert abs(pitch_class_error(sound.samples, 65)) == pytest.approx(1, abs=0.2)


def test_the_font_is_found_without_importing_its_package() -> None:
    before = "pretty_midi" in sys.modules
    font = default_font()
    assert font.name == "TimGM6mb.sf2"
    assert ("pretty_midi" in sys.modules) == before


def test_a_missing_font_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install pretty_midi"):
        default_font()


def test_the_last_note_dies_away() -> None:
    sound = render_midi(midi_file(midi_note(60, 960)))
    assert sound.duration_s == pytest.approx(1.0 + 1.5, abs=0.02)
    tail = np.abs(sound.samples[int(1.05 * RATE) :])
    assert tail[: RATE // 10].max() > 1e-3
    assert tail[-10:].max() < 1e-3


def test_empty_bars_at_the_end_are_cut_off() -> None:
    late = b"\xe0\x00\xb0\x07\x64"  # a controller 12,288 ticks, 12.8 s, later
    sound = render_midi(midi_file(midi_note(60, 960) + late))
    assert sound.duration_s == pytest.approx(2.5, abs=0.02)


def test_stereo_has_two_rows_and_the_asked_rate() -> None:
    stereo = render_midi_stereo(midi_file(midi_note(60, 960)), sample_rate=22_050)
    assert stereo.shape == (2, pytest.approx(2.5 * 22_050, abs=50))
    assert stereo.dtype == np.float32
    assert 0.2 < np.abs(stereo).max() <= 1


def test_the_same_bytes_give_the_same_sound() -> None:
    data = program_note(48, 60)
    assert (render_midi(data).samples == render_midi(data).samples).all()


def test_a_score_without_notes_is_not_rendered() -> None:
    with pytest.raises(NoContent, match="no notes"):
        render_midi(midi_file(b""))


def test_a_long_score_is_refused_before_it_is_rendered() -> None:
    with pytest.raises(OverLimit, match="at most 1 s are rendered"):
        render_midi(midi_file(midi_note(60, 9600)), limits=Limits(max_render_s=1))


def test_a_font_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.sf2").write_bytes(b"no font")
    with pytest.raises(UnreadableMedia, match=r"broken\.sf2"):
        render_midi(midi_file(midi_note(60, 960)), font=tmp_path / "broken.sf2")
