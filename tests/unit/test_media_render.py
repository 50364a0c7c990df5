import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.errors import NoContent, OverLimit, UnreadableMedia
from media.fonts import close_key_gaps
from media.instruments import name_program
from media.limits import Limits
from media.render import default_font, render_midi, render_midi_stereo
from tests.media_makers import midi_file, midi_note

RATE = 44_100
# Left out of the melodic programs below the synth effects (96): tubular bells and timpani (their
# partials are no harmonics), guitar harmonics (one lone partial), the orchestra hit, the whistle
# (recorded nine semitones off in this font) and the lead that sounds a fifth beside the note.
UNCLEAR = {14, 31, 47, 55, 78, 86}
MELODIC = tuple(p for p in range(96) if p not in UNCLEAR)
SAMPLED = MELODIC[::5]
WRONG_NOTE = 0.5  # semitones; accordions are tuned up to 0.45 apart on purpose


def program_note(program: int, pitch: int) -> bytes:
    return midi_file(bytes([0, 0xC0, program]) + midi_note(pitch, 960))


def pitch_class_error(samples: NDArray[np.float32], pitch: int) -> float:
    """Semitones from the asked pitch, in any octave, to what sounds.

    Harmonic sum: for each candidate within 6 semitones, as it is and an octave lower (organs), the
    magnitudes of its first twelve harmonics are added with weights 1 / sqrt(h); the best counts.
    """
    part = samples[int(0.25 * RATE) : int(0.95 * RATE)]
    size = 8 * len(part)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    candidates = np.arange(-6, 6, 0.05)
    harmonics = np.arange(1, 13)
    sums = np.zeros(len(candidates))
    for octave in (0.5, 1):
        fundamentals = octave * 440 * 2 ** ((pitch + candidates - 69) / 12)
        bins = np.outer(fundamentals, harmonics) * size / RATE  # (candidates, harmonics)
        found = spectrum[np.minimum(bins.round().astype(int), len(spectrum) - 1)]
        sums = np.maximum(sums, (found / np.sqrt(harmonics)).sum(axis=1))
    return float(candidates[sums.argmax()])


@pytest.mark.parametrize("program", SAMPLED, ids=name_program)
def test_a_note_sounds_at_its_pitch(program: int) -> None:
    for pitch in (58, 63):
        sound = render_midi(program_note(program, pitch))
        assert abs(pitch_class_error(sound.samples, pitch)) < WRONG_NOTE


@pytest.mark.slow
@pytest.mark.parametrize("program", MELODIC, ids=name_program)
def test_every_pitch_of_every_melodic_program_sounds_at_its_pitch(program: int) -> None:
    for pitch in range(53, 78, 5):
        sound = render_midi(program_note(program, pitch))
        assert abs(pitch_class_error(sound.samples, pitch)) < WRONG_NOTE, pitch


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


def test_no_key_of_the_alto_saxophone_is_mute() -> None:
    for pitch in range(49, 81):
        assert np.abs(render_midi(program_note(65, pitch)).samples).max() > 0.1
    assert abs(pitch_class_error(render_midi(program_note(65, 64)).samples, 64)) < WRONG_NOTE


def test_mending_the_font_changes_its_melodic_gaps_alone() -> None:
    font = default_font().read_bytes()
    mended = close_key_gaps(font)
    assert len(mended) == len(font)
    changed = np.flatnonzero(np.frombuffer(font, np.uint8) != np.frombuffer(mended, np.uint8))
    assert 1 <= len(changed) <= 2
    assert close_key_gaps(mended) == mended


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
