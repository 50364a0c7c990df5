import numpy as np
import pytest

from index.metrics import recall_at_k, recall_of_relevances

INF = np.inf


def test_recall_is_the_share_of_true_neighbours_found_in_any_order() -> None:
    true = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert recall_at_k(true, true) == 1.0
    assert recall_at_k(true[:, ::-1], true) == 1.0
    assert recall_at_k(np.array([[4, 9, 1, 0], [0, 0, 0, 0]]), true) == 2 / 8


def test_a_missing_id_is_neither_found_nor_sought() -> None:
    true = np.array([[1, 2, -1, -1]])
    assert recall_at_k(np.array([[-1, -1, -1, -1]]), true) == 0.0
    assert recall_at_k(np.array([[2, 1, -1, -1]]), true) == 1.0


def test_a_row_found_twice_counts_once() -> None:
    assert recall_at_k(np.array([[1, 1]]), np.array([[1, 2]])) == 0.5


def test_a_longer_answer_may_be_judged_by_a_shorter_truth() -> None:
    assert recall_at_k(np.array([[9, 1, 2]]), np.array([[1, 2]])) == 1.0


def test_where_nothing_is_to_be_found_nothing_was_missed() -> None:
    assert recall_at_k(np.array([[-1]]), np.array([[-1]])) == 1.0
    nothing = np.array([[-INF]], dtype=np.float32)
    assert recall_of_relevances(nothing, nothing, tolerance=0.0) == 1.0


@pytest.mark.parametrize(("found", "share"), [(0.70, 1.0), (0.699, 1.0), (0.69, 0.5)])
def test_an_equally_close_row_is_equally_right(found: float, share: float) -> None:
    true = np.array([[0.9, 0.7]], dtype=np.float32)
    answer = np.array([[0.9, found]], dtype=np.float32)
    assert recall_of_relevances(answer, true, tolerance=0.002) == share


def test_places_left_empty_are_misses_only_where_there_was_a_row() -> None:
    true = np.array([[0.9, 0.7], [0.8, -INF]], dtype=np.float32)
    found = np.array([[0.9, -INF], [0.8, -INF]], dtype=np.float32)
    assert recall_of_relevances(found, true, tolerance=0.0) == 2 / 3


def test_more_good_rows_than_places_do_not_make_up_for_another_query() -> None:
    true = np.array([[0.5, 0.5], [0.9, 0.9]], dtype=np.float32)
    found = np.array([[0.5, 0.5, 0.5], [0.1, 0.1, 0.1]], dtype=np.float32)
    assert recall_of_relevances(found, true, tolerance=0.0) == 0.5
