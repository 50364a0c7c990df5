"""The command line from end to end: its own private server, over fakes of the models."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.app import app
from tests.fakes import write_tone
from tests.fixtures.applications import fake_models

Temptrack = Callable[..., Result]


@pytest.fixture
def temptrack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Temptrack:
    """Runs a command over the same home again and again."""
    monkeypatch.setattr("services.bootstrap.load_models", fake_models)
    monkeypatch.delenv("TEMPTRACK_SERVER", raising=False)
    monkeypatch.chdir(tmp_path)
    home = str(tmp_path / "home")

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["--home", home, *map(str, words)])

    return run


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    rows = []
    for pitch, tone_hz in ((69, 440.0), (81, 880.0), (57, 220.0)):
        write_tone(folder / f"{pitch}.wav", tone_hz)
        rows.append({"id": f"t{pitch}", "file": f"{pitch}.wav", "title": f"Tone {pitch}"})
    manifest = folder / "tracks.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows))
    return manifest


def answer(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return json.loads(result.stdout)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def write_lines(file: Path, *rows: object) -> Path:
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return file


def test_music_is_imported_listed_shown_and_removed(temptrack: Temptrack, music: Path) -> None:
    imported = temptrack("import", music)
    assert imported.exit_code == 0, imported.stderr
    assert "3 added, 0 updated, 0 unchanged, 0 refused" in imported.stdout
    again = answer(temptrack("import", music, "--json"))
    assert (again["added"], again["unchanged"]) == (0, 3)
    listed = answer(temptrack("list", "--json"))
    assert [track["id"] for track in listed["tracks"]] == ["t57", "t69", "t81"]
    assert listed["total"] == 3
    assert "Tone 69" in temptrack("show", "t69").stdout
    assert temptrack("remove", "t57").exit_code == 0
    assert answer(temptrack("status", "--json"))["num_tracks"] == 2


def test_a_refused_file_is_one_line_and_an_exit_code(temptrack: Temptrack, music: Path) -> None:
    (music.parent / "broken.wav").write_bytes(b"nothing")
    result = temptrack("import", music.parent)
    assert result.exit_code == 1
    refusals = [line for line in result.stderr.splitlines() if line.startswith("refused")]
    assert len(refusals) == 1
    assert "broken.wav" in refusals[0]
    assert "UNREADABLE_MEDIA" in refusals[0]
    assert "3 added" in result.stdout


def test_music_is_found_with_its_place_and_reasons(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    found = answer(temptrack("find", "pitch-69", "--json"))
    assert found["hits"][0]["track"]["id"] == "t69"
    assert found["understood"]["text"] == "pitch-69"
    shown = temptrack("find", "pitch-69")
    assert "Tone 69" in shown.stdout
    assert "0:00" in shown.stdout


def test_no_match_is_an_answer(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    result = temptrack("find", "bagpipes")
    assert result.exit_code == 0
    assert "no match" in result.stdout


def test_a_piece_is_composed_when_nothing_fits_and_says_so(
    temptrack: Temptrack, music: Path, tmp_path: Path
) -> None:
    temptrack("import", music)
    result = temptrack("find", "bagpipes", "--compose", "--seed", 7, "--out", tmp_path / "out")
    assert "composed by Temptrack, not found" in result.stdout
    assert (tmp_path / "out" / "composed-7.mid").read_bytes().startswith(b"MThd")
    assert (tmp_path / "out" / "composed-7.wav").read_bytes().startswith(b"RIFF")


def test_a_batch_is_answered_line_by_line_in_order(
    temptrack: Temptrack, music: Path, tmp_path: Path
) -> None:
    temptrack("import", music)
    batch = write_lines(
        music.parent / "questions.jsonl",
        {"id": "q1", "text": "pitch-69", "limit": 1},
        {"id": 2, "audio": "81.wav", "raw": True, "limit": 100},
        {"id": "q3", "seed": ["nobody"]},
        "{broken",
        {"id": "q5", "text": "bagpipes", "exclude": ["t69"]},
        {"id": "q6", "audio": "gone.wav"},
    )
    result = temptrack("find", "--batch", batch)
    assert result.exit_code == 1
    first, second, third, fourth, fifth, sixth = lines(result)
    assert set(first) == {"id", "hits", "understood", "no_match"}
    assert set(first["hits"][0]) == {"track", "relevance", "start_s", "reasons"}
    assert [hit["track"] for hit in first["hits"]] == ["t69"]
    assert second["id"] == 2
    assert second["hits"][0]["track"] == "t81"
    assert len(second["hits"]) == 3
    assert second["understood"] is None
    assert third["error"]["reason"] == "NOT_FOUND"
    assert fourth["id"] == "line 4"
    assert "not JSON" in fourth["error"]["message"]
    assert (fifth["hits"], fifth["no_match"]) == ([], True)
    assert "gone.wav" in sixth["error"]["message"]


def test_a_batch_without_a_failure_ends_well(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    batch = write_lines(music.parent / "q.jsonl", {"id": "a", "text": "pitch-69"})
    assert temptrack("find", "--batch", batch).exit_code == 0


def test_a_composed_piece_of_a_batch_is_labelled(
    temptrack: Temptrack, music: Path, tmp_path: Path
) -> None:
    temptrack("import", music)
    batch = write_lines(music.parent / "q.jsonl", {"id": "a", "text": "bagpipes"})
    (line,) = lines(temptrack("find", "--batch", batch, "--compose", "--out", tmp_path / "out"))
    assert line["no_match"]
    assert Path(line["composed"]["midi"]).read_bytes().startswith(b"MThd")


def test_playlists_are_made_continued_and_saved(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    assert temptrack("playlist", "create", "Evening", "t69", "--id", "evening").exit_code == 0
    continued = answer(
        temptrack("continue", "--playlist", "evening", "--raw", "--save", "Long", "--json")
    )
    assert {hit["track"]["id"] for hit in continued["hits"]} == {"t57", "t81"}
    saved = answer(temptrack("playlist", "show", continued["saved"], "--json"))
    assert saved["tracks"][0]["id"] == "t69"
    assert len(answer(temptrack("playlist", "list", "--json"))["playlists"]) == 2
    made = answer(temptrack("playlist", "make", "pitch-69", "--json"))
    assert made["hits"][0]["track"]["id"] == "t69"
    assert temptrack("playlist", "remove", "evening").exit_code == 0
    assert temptrack("playlist", "show", "evening").exit_code == 1


def test_a_continuation_takes_a_batch(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    batch = write_lines(
        music.parent / "seeds.jsonl",
        {"id": "a", "seed": ["t69"], "exclude": ["t57"], "raw": True, "limit": 10},
        {"id": "b", "seed": ["t69"], "clip": "c.mp4"},
    )
    first, second = lines(temptrack("continue", "--batch", batch))
    assert [hit["track"] for hit in first["hits"]] == ["t81"]
    assert "takes no clip" in second["error"]["message"]


def test_pieces_are_composed_one_or_many(temptrack: Temptrack, tmp_path: Path) -> None:
    one = temptrack("compose", "a sad waltz", "--seed", 3, "--wav")
    assert one.exit_code == 0, one.stderr
    assert (tmp_path / "sketch-3.mid").is_file()
    assert (tmp_path / "sketch-3.wav").is_file()
    assert "metre" in one.stdout
    batch = write_lines(
        tmp_path / "briefs.jsonl", {"id": "b1", "text": "a march"}, {"id": "../b2", "text": "x"}
    )
    result = temptrack("compose", "--batch", batch, "--out", tmp_path / "out")
    first, second = lines(result)
    assert result.exit_code == 1
    assert set(first) == {"id", "midi", "attributes"}
    assert set(first["attributes"][0]) == {"name", "asked", "got", "met"}
    assert Path(first["midi"]) == tmp_path / "out" / "b1.mid"
    assert "no file name" in second["error"]["message"]
    assert not (tmp_path / "b2.mid").exists()


def test_operations_are_shown(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    assert temptrack("reindex").exit_code == 0
    (reindex, imported) = answer(temptrack("operations", "list", "--json"))["operations"]
    assert (imported["kind"], imported["state"]) == ("import", "done")
    assert reindex["kind"] == "reindex"
    whole = answer(temptrack("operations", "show", imported["name"], "--json"))
    assert whole["result"]["outcomes"][0]["state"] == "added"
    shown = temptrack("operations", "show", imported["name"])
    assert "3 of 3" in shown.stdout
    assert temptrack("operations", "wait", imported["name"]).exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("find",), "say what to find"),
        (("find", "x", "--preview", "out"), "--preview needs a --clip"),
        (("continue",), "say what to continue"),
        (("compose",), "say what to compose"),
        (("find", "--clip", "gone.mp4"), "does not exist"),
        (("import", "gone"), "does not exist"),
        (("nonsense",), "No such command"),
        (("find", "x", "--limit", "99999999999"), "less than or equal to 2147483647"),
        (("compose", "--bars", "129"), "less than or equal to 128"),
        (("find", "x\udcff"), "no UTF-8"),
    ],
)
def test_a_wrong_command_line_ends_with_two(
    temptrack: Temptrack, words: tuple[str, ...], message: str
) -> None:
    result = temptrack(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_nobody_at_the_server_ends_with_four(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/nobody"
    result = CliRunner().invoke(app, ["--server", target, "status"])
    assert result.exit_code == 4
    assert target in result.stderr


def test_an_error_is_json_where_json_was_asked_for(temptrack: Temptrack) -> None:
    result = temptrack("show", "nobody", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["reason"] == "NOT_FOUND"


def test_the_tracks_that_are_there_are_removed_and_the_others_named(
    temptrack: Temptrack, music: Path
) -> None:
    temptrack("import", music)
    result = temptrack("remove", "nobody", "t57", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"removed": ["t57"], "missing": ["nobody"]}
    assert temptrack("show", "t57").exit_code == 1


def test_blank_lines_of_a_batch_are_no_questions(temptrack: Temptrack, music: Path) -> None:
    temptrack("import", music)
    batch = write_lines(music.parent / "q.jsonl", "", {"id": "a", "text": "pitch-69"}, "", "")
    result = temptrack("find", "--batch", batch)
    assert result.exit_code == 0
    assert [line["id"] for line in lines(result)] == ["a"]
