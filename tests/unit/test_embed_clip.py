"""What clips made by formula look like: known light, colour, motion and cuts."""

from dataclasses import replace

import numpy as np
import pytest

from encoders.errors import UnusableFrames
from encoders.towers.clip import (
    affect_of_picture,
    choose_frames,
    shot_weights,
    view_clip,
)
from encoders.towers.picture import PictureMeasures, crop_bars, measure_picture
from encoders.trunks.efficientnet import PictureTrunk, load_efficientnet
from media.video import Frames
from tests.fixtures.pictures import plain_frames, synthetic_frames

ORDINARY = PictureMeasures(
    brightness=0.5,
    saturation=0.45,
    warmth=0.05,
    motion=0.2,
    cuts_per_minute=2.5,
    shot_starts=(0,),
    seconds=30.0,
)


def times(num_frames: int) -> np.ndarray:
    return np.arange(num_frames, dtype=np.float32) / 4


def measure(rgb: np.ndarray) -> PictureMeasures:
    return measure_picture(rgb, times(len(rgb)))


@pytest.fixture(scope="module")
def trunk() -> PictureTrunk:
    return load_efficientnet()


def test_black_white_and_colours_have_their_light_and_saturation() -> None:
    black, white = measure(plain_frames((0, 0, 0))), measure(plain_frames((255, 255, 255)))
    red, blue = measure(plain_frames((255, 0, 0))), measure(plain_frames((0, 0, 255)))
    assert (black.brightness, white.brightness, red.brightness) == (0.0, 1.0, 1.0)
    assert black.saturation == white.saturation == 0.0
    assert red.saturation == pytest.approx(1.0, abs=0.06)
    assert (red.warmth, blue.warmth) == (1.0, -1.0)


def test_a_still_picture_does_not_move_and_a_blinking_one_does() -> None:
    still = measure(plain_frames((90, 120, 60)))
    rgb = plain_frames((100, 100, 100))
    rgb[::2] += 51  # a fifth of full scale, four times a second
    assert still.motion == 0.0
    assert measure(rgb).motion == pytest.approx(0.8, abs=0.01)


def test_cuts_are_counted_and_are_not_motion() -> None:
    colours = ((200, 30, 30), (30, 200, 30), (30, 30, 200))
    rgb = np.concatenate([plain_frames(colour, 20) for colour in colours])
    found = measure(rgb)
    assert found.shot_starts == (0, 20, 40)
    assert found.cuts_per_minute == pytest.approx(2 * 60 / 14.75)
    assert found.motion == 0.0


def test_a_picture_that_changes_all_the_time_is_not_cut() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    assert measure(rgb).shot_starts == (0,)


def test_black_bars_do_not_darken_a_clip() -> None:
    rgb = plain_frames((200, 200, 200))
    rgb[:, :12] = rgb[:, -12:] = 0
    assert crop_bars(rgb).shape[1] == rgb.shape[1] - 24
    assert measure(rgb).brightness == pytest.approx(200 / 255, abs=0.01)


def test_one_frame_has_light_and_neither_motion_nor_cuts() -> None:
    found = measure(plain_frames((10, 200, 10), 1))
    assert (found.motion, found.cuts_per_minute) == (0.0, 0.0)


def test_light_is_pleasant_motion_and_cuts_excite_and_the_dark_is_mighty() -> None:
    valence, energy, power = affect_of_picture(ORDINARY)
    assert max(abs(valence), abs(energy), abs(power)) < 0.05
    bright = affect_of_picture(replace(ORDINARY, brightness=0.8))
    moving = affect_of_picture(replace(ORDINARY, motion=0.5))
    cut = affect_of_picture(replace(ORDINARY, cuts_per_minute=20.0))
    dark = affect_of_picture(replace(ORDINARY, brightness=0.2))
    assert bright[0] > valence > dark[0]
    assert moving[1] > energy < cut[1]
    assert dark[2] > power


def test_a_short_clip_without_cuts_is_hardly_calmer_for_it() -> None:
    uncut = replace(ORDINARY, cuts_per_minute=0.0)
    brief = affect_of_picture(replace(uncut, seconds=2.0))[1]
    assert affect_of_picture(uncut)[1] < -0.3
    assert abs(brief - affect_of_picture(ORDINARY)[1]) < 0.05


def test_what_a_picture_suggests_stays_between_the_ends() -> None:
    wild = replace(ORDINARY, brightness=1.0, saturation=1.0, motion=50.0, cuts_per_minute=999.0)
    assert all(-1.0 <= value <= 1.0 for value in affect_of_picture(wild))


@pytest.mark.parametrize(
    ("num_frames", "duration_s"), [(1, 0.1), (3, 1.0), (120, 30.0), (3600, 900)]
)
def test_frames_to_look_at_are_spread_over_the_clip(num_frames: int, duration_s: float) -> None:
    chosen = choose_frames(num_frames, duration_s)
    assert 1 <= len(chosen) <= 60
    assert len(set(chosen.tolist())) == len(chosen)
    assert chosen.min() >= 0
    assert chosen.max() < num_frames


def test_a_shot_counts_by_the_root_of_its_length() -> None:
    weights = shot_weights(np.arange(20), (0, 16))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[:16].sum() == pytest.approx(4 / 6)
    assert weights[16:].sum() == pytest.approx(2 / 6)


def test_a_clip_is_seen_the_same_way_twice(trunk: PictureTrunk) -> None:
    frames = Frames(rgb=synthetic_frames(5), times_s=times(5), duration_s=1.25, frame_rate=4.0)
    first, second = view_clip(frames, trunk), view_clip(frames, trunk)
    assert np.array_equal(first.sentence_vector, second.sentence_vector)
    assert first.description == second.description
    assert 0.0 < first.certainty <= 1.0
    assert first.description.to_dict()["words"] == list(first.description.words)


def test_a_black_clip_has_a_finite_view(trunk: PictureTrunk) -> None:
    rgb = plain_frames((0, 0, 0), 2)
    view = view_clip(Frames(rgb=rgb, times_s=times(2), duration_s=0.5, frame_rate=4.0), trunk)
    assert np.isfinite(view.sentence_vector).all()
    assert view.description.energy < 0


def test_frames_that_are_none_or_untimed_are_refused(trunk: PictureTrunk) -> None:
    rgb = plain_frames((1, 2, 3), 2)
    for frames in (
        Frames(rgb=rgb[:0], times_s=times(0), duration_s=0.0, frame_rate=4.0),
        Frames(rgb=rgb, times_s=times(3), duration_s=0.5, frame_rate=4.0),
        Frames(rgb=rgb[..., :2], times_s=times(2), duration_s=0.5, frame_rate=4.0),
    ):
        with pytest.raises(UnusableFrames):
            view_clip(frames, trunk)
