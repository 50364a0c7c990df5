"""Good clips and odd codecs, through children."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.child import MediaReader
from media.decoders import decode_with_pyav
from media.errors import MediaError, OverLimit, UnreadableMedia, UnsupportedMedia
from media.limits import Limits
from media.video import inspect_pictures
from tests.media_makers import write_clip

CLIPS = (
    "alpha.webm",
    "av1.mkv",
    "bbb-480p-30s.mp4",
    "car-park.webm",
    "chaplin.mp4",
    "crystal.webm",
    "dog.mp4",
    "elf.webm",
    "frog.webm",
    "h264-10bit.mp4",
    "hevc-10bit.mp4",
    "hevc.mp4",
    "monster.mp4",
    "nasa-two-streams.mp4",
    "no-duration.webm",
    "pig.webm",
    "rabbit.webm",
    "rotated-90.mp4",
)
RED = [(200, 0, 0)]


@pytest.fixture(scope="module")
def reader() -> Iterator[MediaReader]:
    with MediaReader() as reader:
        yield reader


@pytest.mark.parametrize("name", CLIPS)
def test_a_good_clip_is_sampled_upright_at_four_a_second(
    reader: MediaReader, data_dir: Path, name: str
) -> None:
    info = reader.probe(data_dir / "clips" / name)
    frames = reader.read_frames(data_dir / "clips" / name)
    count, height, width, _ = frames.rgb.shape
    assert info.kind == "clip"
    assert min(height, width) <= 256
    assert width >= height
    assert frames.times_s[0] == 0
    assert (np.diff(frames.times_s) > 0).all()
    assert count == pytest.approx(4 * frames.duration_s, rel=0.2, abs=1)
    assert frames.rgb.std() > 1
    assert frames.remarks == ()
    if info.duration_s is not None:
        assert frames.duration_s == pytest.approx(info.duration_s, rel=0.05, abs=0.1)


def test_every_clip_of_the_manifest_is_read_here(data_dir: Path) -> None:
    with (data_dir / "clips.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert {Path(r["file"]).name for r in rows if r["kind"] == "clip"} == set(CLIPS)


def test_the_first_of_two_video_streams_is_read(reader: MediaReader, data_dir: Path) -> None:
    path = data_dir / "clips" / "nasa-two-streams.mp4"
    assert reader.probe(path).num_video_streams == 2
    assert reader.read_frames(path).rgb.shape[1:3] == (180, 320)


def test_a_turned_copy_of_a_clip_looks_like_the_clip(reader: MediaReader, data_dir: Path) -> None:
    turned = reader.read_frames(data_dir / "clips" / "rotated-90.mp4").rgb[0].astype(float)
    whole = reader.read_frames(data_dir / "clips" / "pig.webm").rgb[0].astype(float)
    rows = np.linspace(0, whole.shape[0] - 1, turned.shape[0]).astype(int)
    columns = np.linspace(0, whole.shape[1] - 1, turned.shape[1]).astype(int)
    upright = whole[rows][:, columns]
    alike = [np.abs(np.rot90(turned, k) - upright).mean() for k in (0, 2)]
    assert alike[0] < 20 < alike[1]


@pytest.mark.parametrize("name", sorted({*CLIPS} - {"bbb-480p-30s.mp4", "car-park.webm"}))
def test_the_two_decoders_see_the_same(reader: MediaReader, data_dir: Path, name: str) -> None:
    path = data_dir / "clips" / name
    by_child = reader.read_frames(path)  # decord where it can, which must not meet torch here
    facts = inspect_pictures(path, Limits())
    by_pyav = decode_with_pyav(path, facts.container, Limits(), 4.0)
    assert by_child.rgb.shape == by_pyav.rgb.shape
    assert np.abs(by_child.rgb.astype(np.int16) - by_pyav.rgb).mean() < 4
    assert np.abs(by_child.times_s - by_pyav.times_s).max() < 0.01


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_clip_is_turned_as_its_container_says(
    reader: MediaReader, tmp_path: Path, rotation: int, suffix: str
) -> None:
    path = write_clip(tmp_path / f"c.{suffix}", RED * 5, size=(128, 64), rotation=rotation)
    frame = reader.read_frames(path).rgb[0]
    assert frame.shape[:2] == ((64, 128) if rotation % 180 == 0 else (128, 64))
    white = {0: (0, 0), 90: (-1, 0), 180: (-1, -1), 270: (0, -1)}[rotation]
    corners = {(y, x): frame[y, x].min() > 200 for y in (0, -1) for x in (0, -1)}
    assert [corner for corner, is_white in corners.items() if is_white] == [white]


def test_a_codec_that_is_not_read_is_named(reader: MediaReader, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "c.mkv", RED * 5, codec="ffv1")
    with pytest.raises(UnsupportedMedia, match=r"c\.mkv: its video codec ffv1 is not read"):
        reader.read_frames(path)


def test_a_long_clip_keeps_a_bounded_number_of_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "c.mp4", RED * 400, rate=10)
    with MediaReader(Limits(max_frames=20)) as reader:
        frames = reader.read_frames(path)
    assert len(frames.rgb) == 20
    assert frames.times_s[-1] > 35
    assert "0.5 frames a second were sampled, not 4" in frames.remarks[0]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(max_clip_s=0.5), "clips of at most 0.5 s"),
        (Limits(max_stored_frames=5), "more than 5 frames"),
        (Limits(max_frame_pixels=1000), "64x48 pixels; at most 1,000"),
        (Limits(min_frame_side=50), "too small"),
    ],
)
def test_a_limit_is_met_before_anything_is_decoded(
    tmp_path: Path, limits: Limits, said: str
) -> None:
    path = write_clip(tmp_path / "c.mp4", RED * 10)
    with pytest.raises(OverLimit, match=said):
        inspect_pictures(path, limits)


def test_the_same_clip_gives_the_same_frames(reader: MediaReader, data_dir: Path) -> None:
    path = data_dir / "clips" / "dog.mp4"
    assert (reader.read_frames(path).rgb == reader.read_frames(path).rgb).all()


@pytest.mark.parametrize("seed", range(12))
def test_a_clip_with_random_damage_is_read_or_refused(
    reader: MediaReader, tmp_path: Path, seed: int
) -> None:
    path = write_clip(tmp_path / "c.mp4", [(seed * 20, 20 * n, 90) for n in range(10)])
    generator = np.random.default_rng(seed)
    damaged = bytearray(path.read_bytes())
    for place in generator.integers(0, len(damaged), 40):
        damaged[place] = generator.integers(0, 256)
    path.write_bytes(damaged)
    try:
        frames = reader.read_frames(path)
    except MediaError as error:
        assert str(error).startswith("c.mp4: ")  # noqa: PT017 - either way is right
    else:
        assert 0 < len(frames.rgb) <= Limits().max_frames


def test_a_clip_without_its_first_half_is_refused(reader: MediaReader, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "c.mp4", RED * 10)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UnreadableMedia, match=r"c\.mp4: damaged or cut"):
        reader.read_frames(path)
