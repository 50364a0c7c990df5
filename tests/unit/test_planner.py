import pytest

from index.errors import InvalidCount
from index.planner import plan_search


@pytest.mark.parametrize(
    ("num_allowed", "kind"),
    [
        (None, "exact"),
        (0, "exact"),
        (50, "exact"),
        (51, "filtered"),
        (500, "filtered"),
        (501, "over_fetch"),
        (999, "over_fetch"),
        (1000, "exact"),
    ],
)
def test_an_exact_engine_scores_few_allowed_rows_alone_and_selects_among_many(
    num_allowed: int | None, kind: str
) -> None:
    plan = plan_search(1000, num_allowed)
    assert plan.kind == kind
    assert plan.is_exact
    assert plan.num_allowed == (1000 if num_allowed is None else num_allowed)


@pytest.mark.parametrize(
    ("num_rows", "num_allowed", "kind"),
    [
        (49_999, None, "exact"),
        (49_999, 40_000, "exact"),
        (100_000, 10_000, "exact"),
        (100_000, 10_001, "filtered"),
        (100_000, 50_000, "filtered"),
        (100_000, 50_001, "over_fetch"),
        (100_000, None, "over_fetch"),
    ],
)
def test_an_approximate_engine_is_not_asked_with_a_selective_filter(
    num_rows: int, num_allowed: int | None, kind: str
) -> None:
    plan = plan_search(num_rows, num_allowed, is_exact_engine=False)
    assert plan.kind == kind
    assert plan.is_exact == (kind == "exact")


def test_over_fetching_asks_for_enough_that_the_allowed_share_fills_k() -> None:
    for is_exact_engine in (True, False):
        plan = plan_search(100_000, 80_000, is_exact_engine=is_exact_engine)
        assert plan.fetch_factor == pytest.approx(1.2 / 0.8)
        for num_allowed in (5_000, 30_000, 100_000):
            plan = plan_search(100_000, num_allowed, is_exact_engine=is_exact_engine)
            assert plan.fetch_factor == 1.0


@pytest.mark.parametrize(("num_rows", "num_allowed"), [(10, 11), (10, -1), (-1, None)])
def test_counts_that_mean_nothing_are_refused(num_rows: int, num_allowed: int | None) -> None:
    with pytest.raises(InvalidCount, match="allowed: 0 to num_rows"):
        plan_search(num_rows, num_allowed)


def test_nothing_is_searched_in_an_empty_index() -> None:
    assert plan_search(0).num_allowed == 0
