"""The command line with its real models, on the music and clips that are shipped."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from media.limits import Limits
from media.probe import probe_media
from services.cli.app import app
from tests.conftest import REPOSITORY

DEMO = REPOSITORY / "deploy" / "demo"
TRACKS = ("stock-calm-acoustic-1", "stock-energetic-electronic-2")

pytestmark = pytest.mark.slow

Temptrack = Callable[..., Result]


@pytest.fixture(scope="module")
def temptrack(tmp_path_factory: pytest.TempPathFactory) -> Temptrack:
    """Runs commands over a home with one calm and one energetic track."""
    folder = tmp_path_factory.mktemp("real")
    rows = (DEMO / "catalogue.jsonl").read_text(encoding="utf-8").splitlines()
    chosen = [json.loads(row) for row in rows if json.loads(row)["id"] in TRACKS]
    for row in chosen:
        row["file"] = str(DEMO / row["file"])
    manifest = folder / "tracks.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in chosen))

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["--home", str(folder / "home"), *map(str, words)])

    imported = run("import", manifest, "--json")
    assert json.loads(imported.stdout)["added"] == len(TRACKS)
    return run


def test_the_calm_track_is_found_by_its_mood_and_the_energetic_one_by_its(
    temptrack: Temptrack, tmp_path: Path
) -> None:
    batch = tmp_path / "questions.jsonl"
    batch.write_text(
        '{"id": "calm", "text": "calm peaceful music", "raw": true}\n'
        '{"id": "energetic", "text": "energetic strong music", "raw": true}\n'
    )
    answers = [
        json.loads(line) for line in temptrack("find", "--batch", batch).stdout.splitlines()
    ]
    assert [answer["hits"][0]["track"] for answer in answers] == list(TRACKS)


def test_a_clip_is_shown_with_the_music_under_it(temptrack: Temptrack, tmp_path: Path) -> None:
    clip = DEMO / "clips" / "frog.webm"
    words = ("find", "--clip", clip, "calm", "--raw", "--preview", tmp_path, "--json")
    found = json.loads(temptrack(*words).stdout)
    assert len(found["previews"]) == len(TRACKS)
    for preview in found["previews"]:
        info = probe_media(Path(preview), Limits())
        assert info.kind == "clip"
        assert info.duration_s == pytest.approx(probe_media(clip, Limits()).duration_s, abs=0.5)


def test_a_sketch_has_the_metre_and_tempo_that_were_asked_for(
    temptrack: Temptrack, tmp_path: Path
) -> None:
    out = tmp_path / "waltz.mid"
    words = (
        "compose",
        "a waltz at 90 bpm",
        "--candidates",
        1,
        "--out",
        out,
        "--picture",
        "--json",
    )
    composed = json.loads(temptrack(*words).stdout)
    met = {row["name"]: row["met"] for row in composed["attributes"]}
    assert met["metre"] is True
    assert out.read_bytes().startswith(b"MThd")
    assert Path(composed["picture"]).read_bytes().startswith(b"\x89PNG")


def test_doctor_finds_nothing_broken(temptrack: Temptrack) -> None:
    result = temptrack("doctor", "--json")
    report = json.loads(result.stdout)
    assert [check for check in report["checks"] if check["state"] == "fail"] == []
    assert result.exit_code == 0
