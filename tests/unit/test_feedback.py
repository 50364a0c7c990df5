"""A second stage learns a taste that was planted, keeps the space, and is off without data."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.errors import NotEnoughFeedback
from encoders.training.feedback import (
    Feedback,
    FeedbackMap,
    Learned,
    cosine_order,
    list_recall,
    neighbour_overlap,
    read_feedback,
    save_feedback,
    train_feedback,
)
from encoders.training.presets import FeedbackConfig, feedback

NUM_TRACKS, DIMENSION, NUM_CIRCLES = 240, 24, 12


def quick() -> FeedbackConfig:
    return replace(feedback(), num_epochs=20, rank=8, batch_size=64, min_pairs=500)


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def planted() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Tracks whose taste lies in four weak columns that twenty strong ones drown out."""
    rng = np.random.default_rng(0)
    circles = rng.integers(0, NUM_CIRCLES, NUM_TRACKS)
    tastes = 0.8 * rng.standard_normal((NUM_CIRCLES, 4))
    rows = rng.standard_normal((NUM_TRACKS, DIMENSION))
    rows[:, :4] = tastes[circles] + 0.1 * rng.standard_normal((NUM_TRACKS, 4))
    rows = unit(rows)
    return {f"t{i:03d}": row for i, row in enumerate(rows)}, circles


def lists_of(circles: np.ndarray, num_lists: int, seed: int = 0) -> Feedback:
    """Lists of six tracks of one circle of taste each."""
    rng = np.random.default_rng(seed)
    heard = {}
    for i in range(num_lists):
        own = np.flatnonzero(circles == rng.integers(0, NUM_CIRCLES))
        heard[f"l{i:04d}"] = tuple(f"t{k:03d}" for k in rng.choice(own, 6, replace=False))
    return Feedback(heard=heard, skipped={})


@pytest.fixture(scope="module")
def learned() -> Learned:
    vectors, circles = planted()
    return train_feedback(quick(), vectors, lists_of(circles, 200))


def test_a_planted_taste_is_found_in_lists_that_were_held_out(learned: Learned) -> None:
    report = learned.report
    assert (report.num_lists, report.num_held_out) == (160, 40)
    assert report.gain.low > 0.05
    assert report.after.value > report.before.value + 0.1
    assert report.kept


def test_the_space_of_the_first_stage_is_kept(learned: Learned) -> None:
    assert learned.report.overlap >= quick().least_overlap
    assert learned.report.order >= quick().least_order
    vectors, _ = planted()
    rows = np.stack(list(vectors.values()))
    moved = learned.map.apply(rows)
    assert np.linalg.norm(moved, axis=1) == pytest.approx(np.ones(NUM_TRACKS), abs=1e-5)
    assert float((rows * moved).sum(axis=1).min()) > 0.7


def test_without_the_term_that_keeps_it_the_space_is_lost(learned: Learned) -> None:
    vectors, circles = planted()
    loose = train_feedback(replace(quick(), geometry_weight=0.0), vectors, lists_of(circles, 200))
    assert loose.report.order < learned.report.order - 0.1
    assert not loose.report.kept


def test_lists_without_a_taste_change_nothing_that_is_kept(tmp_path: Path) -> None:
    vectors, _ = planted()
    noise = Feedback(
        heard={
            f"l{i:04d}": tuple(np.random.default_rng(i).choice(list(vectors), 6, replace=False))
            for i in range(200)
        },
        skipped={},
    )
    found = train_feedback(quick(), vectors, noise)
    assert found.report.gain.low <= 0
    with pytest.raises(NotEnoughFeedback, match="not kept"):
        save_feedback(tmp_path / "map", found, quick())
    assert not (tmp_path / "map").exists()


@pytest.mark.parametrize("num_lists", [0, 1, 99])
def test_too_few_lists_are_refused(num_lists: int) -> None:
    vectors, circles = planted()
    with pytest.raises(NotEnoughFeedback, match=f"{num_lists} lists.*off below 100 lists"):
        train_feedback(quick(), vectors, lists_of(circles, num_lists))


def test_too_few_pairs_are_refused_and_only_known_tracks_count() -> None:
    vectors, circles = planted()
    strange = Feedback(
        heard={n: ("a", "b", ts[0], ts[1]) for n, ts in lists_of(circles, 120).heard.items()},
        skipped={},
    )
    with pytest.raises(NotEnoughFeedback, match="120 lists with 120 pairs"):
        train_feedback(quick(), vectors, strange)


def test_what_was_skipped_moves_away() -> None:
    vectors, circles = planted()
    liked = lists_of(circles, 150)
    disliked = "t000"
    skipping = Feedback(heard=liked.heard, skipped=dict.fromkeys(liked.heard, (disliked,)))
    plain, warned = (train_feedback(quick(), vectors, f).map for f in (liked, skipping))
    rows = np.stack(list(vectors.values()))
    nearness = [float((m.apply(rows)[1:] @ m.apply(rows)[0]).mean()) for m in (plain, warned)]
    assert nearness[1] < nearness[0]


def test_the_same_feedback_gives_the_same_map(learned: Learned) -> None:
    vectors, circles = planted()
    again = train_feedback(quick(), vectors, lists_of(circles, 200))
    assert again.map.up.tobytes() == learned.map.up.tobytes()


def test_a_kept_map_is_written_with_its_report(learned: Learned, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    folder = save_feedback(tmp_path / "map", learned, quick())
    stored = FeedbackMap(**load_file(str(folder / "map.safetensors")))
    rows = np.eye(DIMENSION, dtype=np.float32)
    assert np.array_equal(stored.apply(rows), learned.map.apply(rows))
    assert json.loads((folder / "report.json").read_text())["report"]["kept"] is True


def test_feedback_is_read_from_tabs_and_from_json(tmp_path: Path) -> None:
    tabs, lines = tmp_path / "a.tsv", tmp_path / "a.jsonl"
    tabs.write_text("l1\ta\nl1\tb\nl1\tb\nl1\tc\t1\n\nl2\ta\n")
    rows = [("l1", "a", 0), ("l1", "b", 0), ("l1", "c", 1), ("l2", "a", 0)]
    lines.write_text(
        "\n".join(json.dumps({"list": n, "track": t, "skipped": bool(s)}) for n, t, s in rows)
    )
    expected = Feedback(heard={"l1": ("a", "b"), "l2": ("a",)}, skipped={"l1": ("c",)})
    assert read_feedback(tabs) == read_feedback(lines) == expected
    assert expected.num_pairs == 1


@pytest.mark.parametrize("line", ["l1", "\ta", "l1\t", '{"list": "l1"}'])
def test_a_line_without_list_or_track_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a").write_text(f"l1\ta\n{line}\n")
    with pytest.raises(ValueError, match="line 2"):
        read_feedback(tmp_path / "a")


def test_recall_of_a_list_counts_the_nearest_and_ties_against() -> None:
    rows = unit(np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]]))
    assert list_recall(rows, (0, 1), k=1) == 1.0
    assert list_recall(rows, (0, 2), k=1) == 0.0
    assert list_recall(rows, (0, 1, 2), k=1) == pytest.approx(2 / 3)
    assert list_recall(np.ones((5, 2), dtype=np.float32), (0, 1), k=3) == 0.0


def test_the_same_vectors_have_the_same_geometry() -> None:
    rows = np.stack(list(planted()[0].values()))
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))[0]
    turned = (rows @ rotation).astype(np.float32)
    assert neighbour_overlap(rows, turned) > 0.99
    assert cosine_order(rows, turned) > 0.999
    other = unit(np.random.default_rng(1).standard_normal(rows.shape))
    assert neighbour_overlap(rows, other) < 0.15
    assert abs(cosine_order(rows, other)) < 0.1
