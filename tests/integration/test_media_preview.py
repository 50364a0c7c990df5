"""Previews: a clip with music under it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media.child import MediaReader
from media.errors import MediaError, NoContent
from media.limits import Limits
from media.preview import FADE_IN_S, FADE_OUT_S, SOUND_RATE, fade, write_preview
from tests.media_makers import midi_file, midi_note, sine, watch_opens, write_clip, write_sound

RED = [(200, 0, 0)]


@pytest.fixture
def reader() -> Iterator[MediaReader]:
    with MediaReader() as reader:
        yield reader


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two seconds of 440 Hz, then six of 880 Hz."""
    samples = np.concatenate([sine(440, 2, 44_100), sine(880, 6, 44_100)])
    return write_sound(tmp_path / "music.flac", samples, 44_100, codec="flac")


def decode(path: Path) -> tuple[list[Any], np.ndarray]:
    """Frames as RGB, and (2, N) samples."""
    with av.open(str(path)) as opened:
        assert [s.codec_context.name for s in opened.streams] == ["h264", "aac"]
        pictures = [frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)]
    with av.open(str(path)) as opened:
        sound = np.concatenate([frame.to_ndarray() for frame in opened.decode(audio=0)], axis=1)
    return pictures, sound


def test_the_picture_is_the_clips_and_the_sound_the_musics_from_its_in_point(
    reader: MediaReader, tmp_path: Path, music: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", [(200, 0, 0)] * 10 + [(0, 0, 200)] * 20)
    out = tmp_path / "out.mp4"
    reader.preview(clip, music, 2.0, out)
    pictures, sound = decode(out)
    assert len(pictures) == 30
    assert pictures[0][-1, -1].argmax() == 0
    assert pictures[-1][-1, -1].argmax() == 2
    assert sound.shape[1] / SOUND_RATE == pytest.approx(3, abs=0.05)
    middle = sound[0, SOUND_RATE // 2 : SOUND_RATE * 3 // 2]
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(880, abs=2)
    assert np.abs(sound[:, -SOUND_RATE // 50 :]).max() < 0.02
    assert reader.probe(out).duration_s == pytest.approx(3, abs=0.06)


def test_music_that_ends_first_leaves_the_rest_silent(
    reader: MediaReader, tmp_path: Path, music: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 30)
    reader.preview(clip, music, 7.0, tmp_path / "out.mp4")
    pictures, sound = decode(tmp_path / "out.mp4")
    assert len(pictures) == 30
    assert sound.shape[1] / SOUND_RATE == pytest.approx(1, abs=0.05)


def test_a_turned_clip_is_upright_in_its_preview(
    reader: MediaReader, tmp_path: Path, music: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 10, size=(128, 64), rotation=90)
    reader.preview(clip, music, 0.0, tmp_path / "out.mp4")
    pictures, _ = decode(tmp_path / "out.mp4")
    assert pictures[0].shape == (128, 64, 3)
    assert pictures[0][-1, 0].min() > 200


def test_a_large_clip_becomes_smaller_and_a_fast_one_slower(
    reader: MediaReader, tmp_path: Path, music: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 24, size=(1922, 1082), rate=240)
    reader.preview(clip, music, 0.0, tmp_path / "out.mp4")
    pictures, _ = decode(tmp_path / "out.mp4")
    assert pictures[0].shape == (720, 1278, 3)
    assert len(pictures) <= 8


def test_music_may_be_a_score(reader: MediaReader, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 20)
    (tmp_path / "s.mid").write_bytes(midi_file(midi_note(69, 480 * 6)))
    reader.preview(clip, tmp_path / "s.mid", 0.5, tmp_path / "out.mp4")
    _, sound = decode(tmp_path / "out.mp4")
    assert sound.shape[1] / SOUND_RATE == pytest.approx(2, abs=0.05)
    assert np.abs(sound).max() > 0.05


def test_the_clips_own_sound_file_may_be_the_music(
    reader: MediaReader, data_dir: Path, tmp_path: Path
) -> None:
    clip = data_dir / "clips" / "monster.mp4"
    reader.preview(clip, clip, 0.0, tmp_path / "out.mp4")
    assert len(decode(tmp_path / "out.mp4")[0]) == 220


@pytest.mark.parametrize("name", ["truncated-no-index.mp4", "text.mp4", "huge-frame-8192.mp4"])
def test_a_refused_clip_leaves_no_file_behind(
    reader: MediaReader, data_dir: Path, tmp_path: Path, music: Path, name: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with watch_opens(folder) as opened, pytest.raises(MediaError, match=name):
        reader.preview(data_dir / "broken" / name, music, 0.0, folder / "out.mp4")
    assert list(folder.iterdir()) == []
    assert opened == []


def test_a_failed_write_leaves_no_file_and_keeps_the_old_one(
    tmp_path: Path, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 10)
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old")
    monkeypatch.setattr("media.preview._find_encoder", lambda: "no such encoder")
    with pytest.raises(ValueError, match="no such encoder"):
        write_preview(clip, music, start_s=0.0, out=out, limits=Limits())
    assert out.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.mp4", "music.flac", "out.mp4"]


def test_an_in_point_behind_the_end_has_no_content(
    reader: MediaReader, tmp_path: Path, music: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", RED * 10)
    with pytest.raises(NoContent, match=r"music\.flac"):
        reader.preview(clip, music, 60.0, tmp_path / "out.mp4")


def test_an_in_point_before_the_start_is_the_callers_mistake(tmp_path: Path, music: Path) -> None:
    with pytest.raises(ValueError, match="start_s is -1"):
        write_preview(music, music, start_s=-1, out=tmp_path / "o.mp4", limits=Limits())


def test_the_music_fades_in_quickly_and_out_slowly() -> None:
    faded = fade(np.ones((5 * SOUND_RATE, 2), np.float32))
    assert faded[0, 0] == 0
    assert faded[round(FADE_IN_S * SOUND_RATE), 0] == 1
    assert faded[-round(FADE_OUT_S * SOUND_RATE) - 1, 1] == 1
    assert faded[-round(FADE_OUT_S * SOUND_RATE) // 2, 1] == pytest.approx(0.5, abs=0.01)
    assert faded[-1, 1] == 0


def test_a_very_short_sound_fades_within_itself() -> None:
    assert fade(np.ones((4, 2), np.float32)).max() <= 1
    assert len(fade(np.ones((1, 2), np.float32))) == 1
