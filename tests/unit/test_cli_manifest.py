"""What is imported: files, folders and manifests."""

import json
from pathlib import Path

from services.cli.manifest import gather_sources


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def test_a_folder_is_searched_with_all_its_folders(tmp_path: Path) -> None:
    wanted = [tmp_path / "a.mp3", tmp_path / "b" / "c.FLAC", tmp_path / "b" / "d.mid"]
    touch(*wanted, tmp_path / "cover.jpg", tmp_path / "b" / "cut.mp4")
    touch(tmp_path / ".hidden" / "e.mp3", tmp_path / ".f.mp3")
    gathered = gather_sources([tmp_path])
    assert [source.media for source in gathered.sources] == wanted
    assert gathered.refused == ()


def test_a_file_that_is_named_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "odd.bin")
    (source,) = gather_sources([tmp_path / "odd.bin"]).sources
    assert source.media == tmp_path / "odd.bin"


def test_a_manifest_says_what_its_tracks_are(tmp_path: Path) -> None:
    rows = [
        {
            "id": "t1",
            "file": "audio/a.opus",
            "title": "A",
            "artist": None,
            "tags": ["calm", " piano "],
            "licence": "CC0-1.0",
            "scene": ["town"],
            "duration_s": 30.0,
        },
        {"title": "A mere title", "artist": "Somebody"},
    ]
    manifest = tmp_path / "tracks.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    first, second = gather_sources([manifest]).sources
    assert first.media == tmp_path / "audio" / "a.opus"
    assert (first.id, first.title, first.artist, first.licence) == ("t1", "A", "", "CC0-1.0")
    assert first.tags == ("calm", "piano")
    assert (second.media, second.title) == (None, "A mere title")


def test_a_wrong_line_is_refused_and_the_others_are_taken(tmp_path: Path) -> None:
    manifest = tmp_path / "tracks.jsonl"
    manifest.write_text('{"file": "a.mp3"}\n{not json\n[1]\n{"id": "x"}\n{"title": 3}\n')
    gathered = gather_sources([manifest])
    assert len(gathered.sources) == 1
    assert [(o.label, o.reason) for o in gathered.refused] == [
        (f"tracks.jsonl:{number}", "WRONG_MANIFEST_LINE") for number in (2, 3, 4, 5)
    ]
    assert "neither a file nor a title" in gathered.refused[2].message
