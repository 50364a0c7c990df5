import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.audio import Sound, encode_wav, read_sound, read_stereo_part, write_wav
from media.errors import NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.formats import WAV
from media.limits import Limits
from media.sound_sources import FfmpegSource
from tests.media_makers import midi_file, midi_note, sine, write_sound

LIMITS = Limits()
CODECS = {
    "mp3": ("libmp3lame", 44_100),
    "m4a": ("aac", 44_100),
    "aac": ("aac", 44_100),
    "opus": ("libopus", 48_000),
    "flac": ("flac", 44_100),
    "wav": ("pcm_s16le", 22_050),
    "aiff": ("pcm_s16be", 44_100),
    "mka": ("ac3", 48_000),
}


def loudest_frequency(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize("suffix", CODECS)
def test_each_format_gives_mono_float_at_the_rate_of_the_trunk(
    tmp_path: Path, suffix: str
) -> None:
    codec, rate = CODECS[suffix]
    path = write_sound(tmp_path / f"a.{suffix}", sine(440, 2, rate), rate, codec=codec)
    sound = read_sound(path, LIMITS)
    assert (sound.sample_rate, sound.samples.ndim) == (16_000, 1)
    assert sound.samples.dtype == np.float32
    assert sound.duration_s == pytest.approx(2, abs=0.06)
    middle = sound.samples[8_000:24_000]
    assert loudest_frequency(middle, 16_000) == pytest.approx(440, abs=1.5)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)
    assert sound.remarks == ()


def test_ogg_vorbis_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", sine(440, 2, 44_100), 44_100, subtype="VORBIS")
    assert read_sound(tmp_path / "a.ogg", LIMITS).duration_s == pytest.approx(2, abs=0.01)


def test_both_decoders_mix_two_channels_alike(tmp_path: Path) -> None:
    left, right = sine(440, 1, 44_100, 0.8), sine(660, 1, 44_100, 0.4)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 44_100)
    by_soundfile = read_sound(tmp_path / "a.wav", LIMITS, sample_rate=44_100)
    assert np.abs(by_soundfile.samples - (left + right) / 2).max() < 1e-3
    by_ffmpeg = np.concatenate(
        [block for _, block in FfmpegSource(tmp_path / "a.wav", WAV, LIMITS).blocks()]
    )
    assert np.abs(by_ffmpeg.mean(axis=1) - by_soundfile.samples).max() < 1e-3


def test_a_part_is_cut_to_the_sample(tmp_path: Path) -> None:
    left, right = sine(440, 1, 44_100, 0.8), sine(660, 1, 44_100, 0.4)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 44_100)
    stereo = read_stereo_part(
        tmp_path / "a.wav", LIMITS, start_s=0.25, length_s=0.5, sample_rate=44_100
    )
    assert stereo.shape == (22_050, 2)
    assert np.abs(stereo[:, 0] - left[11_025:33_075]).max() < 1e-3


def test_a_part_behind_the_end_has_no_content(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(440, 1, 44_100), 44_100)
    with pytest.raises(NoContent, match=r"a\.wav: 0\.000 s"):
        read_stereo_part(tmp_path / "a.wav", LIMITS, start_s=5, length_s=1, sample_rate=48_000)


def test_values_that_are_not_finite_become_0_and_are_told(tmp_path: Path) -> None:
    samples = sine(440, 1, 16_000)
    samples[100:110] = np.nan
    samples[200] = np.inf
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav", LIMITS)
    assert np.isfinite(sound.samples).all()
    assert sound.remarks == ("11 samples were not finite numbers and were set to 0",)


def test_a_file_of_nothing_but_nan_is_damaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    with pytest.raises(UnreadableMedia, match=r"a\.wav: damaged: 16000 of 16000"):
        read_sound(tmp_path / "a.wav", LIMITS)


def test_samples_above_full_scale_are_cut_and_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(440, 1, 16_000, 3.0), 16_000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav", LIMITS)
    assert np.abs(sound.samples).max() <= 1
    assert "above full scale" in sound.remarks[0]


@pytest.mark.parametrize("level", [0.0, 5e-5])
def test_silence_has_no_content(tmp_path: Path, level: float) -> None:
    soundfile.write(tmp_path / "a.wav", sine(440, 2, 16_000, level), 16_000, subtype="FLOAT")
    with pytest.raises(NoContent, match=r"a\.wav: is silent \(2 s"):
        read_sound(tmp_path / "a.wav", LIMITS)


def test_the_limit_of_length_is_kept_by_counting(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", sine(440, 3, 8_000), 8_000)
    with pytest.raises(OverLimit, match=r"a\.flac: more than 2 s"):
        read_sound(tmp_path / "a.flac", Limits(max_sound_s=2))


def test_a_cut_file_is_read_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", sine(440, 4, 44_100), 44_100, codec="aac")
    whole = path.read_bytes()
    flac = write_sound(tmp_path / "b.flac", sine(440, 4, 44_100), 44_100, codec="flac")
    flac.write_bytes(flac.read_bytes()[:-20_000])
    sound = read_sound(flac, LIMITS)
    assert sound.duration_s < 4
    assert any("cut" in remark for remark in sound.remarks)
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(UnreadableMedia, match=r"a\.m4a: damaged or cut"):
        read_sound(path, LIMITS)


def test_a_score_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(midi_file(midi_note(60, 480)))
    with pytest.raises(UnsupportedMedia, match=r"a\.mid.*MIDI score"):
        read_sound(tmp_path / "a.mid", LIMITS)


def test_wav_is_written_with_16_bits(tmp_path: Path) -> None:
    sound = Sound(samples=sine(440, 1, 16_000), sample_rate=16_000)
    write_wav(tmp_path / "a.wav", sound)
    assert (tmp_path / "a.wav").read_bytes() == encode_wav(sound)
    with wave.open(io.BytesIO(encode_wav(sound))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.getnframes() == 16_000
    again = read_sound(tmp_path / "a.wav", LIMITS)
    assert np.abs(again.samples - sound.samples).max() < 1e-4
