import pytest
from hypothesis import given

from symbolic.grammar import CHORD, MELODY, STEP, VOICE, read_features
from symbolic.sketch import Sketch
from symbolic.tokens import (
    BAR,
    BASS_VOICE,
    BOS,
    CHORD_VOICE,
    END,
    MELODY_VOICE,
    REST,
    VOCABULARY_SIZE,
    chord_token,
    decode_tokens,
    encode_sketch,
    pitch_token,
    place_token,
)
from tests.unit.symbolic_makers import make_sketch, sketches


@given(sketches())
def test_every_sketch_comes_back_from_its_tokens_unchanged(sketch: Sketch) -> None:
    tokens = encode_sketch(sketch)
    assert decode_tokens(tokens.tolist(), sketch.metre, sketch.mode) == sketch


@given(sketches())
def test_tokens_stay_inside_the_vocabulary_and_count_the_bars(sketch: Sketch) -> None:
    tokens = encode_sketch(sketch)
    assert tokens[0] == BOS
    assert tokens[-1] == END
    assert (tokens == BAR).sum() == sketch.num_bars
    assert tokens.max() < VOCABULARY_SIZE


def test_a_bar_reads_as_the_picture_in_the_docstring_says() -> None:
    bar = [BOS, BAR, place_token(CHORD_VOICE, 0), chord_token(0, ""), place_token(BASS_VOICE, 0),
           pitch_token(48), place_token(MELODY_VOICE, 0), pitch_token(76),
           place_token(MELODY_VOICE, 8), REST, END]  # fmt: skip
    sketch = decode_tokens(bar, "3/4", "major")
    assert [(note.onset, note.duration, note.pitch) for note in sketch.melody] == [(0, 8, 76)]
    assert [(note.onset, note.duration, note.pitch) for note in sketch.bass] == [(0, 12, 48)]
    assert sketch.chords[0].name() == "C"
    assert encode_sketch(sketch).tolist() == bar


@pytest.mark.parametrize(
    ("tokens", "complaint"),
    [
        ([BOS, BAR, REST, END], "belongs to no event"),
        ([BOS, BAR, place_token(CHORD_VOICE, 0), pitch_token(60), END], "cannot stand in voice 0"),
        ([BOS, BAR, place_token(MELODY_VOICE, 0), chord_token(0, ""), END], "cannot stand"),
        (
            [BOS, BAR, place_token(MELODY_VOICE, 12), pitch_token(60), END],
            "after the end of a bar",
        ),
    ],
)
def test_tokens_that_break_the_grammar_are_refused(tokens: list[int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode_tokens(tokens, "3/4", "major")


def test_features_say_what_sounds_and_where_in_the_bar_a_token_stands() -> None:
    sketch = make_sketch(2)
    rows = read_features(encode_sketch(sketch), 2)
    assert (rows[1][STEP], rows[1][VOICE], rows[1][MELODY]) == (0, 0, 0)
    last = rows[-1]
    assert last[CHORD] == chord_token(0, "") - chord_token(0, "") + 1
    assert last[MELODY] == pitch_token(60) - pitch_token(24) + 1


def test_a_transposed_chord_is_named_in_its_new_key() -> None:
    assert make_sketch(2).chords[0].name(3) == "Eb"
