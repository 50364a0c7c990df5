import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.form import MAX_BODY, Form, plan_form
from symbolic.model import Cache, ModelSize
from symbolic.sample import Request, play_in_order, sample_sketches
from symbolic.sketch import METRES
from symbolic.tokens import encode_sketch
from tests.unit.symbolic_makers import TINY, make_controls, make_network, make_sketch

FREE = Form(sources=(None,) * 5, order=tuple(range(5)))


def make_request(metre: str, forms: tuple[Form, ...], seed: int = 0) -> Request:
    return Request(controls=make_controls(metre), melody_range=(59, 78), bass_range=(36, 52),
                   forms=forms, seed=seed)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(metre=st.sampled_from(METRES), num_bars=st.integers(1, 18), seed=st.integers(0, 99))
def test_every_sampled_piece_has_exactly_the_asked_bars_metre_and_range(
    metre: str, num_bars: int, seed: int
) -> None:
    form = plan_form(num_bars, np.random.default_rng(seed))
    for sketch in sample_sketches(make_network(), make_request(metre, (form, form), seed)):
        assert (sketch.num_bars, sketch.metre) == (num_bars, metre)
        assert all(59 <= note.pitch <= 78 for note in sketch.melody)


def test_the_same_seed_gives_the_same_pieces_and_another_seed_others() -> None:
    network = make_network()
    first, again, other = (
        sample_sketches(network, make_request("4/4", (FREE, FREE), seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert first[0] != first[1]


def test_one_token_at_a_time_with_memory_gives_the_logits_of_the_whole_row() -> None:
    network = make_network()
    length = TINY.window
    features = torch.randint(0, 4, (2, length, 7))
    controls = torch.zeros(2, 5, dtype=torch.long)
    with torch.no_grad():
        whole = network(features, controls)
        cache = Cache(TINY, 2)
        single = [network(features[:, t : t + 1], controls, cache) for t in range(length)]
    torch.testing.assert_close(torch.cat(single, dim=1), whole, atol=1e-5, rtol=1e-4)


def test_memory_does_not_grow_beyond_twice_the_window() -> None:
    network, cache = make_network(), Cache(TINY, 1)
    step = torch.ones(1, 1, 7, dtype=torch.long)
    with torch.no_grad():
        for _ in range(5 * TINY.window):
            logits = network(step, torch.zeros(1, 5, dtype=torch.long), cache)
    assert cache.position == 5 * TINY.window
    assert cache.keys[0].shape[2] == 2 * TINY.window
    assert torch.isfinite(logits).all()


def test_a_returning_bar_repeats_its_source_note_for_note() -> None:
    form = Form(sources=(None, None, 0, 1, None, None), order=tuple(range(6)))
    (sketch,) = sample_sketches(make_network(), make_request("3/4", (form,)))
    bars = [
        [(note.onset % 12, note.pitch) for note in sketch.melody if note.onset // 12 == bar]
        for bar in range(6)
    ]
    assert bars[2] == bars[0]
    assert bars[3] == bars[1]


@given(num_bars=st.integers(1, 256), seed=st.integers(0, 20))
def test_a_form_plays_every_bar_copies_only_earlier_ones_and_ends_on_new_bars(
    num_bars: int, seed: int
) -> None:
    form = plan_form(num_bars, np.random.default_rng(seed))
    body = len(form.sources)
    assert len(form.order) == num_bars
    assert body <= MAX_BODY
    assert form.order[-1] == body - 1
    assert form.sources[-2:] == (None,) * min(2, body)
    assert all(
        source is None or (source < bar and form.sources[source] is None)
        for bar, source in enumerate(form.sources)
    )


def test_sixteen_bars_have_the_form_of_the_picture() -> None:
    sources = plan_form(16, np.random.default_rng(0)).sources
    assert sources[4:6] == sources[12:14] == (0, 1)
    assert sources[8:12] == (None,) * 4


def test_playing_sections_again_cuts_what_would_sound_over_the_seam() -> None:
    sketch = make_sketch(4)
    again = play_in_order(sketch, (0, 1, 0, 1, 2, 3))
    assert again.num_bars == 6
    assert all(note.end <= again.num_steps for note in again.melody)
    encode_sketch(again)
    assert play_in_order(sketch, range(4)) == sketch


def test_a_width_that_cannot_be_split_into_rotating_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of twice the heads: 18, 4"):
        ModelSize(width=18, num_heads=4)
