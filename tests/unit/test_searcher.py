"""Searcher: generation, fresh rows and tombstones give one ranking of tracks."""

import threading

import numpy as np
import pytest

from services.errors import WrongSpace
from services.recommendation.hits import Vector
from services.retrieval.grouping import group_by_track
from services.retrieval.reindex import ReindexTools, reindex, should_reindex
from tests.fakes import word_vector
from tests.fixtures.retrieval import Shelf, empty_database, shelf, vectors_of_words  # noqa: F401


class Silent:
    """Takes progress and never cancels."""

    def __init__(self) -> None:
        self.record: dict[str, object] = {}
        self.stages: list[str] = []

    def update(self, **fields: object) -> None:
        if "stage" in fields:
            self.stages.append(str(fields["stage"]))

    def raise_if_cancelled(self) -> None:
        pass


def publish(shelf: Shelf) -> None:  # noqa: F811
    tools = ReindexTools(
        catalogue=shelf.catalogue,
        generations=shelf.generations,
        searcher=shelf.searcher,
        hears=None,  # type: ignore[arg-type]  # every track has its vectors
        fit_calibration=shelf.fit,
        space=shelf.embedder.space,
    )
    reindex({}, Silent(), tools)


def found(shelf: Shelf, word: str, num_tracks: int = 10) -> list[str]:  # noqa: F811
    snapshot = shelf.searcher.snapshot()
    ranking = snapshot.search(word_vector(word), num_tracks=num_tracks)
    records = snapshot.records(ranking.keys)
    return [records[key].id for key in ranking.keys.tolist() if key in records]


def test_an_empty_catalogue_finds_nothing(shelf: Shelf) -> None:  # noqa: F811
    assert found(shelf, "calm") == []


def test_a_new_track_is_found_at_once(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    assert found(shelf, "calm") == ["a"]
    shelf.add("b", "metal")
    assert found(shelf, "metal")[0] == "b"


def test_a_new_track_is_found_beside_those_of_the_generation(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    publish(shelf)
    shelf.add("b", "calm night")
    snapshot = shelf.searcher.snapshot()
    assert found(shelf, "calm") == ["a", "b"]
    assert (len(snapshot.parts), snapshot.num_fresh_rows) == (2, 2)


def test_a_removed_track_is_never_answered(shelf: Shelf) -> None:  # noqa: F811
    for track_id in "abc":
        shelf.add(track_id, "calm")
    publish(shelf)
    shelf.add("d", "calm")
    assert found(shelf, "calm") == ["a", "b", "c", "d"]
    shelf.catalogue.remove_track("b")
    shelf.catalogue.remove_track("d")
    assert found(shelf, "calm") == ["a", "c"]


def test_a_track_that_was_heard_again_is_found_by_its_new_sound_only(
    shelf: Shelf,  # noqa: F811
) -> None:
    shelf.add("a", "calm")
    shelf.add("b", "metal")
    publish(shelf)
    shelf.catalogue.put_vectors("a", vectors_of_words("jazz", ["jazz"]), space=shelf.space)
    ranking = shelf.searcher.snapshot().search(word_vector("jazz"), num_tracks=5)
    assert found(shelf, "jazz") == ["a", "b"]
    assert float(ranking.scores[0]) == pytest.approx(1.0, abs=1e-3)


def test_rows_of_another_space_are_never_searched(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    shelf.catalogue.put_vectors("a", vectors_of_words("metal", ["metal"]), space="other-1")
    other = shelf.add("b", "calm")
    shelf.catalogue.remove_track(other.id)
    ranking = shelf.searcher.snapshot().search(word_vector("metal"), num_tracks=5)
    assert float(ranking.scores[0]) < 0.5


def test_a_generation_of_another_space_is_left_alone(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    publish(shelf)
    live = shelf.generations.live()
    assert live is not None
    shelf.generations.publish(live.index, space="other-1", newest_row=99)
    assert found(shelf, "calm") == ["a"]
    assert shelf.searcher.snapshot().generation == ""


def test_a_query_of_another_width_is_refused(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    with pytest.raises(WrongSpace, match="256"):
        shelf.searcher.snapshot().search(np.ones(8, dtype=np.float32), num_tracks=1)


def test_the_in_point_is_the_start_of_the_best_segment(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "mixed bag", segments=["loud", "calm", "odd"])
    publish(shelf)
    shelf.add("b", "mixed bag", segments=["loud", "odd", "calm"])
    ranking = shelf.searcher.snapshot().search(word_vector("calm"), num_tracks=5)
    assert sorted(ranking.starts_s.tolist()) == [6.0, 12.0]


def test_a_query_under_way_keeps_its_snapshot(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    before = shelf.searcher.snapshot()
    shelf.add("b", "calm")
    publish(shelf)
    after = shelf.searcher.snapshot()
    assert len(before.search(word_vector("calm"), num_tracks=5).keys) == 1
    assert len(after.search(word_vector("calm"), num_tracks=5).keys) == 2


def test_the_calibration_of_the_live_generation_is_used(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    assert shelf.searcher.snapshot().calibration.floor == 0.3
    publish(shelf)
    assert shelf.searcher.snapshot().calibration.floor == 0.25


def test_only_allowed_rows_are_answered(shelf: Shelf) -> None:  # noqa: F811
    for track_id in "abcd":
        shelf.add(track_id, "calm")
    rows = shelf.catalogue.alive_rows(shelf.space)[[1, 3], 0]
    snapshot = shelf.searcher.snapshot()
    ranking = snapshot.search(word_vector("calm"), allowed=rows, num_tracks=9)
    assert [snapshot.records(ranking.keys)[key].id for key in ranking.keys] == ["b", "d"]


def test_no_more_tracks_come_than_were_asked_for(shelf: Shelf) -> None:  # noqa: F811
    for number in range(7):
        shelf.add(f"t{number}", "calm")
    assert found(shelf, "calm", 3) == ["t0", "t1", "t2"]


def test_a_large_index_ranks_as_a_small_one(
    shelf: Shelf,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(30):
        words = ["calm"] * (number % 4) + ["night"] * 3 + [f"w{number}"]
        shelf.add(f"t{number}", " ".join(words), segments=[" ".join(words), f"w{number}"])
    publish(shelf)
    in_full = shelf.searcher.snapshot().search(word_vector("calm"), num_tracks=5)
    monkeypatch.setattr("services.retrieval.snapshot.SCORE_ALL_ROWS", 10)
    in_two_steps = shelf.searcher.snapshot().search(word_vector("calm"), num_tracks=5)
    assert in_two_steps.keys.tolist() == in_full.keys.tolist()
    assert np.allclose(in_two_steps.scores, in_full.scores, atol=1e-3)


def test_searches_go_on_while_tracks_come_and_go(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    answers: list[list[str]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(found(shelf, "calm"))

    thread = threading.Thread(target=ask)
    thread.start()
    for number in range(5):
        shelf.add(f"b{number}", "calm")
        publish(shelf)
        shelf.catalogue.remove_track(f"b{number}")
    done.set()
    thread.join()
    assert answers
    assert all(answer[0] == "a" for answer in answers)


def test_a_reindex_pays_once_enough_rows_are_fresh(
    shelf: Shelf,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.retrieval.reindex.MIN_FRESH_ROWS", 4)
    shelf.add("a", "calm")
    assert not should_reindex(shelf.searcher)
    shelf.add("b", "calm")
    assert should_reindex(shelf.searcher)
    publish(shelf)
    assert not should_reindex(shelf.searcher)


def as_vector(values: list[float]) -> Vector:
    return np.array(values, dtype=np.float32)


def test_a_track_scores_by_its_best_segment_and_the_mean_of_all() -> None:
    ids = np.array([4096 * 2 + 1, 4096 * 2, 4096 * 2 + 2, 4096 * 5 + 1, 4096 * 5])
    scores, starts_s = as_vector([0.1, 0.9, 0.8, 0.3, 0.5]), as_vector([0, 0, 6, 0, 0])
    tracks = group_by_track(ids, scores, starts_s=starts_s, best_share=0.25)
    assert tracks.rows.tolist() == [2, 5]
    assert tracks.scores.tolist() == pytest.approx([0.25 * 0.8 + 0.75 * 0.45, 0.3])
    assert tracks.starts_s.tolist() == [6.0, 0.0]


def test_the_earlier_of_equal_segments_is_the_in_point() -> None:
    ids, starts_s = np.array([4096 + 3, 4096 + 2, 4096]), as_vector([12, 6, 0])
    tracks = group_by_track(ids, as_vector([0.5, 0.5, 0.5]), starts_s=starts_s, best_share=0.5)
    assert tracks.starts_s.tolist() == [6.0]
