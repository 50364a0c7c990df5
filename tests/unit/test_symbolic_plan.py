import pytest

from symbolic.brief import Brief
from symbolic.cast import assign_roles
from symbolic.instruments import instrument_range
from symbolic.plan import choose_programs, make_plan


def test_an_open_tempo_bends_until_the_length_is_exact() -> None:
    plan = make_plan(Brief(length_s=30.0, metre="3/4"), seed=0)
    assert plan.bars * 3 * 60 / plan.tempo_qpm == pytest.approx(30.0)


def test_a_given_tempo_rounds_the_length_to_whole_bars() -> None:
    plan = make_plan(Brief(length_s=30.0, tempo_qpm=100), seed=0)
    assert (plan.tempo_qpm, plan.bars) == (100, 12)


def test_bars_decide_over_length_and_the_tempo_stays_within_its_limits() -> None:
    plan = make_plan(Brief(length_s=2.0, bars=16), seed=0)
    assert (plan.bars, plan.tempo_qpm) == (16, 240)


def test_sad_and_calm_means_minor_and_slow_happy_and_wild_major_and_fast() -> None:
    sad = make_plan(Brief(valence=-0.8, energy=-0.8), seed=0)
    wild = make_plan(Brief(valence=0.8, energy=0.8), seed=0)
    assert (sad.key.mode, wild.key.mode) == ("minor", "major")
    assert sad.tempo_qpm < 75 < 125 < wild.tempo_qpm


def test_a_given_key_wins_over_the_mood() -> None:
    assert make_plan(Brief(valence=-1.0, key="D major"), seed=0).key.mode == "major"


def test_twelve_eighths_are_written_as_pairs_of_six_eighths() -> None:
    plan = make_plan(Brief(metre="12/8", bars=8), seed=0)
    assert (plan.controls.metre, plan.model_bars) == ("6/8", 16)


def test_refused_instruments_leave_the_defaults() -> None:
    assert -1 not in choose_programs(Brief(without=("drums",)), "pop", 0.9)
    assert choose_programs(Brief(without=("drums", "piano", "strings")), "pop", 0.0) == (33,)


def test_a_family_that_is_partly_refused_gives_another_member() -> None:
    brief = Brief(instruments=("guitar",), without=("Acoustic Guitar (nylon)",))
    assert choose_programs(brief, "pop", 0.0) == (25,)


def test_nothing_left_to_play_is_an_error_that_says_so() -> None:
    everything = ("Piano", "Chromatic Percussion", "Organ", "Guitar", "Bass", "Strings",
                  "Ensemble", "Brass", "Reed", "Pipe", "Synth Lead", "Synth Pad")  # fmt: skip
    with pytest.raises(ValueError, match="leaves no instrument to play: Piano"):
        choose_programs(Brief(without=(*everything, "harp", "drums")), "pop", 0.0)


@pytest.mark.parametrize("program", range(128))
def test_every_instrument_can_carry_a_melody_of_more_than_an_octave_in_every_key(
    program: int,
) -> None:
    from symbolic.instruments import PROGRAM_NAMES

    low, high = instrument_range(program)
    for tonic in ("C", "Eb", "F#", "A"):
        brief = Brief(key=f"{tonic} minor", instruments=(PROGRAM_NAMES[program],))
        plan = make_plan(brief, seed=0)
        move = plan.shift + 12 * plan.melody_octave
        lowest, highest = plan.melody_range
        assert highest - lowest >= 13
        assert low <= lowest + move <= highest + move <= high


@pytest.mark.parametrize(
    ("programs", "melody", "bass", "chords"),
    [
        ((0,), 0, 0, (0,)),
        ((73,), 73, None, ()),
        ((0, 40), 40, 0, (0,)),
        ((0, 48), 0, 0, (48,)),
        ((33, 73, 24), 73, 33, (24,)),
        ((42, 40), 40, 42, ()),
        ((68, 48), 68, 48, (48,)),
        ((32,), 32, None, ()),
        ((-1, 81, 38), 81, 38, ()),
    ],
)
def test_roles_go_to_whom_they_suit(
    programs: tuple[int, ...], melody: int, bass: int | None, chords: tuple[int, ...]
) -> None:
    cast = assign_roles(programs)
    assert (cast.melody, cast.bass, cast.chords) == (melody, bass, chords)


def test_drums_alone_have_no_melody() -> None:
    cast = assign_roles((-1,))
    assert (cast.melody, cast.drums) == (None, True)
