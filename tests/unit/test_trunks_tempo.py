"""Tempo and key of sounds whose tempo and key are known because a formula made them."""

import numpy as np
import pytest

from encoders.trunks.beatnet import load_beatnet
from encoders.trunks.features import load_finders
from encoders.trunks.spectrum import SAMPLE_RATE
from encoders.trunks.tempo import (
    MAX_WINDOWS,
    TempoFinder,
    candidate_features,
    find_candidates,
    load_tempo_finder,
    read_rhythm,
)
from encoders.trunks.tonality import KeyFinder, key_name, load_key_finder, parse_key, turned
from tests.fixtures.beats import beat_sound


@pytest.fixture(scope="module")
def finder() -> TempoFinder:
    return load_tempo_finder()


@pytest.fixture(scope="module")
def keys() -> KeyFinder:
    return load_key_finder()


@pytest.mark.parametrize("bpm", [100.0, 110.0, 120.0])
def test_the_tempo_of_a_beat_is_found(finder: TempoFinder, bpm: float) -> None:
    found = finder.find(beat_sound(20.0, SAMPLE_RATE, bpm=bpm))
    assert found == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("bpm", [76.0, 92.0, 133.0])
def test_a_bare_beat_may_be_counted_in_halves_but_not_otherwise(
    finder: TempoFinder, bpm: float
) -> None:
    found = finder.find(beat_sound(20.0, SAMPLE_RATE, bpm=bpm))
    assert found is not None
    assert min(abs(found * factor / bpm - 1) for factor in (0.5, 1.0, 2.0)) < 0.01


def test_the_right_tempo_is_among_the_candidates_at_any_speed() -> None:
    trunk = load_beatnet()
    for bpm in (61.0, 78.0, 143.0, 171.0):
        rhythm = read_rhythm(beat_sound(15.0, SAMPLE_RATE, bpm=bpm), trunk)
        candidates = find_candidates(rhythm)
        assert np.abs(candidates / bpm - 1).min() < 0.02, bpm
        assert candidate_features(rhythm, candidates).shape == (len(candidates), 70)


def test_a_long_sound_is_heard_in_four_windows_only(finder: TempoFinder) -> None:
    samples = np.tile(beat_sound(12.0, SAMPLE_RATE, bpm=100.0), 30)  # 6 minutes
    assert read_rhythm(samples, load_beatnet()).signals.shape == (MAX_WINDOWS, 5, 1500)
    assert finder.find(samples) == pytest.approx(100.0, rel=0.005)


def test_the_tempo_is_the_same_every_time_and_does_not_hang_on_loudness(
    finder: TempoFinder,
) -> None:
    samples = beat_sound(10.0, SAMPLE_RATE, bpm=110.0)
    assert finder.find(samples) == finder.find(samples)
    assert finder.find(samples * np.float32(0.3)) == pytest.approx(110.0, rel=0.01)


def test_a_short_sound_has_no_tempo(finder: TempoFinder) -> None:
    assert finder.find(beat_sound(3.9, SAMPLE_RATE)) is None


def test_silence_and_a_steady_tone_have_no_tempo(finder: TempoFinder) -> None:
    times = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    assert finder.find(np.zeros(20 * SAMPLE_RATE, dtype=np.float32)) is None
    assert finder.find(np.sin(2 * np.pi * 440 * times).astype(np.float32) * 0.3) is None


@pytest.mark.parametrize(
    ("degrees", "key"),
    [
        ((0, 2, 4, 5, 7, 9, 11), "C major"),
        ((9, 11, 0, 2, 4, 5, 8), "A minor"),
        ((6, 8, 10, 11, 1, 3, 5), "F# major"),
    ],
)
def test_a_scale_with_its_triad_has_its_key(
    keys: KeyFinder, degrees: tuple[int, ...], key: str
) -> None:
    chroma = np.full((60, 12), 0.01, dtype=np.float32)
    for frame, degree in enumerate(degrees * 4):
        chroma[frame, degree] = 1.0
    chroma[30:, [degrees[0], degrees[2], degrees[4]]] = 1.0
    assert keys.find(chroma) == key


def test_noise_without_pitch_has_no_key(keys: KeyFinder) -> None:
    assert keys.find(np.ones((40, 12), dtype=np.float32)) is None
    assert keys.find(np.zeros((40, 12), dtype=np.float32)) is None


def test_a_key_turns_with_its_sound(keys: KeyFinder) -> None:
    row = np.array([1.0, -1, 0.5, -1, 0.8, 0.2, -1, 0.9, -1, 0.3, -1, 0.1])
    scores = keys.scores(row)
    for step, moved in enumerate(turned(row)):
        np.testing.assert_allclose(keys.scores(moved)[(0 - step) % 12], scores[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [("Gb:maj", "F# major"), ("Am", "A minor"), ("C major", "C major"), ("Bb minor", "A# minor"),
     ("G", "G major"), ("F#:min", "F# minor"), ("Cb", "B major")],
)  # fmt: skip
def test_keys_are_read_as_sources_write_them(text: str, name: str) -> None:
    assert key_name(parse_key(text)) == name


@pytest.mark.parametrize("text", ["", "H major", "Dmix", "Ador", "none"])
def test_what_is_no_major_or_minor_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        parse_key(text)


def test_finders_are_loaded_once() -> None:
    assert load_finders() is load_finders()
