import itertools

import numpy as np
import pytest

from symbolic.brief import Brief
from symbolic.check import measure_midi, read_notes
from symbolic.drums import play_drums
from symbolic.instruments import PROGRAM_NAMES, instrument_range
from symbolic.midi_file import Heading, write_midi
from symbolic.orchestrate import orchestrate
from symbolic.plan import make_plan
from symbolic.sketch import METRES, STEPS_PER_BAR, Chord
from symbolic.textures import Stretch, play_texture, voice_chord
from tests.unit.symbolic_makers import make_sketch


def write(brief: Brief, metre: str = "4/4") -> bytes:
    plan = make_plan(brief, seed=0)
    sketch = make_sketch(8, metre, plan.key.mode)
    heading = Heading(tempo_qpm=plan.tempo_qpm, metre=plan.metre, key=plan.key)
    return write_midi(orchestrate(sketch, plan), heading)


@pytest.mark.parametrize("program", range(128))
def test_each_instrument_alone_sounds_within_its_range_for_the_whole_piece(program: int) -> None:
    measured = measure_midi(write(Brief(key="G major", instruments=(PROGRAM_NAMES[program],))))
    low, high = instrument_range(program)
    assert measured.instruments == (PROGRAM_NAMES[program],)
    assert low <= measured.lowest <= measured.highest <= high
    assert measured.bars == 8
    assert measured.problems == ()


@pytest.mark.parametrize(
    "names",
    [
        ("Violin", "Viola", "Cello", "Contrabass"),
        ("Trumpet", "Trombone", "Tuba", "Drums"),
        ("Flute", "Oboe", "Clarinet", "Bassoon", "French Horn"),
        ("Acoustic Grand Piano", "Acoustic Guitar (steel)", "Electric Bass (finger)", "Drums"),
        ("Pad 2 (warm)", "Seashore", "Music Box"),
        ("Drums",),
        ("Taiko Drum", "Drums"),
        ("Lead 1 (square)", "Lead 2 (sawtooth)", "Synth Bass 1", "Pad 1 (new age)", "Drums",
         "Choir Aahs", "Orchestral Harp", "Timpani", "Violin", "Glockenspiel"),
    ],
)  # fmt: skip
def test_every_asked_instrument_sounds_and_no_other(names: tuple[str, ...]) -> None:
    measured = measure_midi(write(Brief(instruments=names)))
    assert measured.instruments == tuple(sorted(names))
    assert measured.problems == ()


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("energy", [-0.9, 0.0, 0.9])
def test_every_metre_and_energy_fills_the_bars_and_ends_on_the_tonic(
    metre: str, energy: float
) -> None:
    brief = Brief(key="D major", metre=metre, energy=energy)
    measured = measure_midi(write(brief, metre))
    assert (measured.bars, measured.metre) == (8, metre)
    assert measured.key == "D major"
    assert measured.ends_on_tonic
    assert measured.problems == ()


def test_a_wild_piece_is_louder_and_busier_than_a_calm_one() -> None:
    instruments = ("Acoustic Grand Piano", "Electric Bass (finger)")
    calm, wild = (
        measure_midi(write(Brief(energy=energy, tempo_qpm=100, instruments=instruments)))
        for energy in (-0.9, 0.9)
    )
    assert calm.energy < wild.energy - 0.3


def test_the_melody_is_louder_than_its_accompaniment() -> None:
    notes = read_notes(write(Brief(instruments=("Flute", "Acoustic Guitar (nylon)"))))
    top = notes[notes[:, 2] >= 72]
    below = notes[(notes[:, 2] < 60)]
    assert top[:, 3].mean() > below[:, 3].mean() + 5


def test_voicings_move_little_and_hold_the_tones_of_their_chord() -> None:
    tonic, dominant = (Chord(onset=0, root=root, quality="") for root in (0, 7))
    first = voice_chord(tonic, 0, (), 60)
    second = voice_chord(dominant, 0, first, 60)
    assert {pitch % 12 for pitch in second} == {7, 11, 2}
    assert max(min(abs(pitch - old) for old in first) for pitch in second) <= 2


def test_a_waltz_leaves_the_first_beat_to_the_bass() -> None:
    stretch = Stretch(chord=Chord(onset=0, root=0, quality=""), start=12, stop=24, bar_start=12,
                      is_last_bar=False)  # fmt: skip
    notes = play_texture("off_beats", stretch, (60, 64, 67), metre="3/4", velocity=60)
    assert sorted({note.onset for note in notes}) == [16, 20]


def test_a_broken_chord_never_strikes_a_sounding_pitch() -> None:
    stretch = Stretch(chord=Chord(onset=0, root=0, quality=""), start=0, stop=16, bar_start=0,
                      is_last_bar=False)  # fmt: skip
    notes = play_texture("broken", stretch, (60, 64, 67), metre="4/4", velocity=60)
    for pitch in (60, 64, 67):
        played = [note for note in notes if note.pitch == pitch]
        assert all(a.onset + a.duration <= b.onset
                   for a, b in itertools.pairwise(played))  # fmt: skip


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("energy", [-1.0, 0.0, 1.0])
def test_drums_stay_in_the_bars_and_end_with_one_stroke(metre: str, energy: float) -> None:
    steps = STEPS_PER_BAR[metre]
    notes = play_drums(metre, 9, steps, energy)
    assert max(note.onset for note in notes) == 8 * steps
    assert {note.onset // steps for note in notes} == set(range(9))
    assert all(20 <= note.velocity <= 120 for note in notes)


def test_a_low_melody_sounds_an_octave_higher_where_chords_would_cover_it() -> None:
    low = write(Brief(key="G major", instruments=("Electric Guitar (clean)", "Church Organ")))
    notes = read_notes(low)
    melody = notes[notes[:, 3] > notes[:, 3].max() - 12]  # the tune is the loudest
    chords = notes[notes[:, 3] < notes[:, 3].max() - 20]
    assert np.median(melody[:, 2]) > np.median(chords[:, 2]) + 7
