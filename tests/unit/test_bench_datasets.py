"""Text and clips to music on rows of datasets, over fakes of the towers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.bench.datasets import tabulate_rows
from encoders.bench.table import MODEL, RANDOM
from encoders.datasets.rows import Row, file_media
from media.audio import Sound
from media.errors import UnreadableMedia
from media.video import Frames

NUM = 12


@dataclass(frozen=True)
class Answer:
    """What a fake embedder gives."""

    vector: np.ndarray

    @property
    def track(self) -> np.ndarray:
        return self.vector


class NumberEmbedder:
    """Places the number that a text, a sound or a clip holds on an axis of its own."""

    def embed_text(self, text: str) -> Any:
        return Answer(axis(int(text.split()[-1])))

    def embed_sound(self, sound: Sound) -> Any:
        return Answer(axis(int(sound.samples[0])))

    def embed_clip(self, frames: Frames) -> Any:
        return Answer(axis(int(frames.rgb[0, 0, 0, 0])))


class NumberReader:
    """Reads the number in a file."""

    def read_sound(self, path: Path, sample_rate: int = 16_000) -> Sound:
        written = path.read_text(encoding="utf-8")
        if not written.isdigit():
            raise UnreadableMedia(f"{path.name}: is damaged")
        return Sound(samples=np.array([int(written)], dtype=np.float32), sample_rate=sample_rate)

    def read_frames(self, path: Path) -> Frames:
        rgb = np.full((1, 2, 2, 3), int(path.read_text(encoding="utf-8")), dtype=np.uint8)
        return Frames(
            rgb=rgb, times_s=np.zeros(1, dtype=np.float32), duration_s=1.0, frame_rate=1.0
        )

    def render(self, source: Path, *, sample_rate: int = 16_000) -> Sound:
        raise AssertionError("nothing is rendered here")


def axis(number: int) -> np.ndarray:
    row = np.zeros(NUM, dtype=np.float32)
    row[number] = 1.0
    return row


def make_rows(folder: Path, *, split: str = "test") -> list[Row]:
    rows = []
    for i in range(NUM):
        (folder / f"{i}.wav").write_text(str(i), encoding="utf-8")
        (folder / f"{i}.mp4").write_text(str((i + 1) % NUM), encoding="utf-8")
        rows.append(
            Row(
                id=str(i),
                texts=(f"number {i}",),
                split=split,
                licence="CC0-1.0",
                sound=file_media(folder / f"{i}.wav"),
                clip=file_media(folder / f"{i}.mp4"),
            )
        )
    return rows


def figures(rows: list[Row]) -> dict[tuple[str, str, str], float]:
    table = tabulate_rows(rows, NumberEmbedder(), NumberReader(), sample_rate=16_000)
    return {(row.subset, row.method, row.metric): row.value for row in table.rows}


def test_texts_that_name_their_sound_find_it_and_wrong_clips_do_not(tmp_path: Path) -> None:
    found = figures(make_rows(tmp_path))
    assert found["text to music", MODEL, "R@1"] == 1.0
    assert found["clip to music", MODEL, "R@1"] == 0.0
    assert found["text to music", RANDOM, "R@1"] < 0.6


def test_two_captions_of_one_recording_are_two_queries_for_one_item(tmp_path: Path) -> None:
    rows = make_rows(tmp_path)
    again = Row(id="again", texts=("number 3",), split="test", sound=rows[3].sound)
    table = tabulate_rows([*rows, again], NumberEmbedder(), NumberReader(), sample_rate=16_000)
    row = next(r for r in table.rows if (r.method, r.metric) == (MODEL, "R@1"))
    assert (row.num_queries, row.num_tracks, row.value) == (NUM + 1, NUM, 1.0)
    assert row.chance == pytest.approx(1 / NUM)


def test_training_rows_are_left_out_where_there_is_a_test_split(tmp_path: Path) -> None:
    rows = make_rows(tmp_path)
    rows[0] = Row(id="x", texts=("number 0",), split="train", sound=rows[0].sound)
    table = tabulate_rows(rows, NumberEmbedder(), NumberReader(), sample_rate=16_000)
    assert table.rows[0].num_tracks == NUM - 1


def test_a_recording_that_cannot_be_read_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = make_rows(tmp_path)
    (tmp_path / "2.wav").write_text("noise", encoding="utf-8")
    assert figures(rows)["text to music", MODEL, "R@1"] == 1.0
    assert "2 is left out" in caplog.text


def test_nothing_to_rank_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 recordings"):
        figures([Row(id="a", texts=("number 1",), split="test")])
    silent = [Row(id=r.id, split="test", sound=r.sound) for r in make_rows(tmp_path)]
    with pytest.raises(ValueError, match="no row has words or a clip"):
        figures(silent)
