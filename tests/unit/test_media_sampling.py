import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.sampling import SHORT_SIDE, Sampler, fit_short_side, pick_frames


def test_four_of_a_second_are_kept_of_a_clip_of_24() -> None:
    sampler = pick_frames(np.linspace(0, 2, 48, endpoint=False, dtype=np.float64), 4.0, 100)
    assert sampler.items == [0, 6, 12, 18, 24, 30, 36, 42]
    assert sampler.rate == 4.0


def test_every_frame_is_kept_of_a_slow_clip() -> None:
    assert pick_frames(np.arange(5) * 1.0, 4.0, 100).items == [0, 1, 2, 3, 4]


def test_a_long_clip_is_sampled_less_often_over_its_whole_length() -> None:
    sampler = pick_frames(np.arange(1000) / 10, 4.0, 64)
    assert len(sampler.items) <= 64
    assert sampler.rate == 0.5
    assert sampler.times_s[0] == 0.0
    assert sampler.times_s[-1] >= 97.0
    assert np.ptp(np.diff(sampler.times_s)) < 0.21


@given(st.lists(st.floats(0, 900), min_size=1, max_size=300), st.integers(2, 40))
def test_no_more_than_allowed_are_kept_and_always_the_first(times: list[float], most: int) -> None:
    rising = np.sort(np.array(times)) - min(times)
    sampler = pick_frames(rising, 4.0, most)
    assert 1 <= len(sampler.items) <= most
    assert sampler.items[0] == 0
    assert sampler.times_s == sorted(sampler.times_s)


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="rate 0"):
        Sampler[int](0.0, 10)


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((1920, 1080), (456, 256)),
        ((1080, 1920), (256, 456)),
        ((64, 48), (64, 48)),
        ((33, 17), (32, 16)),
    ],
)
def test_the_short_side_is_bounded_and_nothing_is_enlarged(
    size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert fit_short_side(*size) == fitted
    assert min(fitted) <= SHORT_SIDE
