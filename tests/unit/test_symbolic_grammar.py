import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.brief import SERVED_METRES
from symbolic.grammar import MAX_LEAP, Grammar
from symbolic.sketch import METRES, TONIC, Mode
from symbolic.tokens import BAR, END, encode_sketch
from tests.unit.symbolic_makers import make_sketch, walk_grammar


@settings(max_examples=60, deadline=None)
@given(
    metre=st.sampled_from(METRES),
    mode=st.sampled_from(("major", "minor")),
    num_bars=st.integers(1, 9),
    low=st.integers(48, 70),
    span=st.integers(13, 26),
    seed=st.integers(0, 10_000),
)
def test_every_piece_of_legal_tokens_has_its_bars_its_ranges_and_a_homecoming(
    metre: str, mode: Mode, num_bars: int, low: int, span: int, seed: int
) -> None:
    sketch = walk_grammar(metre, mode, num_bars, melody_range=(low, low + span),
                          bass_range=(36, 52), seed=seed)  # fmt: skip
    tonic = TONIC[mode]
    assert sketch.num_bars == num_bars
    assert all(low <= note.pitch <= low + span for note in sketch.melody)
    assert all(36 <= note.pitch <= 52 for note in sketch.bass)
    assert all(note.end <= sketch.num_steps for note in (*sketch.melody, *sketch.bass))
    assert sketch.chords[0].onset == 0
    assert sketch.melody[0].onset < sketch.steps_per_bar
    assert sketch.chords[-1].root == sketch.melody[-1].pitch % 12 == tonic
    assert sketch.bass[-1].pitch % 12 == tonic
    assert sketch.melody[-1].end == sketch.num_steps


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), metre=st.sampled_from(METRES))
def test_melody_and_bass_never_overlap_themselves_and_leap_an_octave_at_most(
    seed: int, metre: str
) -> None:
    sketch = walk_grammar(metre, "major", 6, melody_range=(59, 84), bass_range=(36, 52),
                          seed=seed)  # fmt: skip
    for voice in (sketch.melody, sketch.bass):
        assert all(before.end <= after.onset for before, after in itertools.pairwise(voice))
    pitches = [note.pitch for note in sketch.melody]
    assert all(abs(a - b) <= MAX_LEAP for a, b in itertools.pairwise(pitches))


def test_a_piece_cannot_end_before_its_last_bar() -> None:
    grammar = Grammar("4/4", "major", 3, melody_range=(59, 84), bass_range=(36, 52))
    tokens = encode_sketch(make_sketch(3)).tolist()[1:]
    for token in tokens:
        if token == BAR:
            assert not grammar.legal()[END]
        assert grammar.legal()[token]
        grammar.push(token)
    assert grammar.done


@pytest.mark.parametrize("written", SERVED_METRES)
def test_each_served_metre_is_made_of_bars_that_the_grammar_knows(written: str) -> None:
    metre, bars = SERVED_METRES[written]
    numerator, denominator = (int(part) for part in written.split("/"))
    sketch = make_sketch(bars, metre)
    assert sketch.num_steps == numerator * 16 // denominator
