"""Rows from manifests and shards: what is read, in which order, and what is refused."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from encoders.datasets.rows import Row
from encoders.errors import RefusedData
from encoders.training import shards
from encoders.training.shards import Share, Source, parse_sources, shuffled, stream_rows


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def write_shard(path: Path, first: int = 0, count: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for i in range(first, first + count):
            add(archive, f"part/{i:04d}.flac", f"sound {i}".encode())
            add(archive, f"part/{i:04d}.txt", f"text {i}\n\nmore".encode())
            add(archive, f"part/{i:04d}.json", json.dumps({"licence": "CC0-1.0"}).encode())
    return path


def rows_of(*paths: Path) -> list[Row]:
    return list(stream_rows([Source(path=path) for path in paths]))


def test_a_sample_of_a_shard_is_a_row_whose_bytes_are_read_later(tmp_path: Path) -> None:
    first, second, _ = rows_of(write_shard(tmp_path / "0.tar"))
    assert (first.id, first.texts) == ("part/0000", ("text 0", "more"))
    assert (first.licence, first.may_train, first.split) == ("CC0-1.0", True, "train")
    assert second.sound is not None
    assert (second.sound.suffix, second.sound.read()) == (".flac", b"sound 1")


def test_a_manifest_reads_the_fields_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    lines = [
        {"id": "one", "file": "a.wav", "texts": ["calm"], "title": "Dawn", "group": "g"},
        {"file": "a.wav", "licence": "CC-BY-NC-4.0", "split": "val"},
        {"file": "a.wav", "licence": "CC-BY-4.0", "train_shipped": False},
    ]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8")
    one, two, three = stream_rows([Source(path=path)], licence="CC0-1.0")
    assert (one.id, one.texts, one.group) == ("one", ("calm", "Dawn"), "g")
    assert (one.licence, one.may_train) == ("CC0-1.0", True)
    assert (two.id, two.may_train, two.split) == ("m-2", False, "val")
    assert three.may_train is False


def test_a_row_without_a_licence_may_not_train(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"id": "a"}\n', encoding="utf-8")
    (row,) = rows_of(path)
    assert (row.licence, row.may_train) == (shards.UNKNOWN, False)


def test_parts_overlap_nowhere_and_are_everything(tmp_path: Path) -> None:
    paths = [write_shard(tmp_path / f"{i}.tar", first=5 * i, count=5) for i in range(2)]
    whole = [row.id for row in rows_of(*paths)]
    parts = [
        [row.id for row in Share(index=rank, count=4).of(rows_of(*paths))] for rank in range(4)
    ]
    assert sorted(key for part in parts for key in part) == sorted(whole)
    assert len(set(whole)) == 10
    assert {len(part) for part in parts} == {2, 3}


def test_the_shuffle_is_the_same_for_a_seed_and_loses_nothing() -> None:
    one = list(shuffled(range(100), buffer=10, seed=(1, 2)))
    assert one == list(shuffled(range(100), buffer=10, seed=(1, 2)))
    assert one != list(shuffled(range(100), buffer=10, seed=(1, 3)))
    assert sorted(one) == list(range(100)) != one


def test_the_shuffle_holds_no_more_than_its_buffer() -> None:
    taken = 0

    def count() -> "list[int]":
        nonlocal taken
        taken += 1
        return [taken]

    stream = shuffled((count() for _ in range(1000)), buffer=8, seed=(0,))
    next(stream)
    assert taken == 9


def test_sources_are_manifests_shards_folders_and_datasets_by_name(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards" / "1.tar")
    write_shard(tmp_path / "shards" / "0.tar")
    sources = parse_sources([str(tmp_path / "shards"), f"song-describer={tmp_path}"])
    assert [s.path.name for s in sources[:2]] == ["0.tar", "1.tar"]
    assert sources[2].dataset == "song-describer"
    for wrong in (tmp_path / "none.jsonl", tmp_path / "shards" / "x.zip", tmp_path):
        with pytest.raises(RefusedData, match="NAME=FOLDER"):
            parse_sources([str(wrong)])


@pytest.mark.parametrize("name", ["../up.flac", "/etc/x.flac", "a/../../b.flac", "a\\b.flac"])
def test_a_member_that_climbs_is_refused(name: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add(archive, name, b"x")
    with pytest.raises(RefusedData, match="leaves its folder"):
        rows_of(tmp_path / "x.tar")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_no_plain_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo("a.flac")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(RefusedData, match="only plain files"):
        rows_of(tmp_path / "x.tar")


def test_a_member_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "x.tar", count=1)
    member = tarfile.TarInfo("a.flac")
    member.size = 1 << 29
    (tmp_path / "y.tar").write_bytes(member.tobuf() + path.read_bytes())
    with pytest.raises(RefusedData, match="behind the end"):
        rows_of(tmp_path / "y.tar")


def test_a_huge_member_is_refused_unread(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.txt")
    member.size = shards.MAX_TEXT_BYTES + 1
    (tmp_path / "x.tar").write_bytes(member.tobuf() + b"\0" * 1024)
    with pytest.raises(RefusedData, match="bytes; 1,048,576 are read"):
        rows_of(tmp_path / "x.tar")


def test_a_sample_of_endless_parts_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for i in range(shards.MAX_MEMBERS_PER_SAMPLE + 1):
            add(archive, f"a.{i}", b"")
    with pytest.raises(RefusedData, match="parts"):
        rows_of(tmp_path / "x.tar")


def test_a_compressed_or_damaged_archive_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "gz.tar", "w:gz") as archive:
        add(archive, "a.txt", b"x" * 2000)
    (tmp_path / "noise.tar").write_bytes(b"no tar at all" * 100)
    for name in ("gz.tar", "noise.tar"):
        with pytest.raises(RefusedData, match="no uncompressed tar"):
            rows_of(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no json", "not JSON"),
        ("[1]", "no JSON object"),
        ('{"id": "a", "split": "dev"}', "split is 'dev'"),
        ('{"id": "a", "file": "../secret.wav"}', "outside"),
        ('{"id": "a", "file": "/etc/passwd"}', "outside"),
        ('{"id": "a", "file": "gone.wav"}', "missing"),
    ],
)
def test_a_bad_line_of_a_manifest_is_refused_with_its_place(
    line: str, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(RefusedData, match=why):
        rows_of(path)
