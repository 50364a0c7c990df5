"""What every engine must do, judged by the numpy reference. One suite, all engines."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.engine import ENGINES, build_index, load_index
from index.errors import (
    InvalidCount,
    InvalidIds,
    InvalidVectors,
    NotFinite,
    NotUnitLength,
    UnknownEngine,
    UnreadableIndex,
    WrongDimension,
)
from index.exact import build_exact
from index.metrics import recall_at_k, recall_of_relevances
from index.vectors import Ids, VectorIndex, Vectors

DIMENSION = 32
NUM_ROWS = 700
# Half precision: 2**-11 of a unit row, and the float32 sum on top.
ROUNDING = 6e-4

every_engine = pytest.mark.parametrize("engine", ENGINES)


def unit_rows(num_rows: int, seed: int = 0, dimension: int = DIMENSION) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((num_rows, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def shuffled_ids(num_rows: int, seed: int = 1) -> Ids:
    return np.random.default_rng(seed).permutation(num_rows).astype(np.int64) * 7 + 2**40


def id_array(*ids: int) -> Ids:
    return np.array(ids, dtype=np.int64)


IDS = shuffled_ids(NUM_ROWS)
ROWS = unit_rows(NUM_ROWS)
QUERIES = unit_rows(9, seed=2)
REFERENCE = build_exact(IDS, ROWS)


@pytest.fixture(scope="module", params=ENGINES)
def index(request: pytest.FixtureRequest) -> VectorIndex:
    return build_index(request.param, IDS, ROWS)


def test_neighbours_are_those_of_the_reference(index: VectorIndex) -> None:
    found, true = index.search(QUERIES, 10), REFERENCE.search(QUERIES, 10)
    assert found.ids.shape == found.relevances.shape == (9, 10)
    assert found.ids.dtype == np.int64
    assert found.relevances.dtype == np.float32
    np.testing.assert_allclose(found.relevances, true.relevances, atol=ROUNDING)
    actual = np.stack([REFERENCE.rows(ids) @ q for ids, q in zip(found.ids, QUERIES, strict=True)])
    np.testing.assert_allclose(found.relevances, actual, atol=ROUNDING)
    assert recall_of_relevances(actual, true.relevances, tolerance=ROUNDING) == 1.0
    assert recall_at_k(found.ids, true.ids) > 0.95


def test_relevances_fall_and_no_id_repeats(index: VectorIndex) -> None:
    found = index.search(QUERIES, 50)
    assert (np.diff(found.relevances, axis=1) <= 0).all()
    assert all(len(set(ids)) == 50 for ids in found.ids.tolist())


def test_every_row_finds_itself_first(index: VectorIndex) -> None:
    found = index.search(ROWS, 1)
    assert found.ids[:, 0].tolist() == IDS.tolist()
    np.testing.assert_allclose(found.relevances, 1.0, atol=ROUNDING)


def test_a_query_answers_the_same_alone_and_in_a_batch(index: VectorIndex) -> None:
    batch = index.search(QUERIES, 20)
    for row in range(len(QUERIES)):
        alone = index.search(QUERIES[row : row + 1], 20)
        assert alone.ids[0].tolist() == batch.ids[row].tolist()
        np.testing.assert_array_equal(alone.relevances[0], batch.relevances[row])


def test_a_longer_answer_begins_with_the_shorter_one(index: VectorIndex) -> None:
    assert index.search(QUERIES, 100).ids[:, :7].tolist() == index.search(QUERIES, 7).ids.tolist()


def test_no_queries_give_no_neighbours(index: VectorIndex) -> None:
    assert index.search(QUERIES[:0], 5).ids.shape == (0, 5)


def test_more_neighbours_than_rows_are_filled_with_missing_ids(index: VectorIndex) -> None:
    found = index.search(QUERIES, NUM_ROWS + 3)
    assert sorted(found.ids[0, :NUM_ROWS]) == sorted(IDS)
    assert (found.ids[:, NUM_ROWS:] == -1).all()
    assert (found.relevances[:, NUM_ROWS:] == -np.inf).all()


@pytest.mark.parametrize("num_allowed", [1, 5, 34, 36, 350, 699, 700])
def test_only_allowed_ids_come_back_and_none_is_missed(
    index: VectorIndex, num_allowed: int
) -> None:
    allowed = np.random.default_rng(num_allowed).permutation(IDS)[:num_allowed]
    found = index.search(QUERIES, 40, allowed=allowed)
    true = REFERENCE.search(QUERIES, 40, allowed=allowed)
    num_found = min(40, num_allowed)
    assert np.isin(found.ids[:, :num_found], allowed).all()
    assert (found.ids[:, num_found:] == -1).all()
    np.testing.assert_allclose(found.relevances, true.relevances, atol=ROUNDING)


@pytest.mark.parametrize("num_allowed", [20, 200, 500])
def test_a_filter_changes_no_relevance(index: VectorIndex, num_allowed: int) -> None:
    allowed = np.sort(IDS)[:num_allowed]
    everything = index.search(QUERIES, NUM_ROWS)
    filtered = index.search(QUERIES, num_allowed, allowed=allowed)
    for row in range(len(QUERIES)):
        kept = np.isin(everything.ids[row], allowed)
        assert filtered.ids[row].tolist() == everything.ids[row, kept].tolist()
        np.testing.assert_array_equal(filtered.relevances[row], everything.relevances[row, kept])


def test_an_empty_allowed_set_allows_nothing(index: VectorIndex) -> None:
    found = index.search(QUERIES, 3, allowed=id_array())
    assert (found.ids == -1).all()
    assert (found.relevances == -np.inf).all()


def test_allowed_ids_may_repeat_and_may_be_unknown(index: VectorIndex) -> None:
    known = int(IDS[3])
    found = index.search(QUERIES, 3, allowed=id_array(known, 5, known, -1, 2**62))
    assert (found.ids[:, 0] == known).all()
    assert (found.ids[:, 1:] == -1).all()


def test_the_answer_says_how_it_was_searched(index: VectorIndex) -> None:
    kinds = []
    for allowed in (None, IDS[:9], IDS[:200], IDS[:500]):
        plan = index.search(QUERIES, 3, allowed=allowed).plan
        assert plan is not None
        assert plan.is_exact
        assert plan.num_allowed == (NUM_ROWS if allowed is None else len(allowed))
        kinds.append(plan.kind)
    assert (
        kinds
        == {
            "flat": ["exact", "exact", "filtered", "over_fetch"],
            "exact": ["exact"] * 4,
        }[index.engine]
    )


def test_a_filter_against_the_query_itself_misses_nothing(index: VectorIndex) -> None:
    order = index.search(QUERIES[:1], NUM_ROWS).ids[0]
    allowed = order[NUM_ROWS // 3 :]  # two thirds, none of the nearest among them
    found = index.search(QUERIES[:1], 10, allowed=allowed)
    assert found.plan is not None
    assert found.ids[0].tolist() == allowed[:10].tolist()


@every_engine
def test_equal_rows_come_in_order_of_id(engine: str) -> None:
    originals = unit_rows(20, seed=5)
    rows = np.repeat(originals, 40, axis=0)  # 800 rows, 40 of each
    ids = shuffled_ids(800, seed=6)
    found = build_index(engine, ids, rows).search(originals, 60)
    for row in range(20):
        twins = np.sort(ids[row * 40 : row * 40 + 40])
        assert found.ids[row, :40].tolist() == twins.tolist()
    for num_allowed in (40, 300, 700):
        few = build_index(engine, ids, rows).search(originals, 3, allowed=ids[:num_allowed])
        assert few.ids[0].tolist() == np.sort(ids[:40])[:3].tolist()


@every_engine
@settings(max_examples=25, deadline=None)
@given(
    num_rows=st.integers(0, 60), k=st.integers(1, 70), share=st.floats(0, 1), seed=st.integers(0)
)
def test_any_small_index_answers_as_the_reference_on_half_precision_rows(
    engine: str, num_rows: int, k: int, share: float, seed: int
) -> None:
    rows = unit_rows(num_rows, seed=seed).astype(np.float16).astype(np.float32)
    ids = shuffled_ids(num_rows, seed=seed)
    allowed = ids[: int(share * num_rows)]
    found = build_index(engine, ids, rows).search(QUERIES, k, allowed=allowed)
    true = build_exact(ids, rows).search(QUERIES, k, allowed=allowed)
    np.testing.assert_allclose(found.relevances, true.relevances, atol=1e-6)
    assert found.ids.tolist() == true.ids.tolist()


@every_engine
def test_an_empty_index_answers_with_missing_ids(engine: str, tmp_path: Path) -> None:
    empty = build_index(engine, id_array(), unit_rows(0))
    empty.save(tmp_path)
    for index in (empty, load_index(tmp_path, engine)):
        assert (len(index), index.dimension) == (0, DIMENSION)
        assert (index.search(QUERIES, 2).ids == -1).all()


def test_ids_and_rows_are_given_back(index: VectorIndex) -> None:
    assert index.ids.dtype == np.int64
    assert index.ids.tolist() == sorted(IDS.tolist())
    np.testing.assert_allclose(index.rows(IDS), ROWS, atol=2**-12)
    with pytest.raises(InvalidIds, match="id 5 is not in this index"):
        index.rows(id_array(int(IDS[0]), 5))


def test_a_saved_index_answers_the_same(index: VectorIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = load_index(tmp_path, index.engine)
    assert (len(loaded), loaded.dimension) == (len(index), index.dimension)
    for allowed in (None, IDS[:20], IDS[:200], IDS[:500]):
        before = index.search(QUERIES, 30, allowed=allowed)
        after = loaded.search(QUERIES, 30, allowed=allowed)
        np.testing.assert_array_equal(before.ids, after.ids)
        np.testing.assert_array_equal(before.relevances, after.relevances)


def test_many_threads_get_the_answers_of_one(index: VectorIndex) -> None:
    alone = index.search(QUERIES, 10).ids.tolist()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: index.search(QUERIES, 10).ids.tolist(), range(40)))
    assert all(answer == alone for answer in answers)


def test_queries_need_not_lie_in_one_piece(index: VectorIndex) -> None:
    spread = np.asfortranarray(QUERIES)
    assert index.search(spread, 5).ids.tolist() == index.search(QUERIES, 5).ids.tolist()


@every_engine
@pytest.mark.parametrize("size", [0, 60, 130, 1000])
def test_damaged_files_are_refused(engine: str, size: int, tmp_path: Path) -> None:
    build_index(engine, IDS, ROWS).save(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[:size])
        with pytest.raises(UnreadableIndex, match=path.name):
            load_index(tmp_path, engine)
        path.unlink()
        with pytest.raises(UnreadableIndex, match=path.name):
            load_index(tmp_path, engine)
        path.write_bytes(whole)
    assert len(load_index(tmp_path, engine)) == NUM_ROWS


@every_engine
def test_rows_overwritten_by_other_numbers_are_refused(engine: str, tmp_path: Path) -> None:
    build_index(engine, IDS, ROWS).save(tmp_path)
    path = next(tmp_path.glob("rows*"))
    path.write_bytes(path.read_bytes()[:-40] + b"\xff" * 40)
    with pytest.raises(UnreadableIndex, match="NaN or infinity"):
        load_index(tmp_path, engine)


@every_engine
def test_files_that_do_not_belong_together_are_refused(engine: str, tmp_path: Path) -> None:
    build_index(engine, IDS, ROWS).save(tmp_path)
    np.save(tmp_path / "ids.npy", np.sort(IDS)[:-1])
    with pytest.raises(UnreadableIndex, match="699 ids for 700 rows"):
        load_index(tmp_path, engine)
    np.save(tmp_path / "ids.npy", IDS)
    with pytest.raises(UnreadableIndex, match="not ascending"):
        load_index(tmp_path, engine)


def with_value(value: float) -> Vectors:
    rows = unit_rows(4)
    rows[2, 1] = value
    return rows


BAD_VECTORS = [
    pytest.param(with_value(np.nan), NotFinite, "row 2 holds NaN", id="NaN"),
    pytest.param(with_value(-np.inf), NotFinite, "row 2 holds NaN or infinity", id="infinity"),
    pytest.param(with_value(1e30), NotUnitLength, "row 2 has length 1e\\+30", id="huge"),
    pytest.param(unit_rows(4) * 2, NotUnitLength, "row 0 has length 2; allowed: 1", id="long"),
    pytest.param(unit_rows(4) * 0, NotUnitLength, "row 0 has length 0", id="zero"),
    pytest.param(unit_rows(4).astype("f8"), InvalidVectors, "allowed: float32", id="float64"),
    pytest.param(unit_rows(4)[0], InvalidVectors, "shape \\(N, D\\)", id="one-dimensional"),
    pytest.param(unit_rows(4)[:, :0], InvalidVectors, "shape \\(4, 0\\)", id="no dimension"),
]


@pytest.mark.parametrize(("vectors", "error", "words"), BAD_VECTORS)
def test_queries_that_are_not_unit_rows_are_refused(
    index: VectorIndex, vectors: Vectors, error: type[ValueError], words: str
) -> None:
    with pytest.raises(error, match=words):
        index.search(vectors, 3)


@every_engine
@pytest.mark.parametrize(("vectors", "error", "words"), BAD_VECTORS)
def test_rows_that_are_not_unit_rows_are_refused(
    engine: str, vectors: Vectors, error: type[ValueError], words: str
) -> None:
    with pytest.raises(error, match=words):
        build_index(engine, id_array(1, 2, 3, 4), vectors)


def test_a_query_of_another_dimension_is_refused(index: VectorIndex) -> None:
    with pytest.raises(WrongDimension, match="are 31 wide; allowed: 32"):
        index.search(unit_rows(1, dimension=31), 3)


@pytest.mark.parametrize("k", [0, -1])
def test_fewer_than_one_neighbour_is_refused(index: VectorIndex, k: int) -> None:
    with pytest.raises(InvalidCount, match=f"k is {k}; allowed: 1 and above"):
        index.search(QUERIES, k)


@every_engine
@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (id_array(1, 2, 2, 3), "id 2 is given 2 times; allowed: once"),
        (id_array(1, 2, 3), "3 ids for 4 rows"),
        (id_array(1, -1, 2, 3), "id -1 is negative"),
        (np.arange(4, dtype=np.int32), "ids are int32"),
        (id_array(1, 2, 3, 4).reshape(2, 2), "shape \\(2, 2\\)"),
    ],
)
def test_ids_that_are_not_one_for_each_row_are_refused(engine: str, ids: Ids, words: str) -> None:
    with pytest.raises(InvalidIds, match=words):
        build_index(engine, ids, unit_rows(4))


def test_allowed_ids_of_another_type_are_refused(index: VectorIndex) -> None:
    with pytest.raises(InvalidIds, match="ids are float64"):
        index.search(QUERIES, 3, allowed=np.array([]))


def test_an_unknown_engine_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownEngine, match="'ivf'; allowed: flat, exact"):
        build_index("ivf", IDS, ROWS)
    with pytest.raises(UnknownEngine, match="'ivf'; allowed: flat, exact"):
        load_index(tmp_path, "ivf")
