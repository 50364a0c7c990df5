"""Features of sounds made by formula, whose level, pitch, key and tempo are known."""

import numpy as np
import pytest

from encoders.errors import UnusableSound
from encoders.trunks.features import (
    SoundFeatures,
    patch_segments,
    patch_starts,
    segment_mean,
    sound_features,
)
from encoders.trunks.harmony import chroma_entropy, find_key, key_correlations, read_chroma
from encoders.trunks.musicnn import MusicnnTrunk, load_musicnn
from encoders.trunks.rhythm import find_onsets, find_tempo, onset_envelope
from encoders.trunks.signal import SIGNAL_NAMES
from encoders.trunks.spectrum import SAMPLE_RATE, analyse_spectrum, mel_filters
from media.audio import Sound
from media.errors import NoContent


def tone(hz: float, seconds: float, level: float = 0.25) -> np.ndarray:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def clicks(bpm: float, seconds: float) -> np.ndarray:
    samples = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)
    decay = np.exp(-np.arange(1600) / 200.0) * np.random.default_rng(0).standard_normal(1600)
    for start in np.arange(0, len(samples) - 1600, SAMPLE_RATE * 60 / bpm).astype(int):
        samples[start : start + 1600] += 0.3 * decay.astype(np.float32)
    return samples


def sound(samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> Sound:
    return Sound(samples=samples, sample_rate=sample_rate, remarks=())


@pytest.fixture(scope="module")
def trunk() -> MusicnnTrunk:
    return load_musicnn()


@pytest.fixture(scope="module")
def features(trunk: MusicnnTrunk) -> SoundFeatures:
    return sound_features(sound(tone(440.0, 20.5)), trunk)


def test_log_mel_equals_librosa() -> None:
    from librosa.feature import melspectrogram
    from librosa.filters import mel as librosa_filters

    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE * 2).astype(np.float32) * 0.1
    mel = melspectrogram(y=noise, sr=SAMPLE_RATE, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(1.0 + 10_000.0 * mel.T)
    np.testing.assert_allclose(analyse_spectrum(noise).log_mel, expected, atol=2e-6)
    assert np.array_equal(mel_filters(), librosa_filters(sr=SAMPLE_RATE, n_fft=512, n_mels=96))


def test_blocks_of_a_minute_leave_no_seam() -> None:
    noise = np.random.default_rng(2).standard_normal(SAMPLE_RATE * 61).astype(np.float32) * 0.1
    whole = analyse_spectrum(noise).log_mel
    part = analyse_spectrum(noise[SAMPLE_RATE * 58 :]).log_mel  # 58 s are 3,625 frames
    np.testing.assert_allclose(whole[3_625 + 5 : -5], part[5:-5], atol=1e-6)


def test_patches_start_every_three_seconds_and_the_last_ends_with_the_sound(
    features: SoundFeatures,
) -> None:
    np.testing.assert_allclose(features.starts_s[:6], [0, 3, 6, 9, 12, 15], atol=0.02)
    assert features.starts_s[6] == pytest.approx(20.5 - 2.99, abs=0.05)
    assert features.segments.tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    np.testing.assert_allclose(features.segment_starts_s, [0, 6, 12], atol=0.02)


@pytest.mark.parametrize("seconds", [0.1, 2.0, 2.99, 3.0, 5.0, 8.9, 9.0, 9.6, 30.0, 61.7])
def test_every_length_is_covered_from_start_to_end(seconds: float) -> None:
    num_frames = max(187, 1 + int(seconds * SAMPLE_RATE) // 256)
    starts = patch_starts(num_frames)
    assert starts[0] == 0
    assert 0 <= num_frames - (starts[-1] + 187) < 0.5 * 62.5
    segments = patch_segments(len(starts))
    assert segments[0, 0] == 0
    assert segments[-1, -1] == len(starts) - 1
    assert set(segments.ravel()) == set(range(len(starts)))


def test_a_segment_is_the_mean_of_its_three_patches() -> None:
    rows = np.arange(10, dtype=np.float32).reshape(5, 2)
    found = segment_mean(rows, patch_segments(5))
    np.testing.assert_array_equal(found, [[2.0, 3.0], [6.0, 7.0]])


def test_signal_features_are_those_of_a_known_tone(features: SoundFeatures) -> None:
    mean = dict(zip(SIGNAL_NAMES, features.signal[1:-1].mean(axis=0), strict=True))
    assert mean["level_dbfs"] == pytest.approx(20 * np.log10(0.25 / np.sqrt(2)), abs=0.1)
    assert features.loudness_db == pytest.approx(mean["level_dbfs"], abs=0.1)
    assert abs(mean["centroid_octaves"]) < 0.3
    assert mean["onsets_per_s"] < 0.5
    assert mean["chroma_entropy_bits"] < 1.0
    assert mean["high_share"] < 0.01


def test_a_short_sound_is_repeated_into_one_patch(trunk: MusicnnTrunk) -> None:
    short = sound_features(sound(tone(440.0, 0.5)), trunk)
    assert short.pools.shape == (1, 1506)
    assert short.segments.tolist() == [[0, 0, 0]]
    assert short.duration_s == 0.5
    assert short.tempo_bpm is None


def test_two_runs_give_the_same_bits(trunk: MusicnnTrunk, features: SoundFeatures) -> None:
    again = sound_features(sound(tone(440.0, 20.5)), trunk)
    assert np.array_equal(again.pools, features.pools)
    assert np.array_equal(again.signal, features.signal)


def test_silence_has_no_content(trunk: MusicnnTrunk) -> None:
    with pytest.raises(NoContent, match="silent"):
        sound_features(sound(np.zeros(SAMPLE_RATE * 5, dtype=np.float32)), trunk)
    with pytest.raises(NoContent, match="no samples"):
        sound_features(sound(np.zeros(0, dtype=np.float32)), trunk)


def test_a_quiet_sound_is_not_silence(trunk: MusicnnTrunk) -> None:
    assert sound_features(sound(tone(440.0, 3.0, level=0.002)), trunk).loudness_db < -50


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(trunk: MusicnnTrunk, bad: float) -> None:
    samples = tone(440.0, 3.0)
    samples[100] = bad
    with pytest.raises(UnusableSound, match="NaN or infinite"):
        sound_features(sound(samples), trunk)


def test_another_rate_is_refused(trunk: MusicnnTrunk) -> None:
    with pytest.raises(UnusableSound, match="44100"):
        sound_features(sound(tone(440.0, 3.0), 44_100), trunk)


@pytest.mark.parametrize("bpm", [90.0, 120.0])
def test_the_tempo_of_a_click_track_is_found(bpm: float) -> None:
    envelope = onset_envelope(analyse_spectrum(clicks(bpm, 20.0)))
    assert len(find_onsets(envelope)) == pytest.approx(20.0 * bpm / 60.0, abs=2)
    assert find_tempo(envelope) == pytest.approx(bpm, rel=0.04)


def test_a_steady_tone_has_no_tempo() -> None:
    assert find_tempo(onset_envelope(analyse_spectrum(tone(440.0, 20.0)))) is None


@pytest.mark.parametrize(
    ("degrees", "key"),
    [((0, 2, 4, 5, 7, 9, 11), "C major"), ((9, 11, 0, 2, 4, 5, 8), "A minor")],
)
def test_a_scale_with_its_triad_has_its_key(degrees: tuple[int, ...], key: str) -> None:
    chroma = np.full((40, 12), 0.01, dtype=np.float32)
    chroma[:, list(degrees)] = 0.5
    chroma[:, [degrees[0], degrees[2], degrees[4]]] = 1.0
    assert find_key(chroma) == key


@pytest.mark.parametrize("seconds", [121.0, 245.0])
def test_pitch_classes_of_a_long_sound_leave_no_seam(seconds: float) -> None:
    chroma = read_chroma(tone(440.0, seconds))
    assert len(chroma) == 1 + int(seconds * SAMPLE_RATE) // 512
    assert (chroma[5:-5].argmax(axis=1) == 9).all()
    np.testing.assert_allclose(chroma[3_700:3_740], chroma[100:140], rtol=0.02, atol=5e-3)


def test_noise_without_pitch_has_no_key() -> None:
    assert find_key(np.ones((40, 12), dtype=np.float32)) is None
    assert key_correlations(np.ones(12)).max() == 0.0
    assert chroma_entropy(np.ones(12)) == pytest.approx(np.log2(12))
