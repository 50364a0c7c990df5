import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import soundfile

from media.container import open_container
from media.errors import MediaError, NoContent, UnsupportedMedia
from media.formats import MP3, MP4, WAV
from media.limits import Limits
from media.probe import PictureStream, SoundStream, probe_media
from tests.media_makers import midi_file, midi_note, sine, write_clip, write_sound

LIMITS = Limits()
TAGS = {
    "title": "Rain",
    "artist": "Someone",
    "album": "Weather",
    "genre": "Folk",
    "date": "2001",
    "license": "CC-BY-4.0",
}


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "lost"),
    [
        ("mp3", "libmp3lame", 44_100, set()),
        ("flac", "flac", 44_100, set()),
        ("opus", "libopus", 48_000, set()),
        ("mka", "ac3", 48_000, set()),
        ("m4a", "aac", 44_100, {"licence"}),
        ("wav", "pcm_s16le", 44_100, {"licence"}),
    ],
)
def test_tags_come_from_the_file(
    tmp_path: Path, suffix: str, codec: str, rate: int, lost: set[str]
) -> None:
    path = tmp_path / f"a.{suffix}"
    info = probe_media(write_sound(path, sine(440, 1, rate), rate, codec=codec, tags=TAGS), LIMITS)
    expected = {k: v for k, v in TAGS.items() if k != "license"} | {"licence": "CC-BY-4.0"}
    assert info.kind == "sound"
    assert info.tags == {k: v for k, v in expected.items() if k not in lost}
    assert info.sound == SoundStream(
        codec=codec.removeprefix("lib").replace("mp3lame", "mp3"), sample_rate=rate, num_channels=1
    )
    assert info.duration_s == pytest.approx(1, abs=0.06)


def test_tags_are_one_printable_line_of_bounded_length(tmp_path: Path) -> None:
    tags = {"title": "two\nlines\x07 " + "x" * 1000}
    path = write_sound(tmp_path / "a.flac", sine(440, 1, 44_100), 44_100, codec="flac", tags=tags)
    title = probe_media(path, LIMITS).tags["title"]
    assert title.startswith("two lines xxx")
    assert len(title) == 300


def test_tags_that_are_not_unicode_are_no_obstacle(tmp_path: Path) -> None:
    path = write_sound(
        tmp_path / "a.flac", sine(440, 1, 44_100), 44_100, codec="flac", tags={"title": "Xuu"}
    )
    path.write_bytes(path.read_bytes().replace(b"Xuu", b"X\xff\xfe"))
    assert probe_media(path, LIMITS).tags["title"].startswith("X")


def test_a_file_without_tags_has_none(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(440, 1, 44_100), 44_100)
    assert probe_media(tmp_path / "a.wav", LIMITS).tags == {}


def test_a_clip_tells_its_picture(tmp_path: Path) -> None:
    info = probe_media(write_clip(tmp_path / "c.mp4", [(9, 9, 9)] * 20), LIMITS)
    assert (info.kind, info.container, info.num_video_streams) == ("clip", "mp4", 1)
    assert info.picture == PictureStream(codec="h264", width=64, height=48, frame_rate=10.0)
    assert info.duration_s == pytest.approx(2, abs=0.05)


def test_a_record_sleeve_does_not_make_a_clip_of_a_track(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", sine(440, 1, 44_100), 44_100, codec="libmp3lame")
    path.write_bytes(id3_with_sleeve() + path.read_bytes())
    with open_container(path, MP3, LIMITS) as opened:
        assert len(opened.streams.video) == 1
    info = probe_media(path, LIMITS)
    assert (info.kind, info.num_video_streams, info.picture) == ("sound", 0, None)


def id3_with_sleeve() -> bytes:
    """An ID3v2.3 tag with one picture."""
    picture = io.BytesIO()
    PIL.Image.new("RGB", (64, 64), "red").save(picture, "png")
    content = b"\0image/png\0\x03\0" + picture.getvalue()
    frame = b"APIC" + len(content).to_bytes(4) + b"\0\0" + content
    size = len(frame)
    syncsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + syncsafe + frame


def test_a_score_tells_how_long_it_lasts(tmp_path: Path) -> None:
    (tmp_path / "s.mid").write_bytes(midi_file(midi_note(60, 960)))
    info = probe_media(tmp_path / "s.mid", LIMITS)
    assert (info.kind, info.container, info.duration_s) == ("score", "midi", 1.0)


def test_a_score_without_notes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.mid").write_bytes(midi_file(b""))
    with pytest.raises(NoContent, match=r"s\.mid: has no notes"):
        probe_media(tmp_path / "s.mid", LIMITS)


def test_a_codec_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", sine(440, 1, 48_000), 48_000, codec="adpcm_yamaha")
    with pytest.raises(
        UnsupportedMedia, match=r"a\.wav: its audio codec adpcm_yamaha is not read"
    ):
        probe_media(path, LIMITS)


def test_a_wrong_demuxer_cannot_be_talked_into_reading(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(440, 1, 44_100), 44_100)
    with open_container(tmp_path / "a.wav", WAV, LIMITS) as opened:
        assert opened.format.name == "wav"
    with (
        pytest.raises(MediaError, match="no mp4 header"),
        open_container(tmp_path / "a.wav", MP4, LIMITS),
    ):
        pass


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("flac", "flac"), ("mp3", "libmp3lame"), ("m4a", "aac"), ("opus", "libopus")],
)
@pytest.mark.parametrize("seed", range(6))
def test_a_header_with_random_damage_is_probed_or_refused(
    tmp_path: Path, suffix: str, codec: str, seed: int
) -> None:
    path = write_sound(tmp_path / f"a.{suffix}", sine(440, 1, 48_000), 48_000, codec=codec)
    generator = np.random.default_rng(seed)
    damaged = bytearray(path.read_bytes())
    for place in generator.integers(4, 300, 12):
        damaged[place] = generator.integers(0, 256)
    path.write_bytes(damaged)
    try:
        info = probe_media(path, LIMITS)
    except MediaError as error:
        assert str(error).startswith(path.name)  # noqa: PT017 - either way is right
    else:
        assert info.kind in {"sound", "clip"}
