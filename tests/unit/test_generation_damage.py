"""Files that are not the ones that were published are noticed, named and repaired."""

import hashlib
import json
from pathlib import Path

import pytest

from index.engine import ENGINES, build_index
from index.errors import CorruptGeneration, UnsupportedGeneration
from index.generation import GenerationStore
from index.manifest import manifest_from_json, manifest_to_json
from tests.unit.generation_rows import SPACE, build_rows, live, publish

every_engine = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "generations")


def folder_of(store: GenerationStore, tmp_path: Path) -> Path:
    return tmp_path / "generations" / store.names()[0]


def break_file(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)


@every_engine
@pytest.mark.parametrize("place", range(4))
def test_one_changed_bit_in_any_file_is_noticed(
    store: GenerationStore, tmp_path: Path, engine: str, place: int
) -> None:
    index = build_index(engine, *build_rows(40))
    store.publish(index, space=SPACE, newest_row=1, extra_files={"floor.json": b'{"floor": 0.5}'})
    folder = folder_of(store, tmp_path)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 4
    break_file(folder, names[place])
    with pytest.raises(CorruptGeneration, match=store.names()[0]):
        store.live()


@pytest.mark.parametrize("place", range(4))
def test_a_missing_file_is_noticed(store: GenerationStore, tmp_path: Path, place: int) -> None:
    publish(store, 40, extra_files={"floor.json": b"{}"})
    sorted(folder_of(store, tmp_path).iterdir())[place].unlink()
    with pytest.raises(CorruptGeneration, match="cannot be read"):
        store.live()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"format_version": 1}'])
def test_a_manifest_that_is_none_is_noticed(
    store: GenerationStore, tmp_path: Path, text: bytes
) -> None:
    publish(store, 40)
    (folder_of(store, tmp_path) / "manifest.json").write_bytes(text)
    with pytest.raises(CorruptGeneration, match="manifest"):
        store.live()


def test_a_number_changed_in_the_manifest_is_noticed(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 40)
    path = folder_of(store, tmp_path) / "manifest.json"
    text = path.read_text()
    assert '"newest_row": 40' in text
    path.write_text(text.replace('"newest_row": 40', '"newest_row": 41'))
    with pytest.raises(CorruptGeneration, match="fails its own checksum"):
        store.live()


def test_a_manifest_with_an_unknown_field_is_noticed() -> None:
    with pytest.raises(CorruptGeneration, match="missing or unknown: colour"):
        manifest_from_json(_signed({"colour": "red"}), name="x")


def test_a_manifest_that_names_an_unknown_engine_is_noticed(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 40)
    (folder_of(store, tmp_path) / "manifest.json").write_bytes(_signed({"engine": "ivf"}))
    with pytest.raises(CorruptGeneration, match="engine is 'ivf'; allowed: flat, exact"):
        store.live()


def test_a_manifest_whose_row_count_is_not_the_index_s_is_noticed(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 40)
    folder = folder_of(store, tmp_path)
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    (folder / "manifest.json").write_bytes(_signed({"files": files, "num_rows": 41}))
    with pytest.raises(CorruptGeneration, match="has 40 rows of 16, its manifest says 41 of 16"):
        store.live()


def test_a_newer_format_is_named_as_such(store: GenerationStore, tmp_path: Path) -> None:
    publish(store, 40)
    (folder_of(store, tmp_path) / "manifest.json").write_bytes(_signed({"format_version": 2}))
    with pytest.raises(UnsupportedGeneration, match="has format 2; this program reads up to 1"):
        store.live()


def _signed(changes: dict[str, object]) -> bytes:
    """A manifest with these changes and the checksum that belongs to them."""
    plain: dict[str, object] = {
        "space": SPACE, "engine": "exact", "parameters": {}, "dimension": 16, "num_rows": 40,
        "newest_row": 1, "files": {}, "extra_files": [], "recall": 1.0, "num_queries": 1,
        "created_at": "2026-01-01T00:00:00+00:00", "format_version": 1,
    }  # fmt: skip
    content = plain | changes
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps(content | {"sha256": digest}).encode()


def test_a_manifest_comes_back_from_json_as_it_was(store: GenerationStore) -> None:
    manifest = publish(store, 12, extra_files={"a.json": b"{}"})
    assert manifest_from_json(manifest_to_json(manifest), name="x") == manifest


@pytest.mark.parametrize("text", [b"", b"../../etc\n", b"000001-abcdefg1\n", b"\xff\n", b"\n"])
def test_a_damaged_pointer_is_noticed_and_repaired_by_the_next_publish(
    store: GenerationStore, tmp_path: Path, text: bytes
) -> None:
    publish(store, 10)
    (tmp_path / "generations" / "LIVE").write_bytes(text)
    with pytest.raises(CorruptGeneration, match="LIVE"):
        store.live()
    publish(store, 20)
    assert len(live(store).index) == 20
    assert len(store.names()) == 1


def test_a_rollback_to_a_damaged_generation_leaves_the_live_one(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 10)
    break_file(folder_of(store, tmp_path), "rows.npy")
    publish(store, 20)
    with pytest.raises(CorruptGeneration, match="SHA-256 differs"):
        store.rollback()
    assert len(live(store).index) == 20


def test_a_rollback_leaves_a_damaged_live_generation(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 10)
    publish(store, 20)
    break_file(folder_of(store, tmp_path), "ids.npy")
    assert store.rollback().num_rows == 10
    assert len(live(store).index) == 10
