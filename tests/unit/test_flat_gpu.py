"""The flat engine beside a GPU: a stand-in device proposes, answers stay those of the CPU."""

from typing import Any

import numpy as np
import pytest

from index import flat, gpu
from index.flat import FlatIndex, build_flat
from index.gpu import GpuRows, has_gpu
from index.vectors import Ids, Vectors

NUM_ROWS = 3000


def unit_rows(num_rows: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((num_rows, 24))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


IDS: Ids = np.arange(NUM_ROWS, dtype=np.int64)
ROWS = unit_rows(NUM_ROWS, seed=0)
QUERIES = unit_rows(6, seed=1)


def search_backwards(rows: Any, queries: Vectors, count: int) -> tuple[Vectors, Ids]:
    """FAISS's search, equal relevances by falling position."""
    relevances, positions = rows.search(queries, rows.ntotal)
    order = np.lexsort((-positions, -relevances), axis=-1)[:, :count]
    return np.take_along_axis(relevances, order, 1), np.take_along_axis(positions, order, 1)


class HalfPrecisionDevice:
    """Rounds queries to half precision and orders equal rows as it likes, as a device may."""

    counts: list[int]

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self.counts = []

    def propose(self, queries: Vectors, count: int) -> tuple[Vectors, Ids]:
        self.counts.append(count)
        rounded = queries.astype(np.float16).astype(np.float32)
        return search_backwards(self._rows, rounded, count)


@pytest.fixture
def with_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "has_gpu", lambda: True)
    monkeypatch.setattr(flat, "GpuRows", HalfPrecisionDevice)


def counts_of(index: FlatIndex) -> list[int]:
    device = index._gpu
    assert isinstance(device, HalfPrecisionDevice)
    return device.counts


def cpu_index(ids: Ids, rows: Vectors) -> FlatIndex:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(flat, "has_gpu", lambda: False)
        return build_flat(ids, rows)


def assert_same(index: FlatIndex, k: int, allowed: Ids | None = None) -> None:
    found = index.search(QUERIES, k, allowed=allowed)
    expected = cpu_index(IDS, ROWS).search(QUERIES, k, allowed=allowed)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.relevances, expected.relevances)


@pytest.mark.usefixtures("with_device")
def test_the_device_proposes_and_the_answers_are_those_of_the_cpu() -> None:
    index = build_flat(IDS, ROWS)
    assert_same(index, 10)
    assert counts_of(index) == [74]


@pytest.mark.usefixtures("with_device")
def test_more_neighbours_than_the_device_can_select_are_found_without_it() -> None:
    index = build_flat(IDS, ROWS)
    assert_same(index, 2500)
    assert counts_of(index) == []


@pytest.mark.usefixtures("with_device")
@pytest.mark.parametrize("num_allowed", [0, 60, 1200])
def test_a_filtered_search_runs_without_the_device(num_allowed: int) -> None:
    index = build_flat(IDS, ROWS)
    assert_same(index, 10, IDS[:num_allowed])
    assert counts_of(index) == []


@pytest.mark.usefixtures("with_device")
def test_where_most_rows_are_allowed_the_device_proposes_more() -> None:
    index = build_flat(IDS, ROWS)
    assert_same(index, 10, IDS[:2900])
    assert counts_of(index) == [93]


@pytest.mark.usefixtures("with_device")
def test_equal_rows_beyond_the_proposal_still_come_in_order_of_id() -> None:
    rows = np.concatenate([np.repeat(QUERIES[:1], 200, axis=0), ROWS])
    index = build_flat(np.arange(len(rows), dtype=np.int64)[::-1].copy(), rows)
    first = len(rows) - 200
    assert index.search(QUERIES[:1], 5).ids[0].tolist() == list(range(first, first + 5))
    assert counts_of(index) == [69]


@pytest.mark.usefixtures("with_device")
def test_equal_rows_within_the_proposal_come_in_order_of_id() -> None:
    rows = np.concatenate([np.repeat(QUERIES[:1], 30, axis=0), ROWS])
    index = build_flat(np.arange(len(rows), dtype=np.int64), rows)
    assert index.search(QUERIES[:1], 5).ids[0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("num_twins", [2, 18, 300])
def test_equal_rows_come_in_order_even_if_faiss_orders_them_otherwise(num_twins: int) -> None:
    rows = np.concatenate([np.repeat(QUERIES[:1], num_twins, axis=0), ROWS])
    index = cpu_index(np.arange(len(rows), dtype=np.int64), rows)
    held = index._rows

    class Backwards:
        ntotal, d = held.ntotal, held.d

        def search(self, queries: Vectors, count: int, params: None) -> tuple[Vectors, Ids]:
            return search_backwards(held, queries, count)

    index._rows = Backwards()
    assert index.search(QUERIES[:1], 2).ids[0].tolist() == [0, 1]


@pytest.mark.usefixtures("with_device")
def test_an_empty_index_is_not_copied_to_the_device() -> None:
    index = build_flat(IDS[:0], ROWS[:0])
    assert index._gpu is None
    assert (index.search(QUERIES, 3).ids == -1).all()


def test_every_touch_of_the_device_holds_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    held = []

    class Device:
        def search(self, queries: Vectors, count: int) -> tuple[Vectors, Ids]:
            held.append(gpu._OWNER.locked())
            return queries, IDS[:count]

    def copy(resources: object, device: int, rows: object) -> Device:
        held.append(gpu._OWNER.locked())
        return Device()

    monkeypatch.setattr(gpu, "_resources", lambda: None)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", copy, raising=False)
    GpuRows(None).propose(QUERIES, 3)
    assert held == [True, True]
    assert not gpu._OWNER.locked()


@pytest.mark.gpu
def test_a_real_device_gives_the_answers_of_the_cpu() -> None:
    assert has_gpu()
    index = build_flat(IDS, ROWS)
    assert index._gpu is not None
    for k in (1, 10, 500, NUM_ROWS):
        assert_same(index, k)
