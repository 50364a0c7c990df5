"""Damaged and hostile files, read as clips, tracks and scores in limited children."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from media.child import MediaReader
from media.errors import MediaError, NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.limits import MIB, Limits
from media.video import Frames
from tests.media_makers import watch_opens

MAX_PEAK_BYTES = 400 * MIB
READS = None  # instead of an error
Outcome = type[MediaError] | None

U, X, L, N = UnreadableMedia, UnsupportedMedia, OverLimit, NoContent

# file: (as a clip, as a track, as a score), and a word of the message that refuses it as a clip
EXPECTED: dict[str, tuple[tuple[Outcome, Outcome, Outcome], str]] = {
    "truncated-no-index.mp4": ((U, U, X), "damaged or cut"),
    "truncated-tail.mp4": ((READS, READS, X), "cut"),
    "bit-rot.mp4": ((U, U, X), "damaged"),
    "zero-bytes.mp4": ((N, N, N), "0 bytes"),
    "zero-bytes.mid": ((N, N, N), "0 bytes"),
    "zero-bytes.opus": ((N, N, N), "0 bytes"),
    "text.mp4": ((X, X, X), "plain text"),
    "text.mp3": ((X, X, X), "plain text"),
    "text.mid": ((X, X, X), "plain text"),
    "zip.mp4": ((X, X, X), "zip archive"),
    "hls-local-file.mp4": ((X, X, X), "HLS"),
    "concat-local-file.mp4": ((X, X, X), "concat"),
    "huge-frame-8192.mp4": ((L, N, X), "8192x8192"),
    "one-pixel.mp4": ((L, N, X), "too small"),
    "no-frames.mp4": ((N, N, X), "no frame"),
    "sound-only.mp4": ((N, READS, X), "no video stream"),
    "thousand-fps.mp4": ((READS, N, X), ""),
    "garbage-tail.mp3": ((N, READS, X), "no video stream"),
    "silence-20min.flac": ((N, N, X), ""),
    "nan.wav": ((N, READS, X), "no video stream"),
    "wav-claims-4gb.wav": ((N, N, X), ""),
    "wav-65535-channels.wav": ((N, U, X), ""),
    "midi-huge-delta.mid": ((X, X, L), ""),
    "midi-bad-length.mid": ((X, X, U), ""),
    "midi-division-zero.mid": ((X, X, U), ""),
    "midi-no-notes.mid": ((X, X, N), ""),
    "midi-tempo-zero.mid": ((X, X, U), ""),
    "midi-stuck-notes.mid": ((X, X, N), ""),
    "midi-million-events.mid.gz": ((X, X, X), "gzip"),
    "mxl-path-escape.mxl": ((X, X, X), "zip archive"),
    "mxl-entity-bomb.mxl": ((X, X, X), "zip archive"),
    "failing-audio.mp4": ((READS, READS, X), ""),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[MediaReader]:
    with MediaReader(Limits(max_memory_bytes=1024 * MIB, cpu_s=20, wall_s=60)) as reader:
        yield reader


@pytest.fixture
def broken(data_dir: Path) -> Path:
    return data_dir / "broken"


def check(read: Callable[[Path], object], path: Path, expected: Outcome, said: str) -> None:
    """Reads, or refuses with one line that names the file."""
    if expected is READS:
        assert read(path) is not None
        return
    with pytest.raises(MediaError) as caught:
        read(path)
    message = str(caught.value)
    assert type(caught.value) is expected, message
    assert message.startswith(f"{path.name}: ")
    assert "\n" not in message
    assert said in message


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_file_does_what_its_row_expects(
    reader: MediaReader, broken: Path, name: str
) -> None:
    (as_clip, as_track, as_score), said = EXPECTED[name]
    path = broken / name
    with watch_opens(broken) as opened:
        check(reader.read_frames, path, as_clip, said)
        check(reader.read_sound, path, as_track, "")
        check(reader.read_score, path, as_score, "")
    assert set(opened) <= {name}
    assert reader.peak_bytes < MAX_PEAK_BYTES


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_file_is_probed_or_refused(reader: MediaReader, broken: Path, name: str) -> None:
    with watch_opens(broken) as opened:
        try:
            info = reader.probe(broken / name)
        except MediaError as error:
            assert str(error).startswith(f"{name}: ")  # noqa: PT017 - either way is right
        else:
            assert info.duration_s is None or info.duration_s > 0
    assert set(opened) <= {name}


def test_every_broken_file_of_the_manifest_is_expected_here(data_dir: Path) -> None:
    with (data_dir / "clips.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    files = {Path(row["file"]).name for row in rows if row["kind"] == "broken"}
    assert files == set(EXPECTED)


def test_the_watch_sees_a_file_that_a_child_opens(reader: MediaReader, broken: Path) -> None:
    with watch_opens(broken) as opened:
        reader.read_sound(broken / "nan.wav")
    assert "nan.wav" in opened


@pytest.mark.parametrize("suffix", ["mp4", "mp3", "wav", "webm"])
@pytest.mark.parametrize(
    "script",
    [
        "#EXTM3U\n#EXTINF:10.0,\nfile:{target}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:10.0,\n{target}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{target}'\n",
        "<?xml version='1.0'?><MPD><BaseURL>{target}</BaseURL></MPD>",
    ],
)
def test_a_script_that_names_another_file_never_opens_it(
    reader: MediaReader, broken: Path, tmp_path: Path, script: str, suffix: str
) -> None:
    target = tmp_path / "secret.mp4"
    target.write_bytes((broken / "sound-only.mp4").read_bytes())
    path = tmp_path / f"script.{suffix}"
    path.write_text(script.format(target=target))
    with watch_opens(tmp_path) as opened:
        for read in (reader.probe, reader.read_frames, reader.read_sound, reader.read_score):
            with pytest.raises(UnsupportedMedia):
                read(path)
    assert set(opened) == {path.name}


def test_a_cut_clip_says_that_it_is_cut(reader: MediaReader, broken: Path) -> None:
    frames = reader.read_frames(broken / "truncated-tail.mp4")
    assert 1 < frames.duration_s < 2.5
    assert any("promises 4.0 s" in remark for remark in frames.remarks)
    sound = reader.read_sound(broken / "truncated-tail.mp4")
    assert any("promises 4.0 s" in remark for remark in sound.remarks)


def test_garbage_behind_an_mp3_is_left_out(reader: MediaReader, broken: Path) -> None:
    sound = reader.read_sound(broken / "garbage-tail.mp3")
    assert sound.duration_s == pytest.approx(5, abs=0.3)
    assert any("do not decode" in remark for remark in sound.remarks)


def test_samples_that_are_no_numbers_are_set_to_0_and_told(
    reader: MediaReader, broken: Path
) -> None:
    sound = reader.read_sound(broken / "nan.wav")
    assert np.isfinite(sound.samples).all()
    assert any("set to 0" in remark for remark in sound.remarks)


def test_twenty_minutes_of_silence_are_named_so(reader: MediaReader, broken: Path) -> None:
    with pytest.raises(NoContent, match=r"is silent \(1200 s"):
        reader.read_sound(broken / "silence-20min.flac")


def test_sound_without_picture_is_three_seconds_of_a_track(
    reader: MediaReader, broken: Path
) -> None:
    assert reader.read_sound(broken / "sound-only.mp4").duration_s == pytest.approx(3, abs=0.1)


def test_a_thousand_frames_a_second_are_sampled_like_any_others(
    reader: MediaReader, broken: Path
) -> None:
    frames: Frames = reader.read_frames(broken / "thousand-fps.mp4")
    assert len(frames.times_s) == 2
    assert frames.duration_s == pytest.approx(0.3, abs=0.01)


def test_a_clip_whose_sound_fails_reads_whole(reader: MediaReader, broken: Path) -> None:
    frames = reader.read_frames(broken / "failing-audio.mp4")
    assert frames.duration_s == pytest.approx(11.2, abs=0.1)
    assert len(frames.times_s) == 45


def test_a_million_events_meet_the_limit(
    reader: MediaReader, broken: Path, tmp_path: Path
) -> None:
    path = tmp_path / "million.mid"
    path.write_bytes(gzip.decompress((broken / "midi-million-events.mid.gz").read_bytes()))
    with pytest.raises(OverLimit, match=r"million\.mid: more than 200,000 MIDI events"):
        reader.read_score(path)
    with pytest.raises(OverLimit):
        reader.render(path)
    assert reader.peak_bytes < MAX_PEAK_BYTES


@pytest.mark.parametrize("name", [n for n in EXPECTED if n.startswith("midi-")])
def test_a_broken_score_is_not_rendered(reader: MediaReader, broken: Path, name: str) -> None:
    with pytest.raises(MediaError, match=name):
        reader.render(broken / name)
