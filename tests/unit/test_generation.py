import threading
from pathlib import Path

import pytest

from index.durable import replace_durably
from index.engine import ENGINES, build_index
from index.errors import InvalidCount, InvalidFileName, NoEarlierGeneration, StoreBusy
from index.exact import build_exact
from index.generation import GenerationStore
from tests.unit.generation_rows import QUERIES, SPACE, build_rows, index_of, live, publish

every_engine = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "generations")


def test_a_store_without_a_publish_has_no_live_generation(store: GenerationStore) -> None:
    assert store.live() is None
    assert store.live_name() is None
    assert store.names() == ()


@every_engine
def test_a_published_generation_is_live_and_answers_as_before(
    store: GenerationStore, engine: str
) -> None:
    ids, rows = build_rows(300)
    index = build_index(engine, ids, rows)
    manifest = store.publish(
        index,
        space=SPACE,
        newest_row=812,
        extra_files={"calibration.npz": b"\x00numbers"},
        reference=build_exact(ids, rows),
    )
    generation = live(store)
    assert generation.manifest == manifest
    assert generation.name == store.live_name() == store.names()[0]
    assert generation.extra_files == {"calibration.npz": b"\x00numbers"}
    assert (
        generation.index.search(QUERIES, 9).ids.tolist() == index.search(QUERIES, 9).ids.tolist()
    )


@every_engine
def test_the_manifest_says_what_was_built_and_how_well_it_answers(
    store: GenerationStore, engine: str
) -> None:
    manifest = store.publish(
        build_index(engine, *build_rows(300)), space=SPACE, newest_row=812, extra_files={"a": b""}
    )
    assert (manifest.format_version, manifest.space, manifest.engine) == (1, SPACE, engine)
    assert (manifest.num_rows, manifest.dimension, manifest.newest_row) == (300, 16, 812)
    assert manifest.recall == 1.0
    assert manifest.num_queries == 128
    assert manifest.parameters["metric"] == "inner_product"
    assert manifest.created_at.endswith("+00:00")
    assert "a" in manifest.files
    assert manifest.extra_files == ("a",)
    assert all(len(digest) == 64 for digest in manifest.files.values())


@every_engine
def test_an_emptied_catalogue_publishes_an_empty_generation(
    store: GenerationStore, engine: str
) -> None:
    store.publish(build_index(engine, *build_rows(0)), space=SPACE, newest_row=3)
    assert len(live(store).index) == 0


def test_the_newest_publish_is_live_and_the_earlier_ones_follow(store: GenerationStore) -> None:
    for num_rows in (10, 20, 30):
        publish(store, num_rows)
    assert len(live(store).index) == 30
    assert [name.partition("-")[0] for name in store.names()] == ["000003", "000002", "000001"]


def test_a_rollback_brings_the_earlier_generation_back(store: GenerationStore) -> None:
    publish(store, 10)
    publish(store, 20)
    assert store.rollback().num_rows == 10
    assert len(live(store).index) == 10
    with pytest.raises(NoEarlierGeneration, match=r"keeps 1 generation\(s\)"):
        store.rollback()


def test_the_generation_rolled_back_from_is_removed_and_never_named_again(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 10)
    publish(store, 20)
    bad = store.names()[0]
    store.rollback()
    publish(store, 30)
    assert bad not in store.names()
    assert not (tmp_path / "generations" / bad).exists()
    assert store.rollback().num_rows == 10


def test_retiring_keeps_the_live_generation_and_the_one_before(
    store: GenerationStore, tmp_path: Path
) -> None:
    for num_rows in (10, 20, 30, 40):
        publish(store, num_rows)
    names = store.names()
    assert store.retire() == names[2:]
    assert store.names() == names[:2]
    folders = {path.name for path in (tmp_path / "generations").iterdir() if path.is_dir()}
    assert folders == set(names[:2])
    assert store.retire() == ()
    assert len(live(store).index) == 40


def test_retiring_the_generation_before_the_live_one_is_refused(store: GenerationStore) -> None:
    with pytest.raises(InvalidCount, match="keep is 1; allowed: 2 and above"):
        store.retire(keep=1)


def test_a_generation_in_use_survives_its_folder(store: GenerationStore) -> None:
    publish(store, 10)
    served = live(store)
    for num_rows in (20, 30):
        publish(store, num_rows)
    store.retire()
    assert len(store.names()) == 2
    assert (served.index.search(QUERIES, 10).ids >= 0).all()


def test_files_of_other_owners_are_left_alone(store: GenerationStore, tmp_path: Path) -> None:
    publish(store, 10)
    note = tmp_path / "generations" / "notes" / "mine.txt"
    note.parent.mkdir()
    note.write_text("keep")
    publish(store, 20)
    store.retire()
    assert note.read_text() == "keep"


@pytest.mark.parametrize(
    "name", ["", ".hidden", "a/b", "../up", "manifest.json", "ids.npy", "a b", "a\n", "x" * 101]
)
def test_an_extra_file_with_a_name_that_cannot_be_kept_is_refused(
    store: GenerationStore, name: str
) -> None:
    publish(store, 10)
    with pytest.raises(InvalidFileName, match="extra file"):
        publish(store, 20, extra_files={name: b""})
    assert len(live(store).index) == 10


def test_a_second_writer_is_refused_while_the_first_is_at_work(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 10)
    publish(store, 20)
    refused = []

    class SlowIndex:
        def __getattr__(self, name: str) -> object:
            return getattr(index_of(30), name)

        def __len__(self) -> int:
            return 30

        def save(self, folder: Path) -> None:
            other = GenerationStore(tmp_path / "generations")
            for write in (other.rollback, other.retire, lambda: publish(other, 5)):
                with pytest.raises(StoreBusy, match="another writer is changing"):
                    write()
                refused.append(write)
            index_of(30).save(folder)

    writer = threading.Thread(
        target=lambda: store.publish(SlowIndex(), space=SPACE, newest_row=1)  # type: ignore[arg-type]  # forwards the rest
    )
    writer.start()
    writer.join()
    assert len(refused) == 3
    assert len(live(store).index) == 30


def test_replacing_a_file_leaves_no_second_file(tmp_path: Path) -> None:
    replace_durably(tmp_path / "LIVE", b"one")
    replace_durably(tmp_path / "LIVE", b"two")
    assert (tmp_path / "LIVE").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["LIVE"]
