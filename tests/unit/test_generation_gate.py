"""An index that answers worse than allowed is not published, and the numbers are said."""

from pathlib import Path

import numpy as np
import pytest

from index.errors import GateFailed, InvalidCount
from index.exact import build_exact
from index.generation import Gate, GenerationStore
from index.vectors import VectorIndex
from tests.unit.generation_rows import SPACE, build_rows, index_of, live, publish


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "generations")


class Altered:
    """An index whose saved files or answers are not what they should be."""

    def __init__(self, index: VectorIndex, saved: VectorIndex) -> None:
        self._index = index
        self._saved = saved

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)

    def __len__(self) -> int:
        return len(self._index)

    def save(self, folder: Path) -> None:
        self._saved.save(folder)


def altered(index: VectorIndex, saved: VectorIndex) -> VectorIndex:
    return Altered(index, saved)  # type: ignore[return-value]  # __getattr__ has the rest


def test_an_index_that_misses_rows_of_the_catalogue_is_not_published(
    store: GenerationStore,
) -> None:
    publish(store, 10)
    with pytest.raises(GateFailed, match="the built index has 38 rows, expected 40") as failure:
        store.publish(
            index_of(38), space=SPACE, newest_row=2, reference=build_exact(*build_rows(40))
        )
    assert (failure.value.report.num_rows, failure.value.report.expected_rows) == (38, 40)
    assert len(live(store).index) == 10


def test_an_index_under_other_ids_is_not_published(store: GenerationStore) -> None:
    ids, rows = build_rows(40)
    with pytest.raises(GateFailed, match="holds 40 ids that were not expected"):
        store.publish(
            build_exact(ids + 10_000, rows),
            space=SPACE,
            newest_row=2,
            reference=build_exact(ids, rows),
        )
    assert store.live() is None


def test_an_index_of_other_rows_fails_by_its_recall_and_says_the_numbers(
    store: GenerationStore, tmp_path: Path
) -> None:
    publish(store, 10)
    ids, rows = build_rows(200)
    shuffled = build_exact(ids, np.roll(rows, 1, axis=0))
    with pytest.raises(GateFailed, match=r"recall@10 is 0\..* at least 0\.9900") as failure:
        store.publish(shuffled, space=SPACE, newest_row=2, reference=build_exact(ids, rows))
    report = failure.value.report
    assert report.recall < 0.3
    assert report.recall_after_reload == report.recall
    assert report.num_queries == 128
    assert len(live(store).index) == 10
    assert len([path for path in (tmp_path / "generations").iterdir() if path.is_dir()]) == 1


def test_an_index_that_answers_otherwise_after_reload_is_not_published(
    store: GenerationStore,
) -> None:
    publish(store, 10)
    ids, rows = build_rows(200)
    index = altered(build_exact(ids, rows), build_exact(ids, np.roll(rows, 1, axis=0)))
    with pytest.raises(GateFailed, match="answers differ after reload: recall@10 was 1"):
        store.publish(index, space=SPACE, newest_row=2)
    assert len(live(store).index) == 10


def test_an_index_that_loses_rows_in_its_files_is_not_published(store: GenerationStore) -> None:
    with pytest.raises(GateFailed, match="the reloaded index has 39 rows, expected 40"):
        store.publish(altered(index_of(40), index_of(39)), space=SPACE, newest_row=2)
    assert store.live() is None


def test_a_gate_may_ask_for_less(tmp_path: Path) -> None:
    ids, rows = build_rows(200)
    store = GenerationStore(tmp_path, Gate(min_recall=0.0, num_samples=5, k=3))
    reference = build_exact(ids, rows)
    shuffled = build_exact(ids, np.roll(rows, 1, axis=0))
    manifest = store.publish(shuffled, space=SPACE, newest_row=2, reference=reference)
    assert manifest.recall < 0.3
    assert manifest.num_queries == 10


@pytest.mark.parametrize("values", [{"min_recall": 1.1}, {"num_samples": 0}, {"k": 0}])
def test_a_gate_that_means_nothing_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(InvalidCount, match="allowed"):
        Gate(**values)
