"""Metrics against values worked out by hand, and against other people's code."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from encoders.metrics import (
    auroc,
    bootstrap_interval,
    evaluate,
    mean_interval,
    median_rank,
    ndcg_at_k,
    paired_difference,
    ranks_of_answers,
    recall_at_k,
    spearman,
    wish_gains,
    worst_ranks,
)


def test_spearman_agrees_with_scipy_where_there_are_ties() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 6, 50).astype(float), rng.integers(0, 6, 50).astype(float)
    assert spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)


def test_spearman_of_a_constant_is_zero() -> None:
    assert spearman(np.ones(4), np.arange(4.0)) == 0.0


def test_auroc_counts_pairs_and_takes_ties_as_wrong() -> None:
    # pairs: (3, 2) right, (3, 3) tie, (1, 2) wrong, (1, 3) wrong
    assert auroc(np.array([3.0, 1.0, 2.0, 3.0]), np.array([1, 1, 0, 0])) == 0.25


def test_auroc_refuses_one_class() -> None:
    with pytest.raises(ValueError, match="both classes"):
        auroc(np.array([1.0, 2.0]), np.array([1, 1]))


def test_ndcg_by_hand() -> None:
    # order c, a: (1 + 3 / log2 3) / (3 + 1 / log2 3)
    value = ndcg_at_k(np.array([2.0, 1.0, 3.0]), np.array([3.0, 0.0, 1.0]), k=2)
    assert value == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))


def test_ndcg_of_the_best_order_is_one_and_of_no_gain_zero() -> None:
    gains = np.array([0.2, 0.9, 0.0, 0.5])
    assert ndcg_at_k(gains, gains) == pytest.approx(1.0)
    assert ndcg_at_k(gains, np.zeros(4)) == 0.0


def test_ties_count_against_the_model_in_ndcg_and_ranks() -> None:
    flat = np.zeros((1, 4))
    right = np.array([[False, True, False, False]])
    assert ndcg_at_k(flat[0], right[0].astype(float), k=1) == 0.0
    assert ranks_of_answers(flat, right).tolist() == [4]
    assert worst_ranks(np.array([5.0, 5.0, 9.0])).tolist() == [3, 3, 1]


def test_recall_and_median_rank_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.2, 0.3, 0.1], [0.1, 0.2, 0.3]])
    right = np.eye(3, dtype=bool)
    assert ranks_of_answers(scores, right).tolist() == [1, 1, 1]
    scores[1] = [0.9, 0.3, 0.5]
    assert ranks_of_answers(scores, right).tolist() == [1, 3, 1]
    assert recall_at_k(scores, right, 1) == pytest.approx(2 / 3)
    assert median_rank(scores, right) == 1.0
    assert evaluate(scores, right)["R@5"] == 1.0


def test_the_best_of_several_right_items_counts() -> None:
    scores, right = np.array([[3.0, 2.0, 1.0]]), np.array([[False, True, True]])
    assert ranks_of_answers(scores, right).tolist() == [2]


def test_gains_of_a_wish_follow_the_listeners() -> None:
    shares = {"joy": np.array([0.8, 0.4, 0.0]), "tension": np.array([0.0, 0.3, 0.0])}
    # joy: mean 0.4, largest 0.8: lifts 1, 0, 0; tension: mean 0.1, largest 0.3: lifts 0, 1, 0
    assert wish_gains(shares, wanted=["joy"]).tolist() == [1.0, 0.0, 0.0]
    assert wish_gains(shares, wanted=[], avoided=["tension"]).tolist() == [1.0, 0.0, 1.0]
    rock = np.array([True, True, False])
    assert wish_gains(shares, wanted=["joy"], of_genre=rock).tolist() == [1.0, 0.25, 0.0]


def test_the_interval_holds_the_value_and_depends_on_the_seed_alone() -> None:
    values = np.arange(40.0)
    groups = [f"artist {i // 4}" for i in range(40)]
    first = bootstrap_interval(groups, lambda rows: float(values[rows].mean()), seed=3)
    again = bootstrap_interval(groups, lambda rows: float(values[rows].mean()), seed=3)
    assert first == again
    assert first.low < first.value == 19.5 < first.high


def test_items_of_one_artist_widen_the_interval() -> None:
    values = np.repeat(np.arange(10.0), 4)
    alone = [str(i) for i in range(40)]
    together = [f"artist {i // 4}" for i in range(40)]
    widths = []
    for groups in (alone, together):
        interval = bootstrap_interval(groups, lambda rows: float(values[rows].mean()))
        widths.append(interval.high - interval.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_difference_on_the_same_items_is_narrower_than_either() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=60)
    groups = [str(i) for i in range(60)]
    difference = paired_difference(
        groups,
        lambda rows: float((values[rows] + 0.1).mean()),
        lambda rows: float(values[rows].mean()),
    )
    assert difference.low == pytest.approx(0.1)
    assert difference.high == pytest.approx(0.1)


def test_a_mean_has_the_interval_of_its_values_drawn_one_by_one() -> None:
    values = np.arange(40.0)
    groups = [str(i) for i in range(40)]
    assert mean_interval(values) == bootstrap_interval(groups, lambda rows: values[rows].mean())
    assert mean_interval(np.ones(5)).low == 1.0


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        spearman(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="2 scores for 3 items"):
        spearman(np.ones(2), np.ones(3))
