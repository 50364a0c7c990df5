"""`temptrack evaluate --dataset`: one's own copy of a dataset, by the towers of the settings."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from media.audio import Sound, write_wav
from services.cli.app import app
from services.config import Config
from services.errors import InvalidRequest, NotFound
from services.evaluation.datasets import evaluate_datasets
from tests.media_makers import sine


def quiet(done: int, total: int, what: str) -> None:
    pass


def write_describer(folder: Path) -> Path:
    """Three tones in the format of the Song Describer Dataset."""
    lines = [
        "caption_id,track_id,caption,is_valid_subset,familiarity,artist_id,album_id,path,duration"
    ]
    for i, (tone_hz, caption) in enumerate(((220, "calm"), (440, "loud"), (880, "sad"))):
        file = folder / "audio" / "00" / f"{i}.2min.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        samples = (0.3 * sine(tone_hz, 4.0, 16_000)).astype("float32")
        write_wav(file, Sound(samples=samples, sample_rate=16_000))
        file.rename(file.with_suffix(".mp3"))  # readers go by what a file is
        lines.append(f"{i},{i},{caption} music,True,0,1,2,00/{i}.mp3,2.0")
    (folder / "song_describer.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_dataset_is_ranked_by_the_command(tmp_path: Path) -> None:
    source = f"song-describer={write_describer(tmp_path / 'sdd')}"
    words = ["--home", str(tmp_path / "home"), "evaluate", "--dataset", source, "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert {row["subset"] for row in rows} == {"text to music"}
    first = rows[0]
    assert (first["num_tracks"], first["num_queries"]) == (3, 3)
    assert first["chance"] == pytest.approx(1 / 3)


def test_what_is_no_dataset_is_said(tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home")
    with pytest.raises(InvalidRequest, match="NAME=FOLDER"):
        evaluate_datasets(config, ["songs"], progress=quiet)
    with pytest.raises(NotFound, match=r"song_describer\.csv"):
        evaluate_datasets(config, [f"song-describer={tmp_path}"], progress=quiet)
