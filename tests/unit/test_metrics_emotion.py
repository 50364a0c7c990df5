"""Emotion measures on listeners that were made up."""

from collections.abc import Mapping

import numpy as np
import pytest

from encoders.bench.baselines import random_scorer
from encoders.bench.emotify import (
    EmotionTruth,
    Wish,
    emotion_measures,
    genre_accuracy,
    mean_mood_auroc,
    opposite_correlations,
    summed_relevance,
)
from encoders.bench.ranking import chance_of
from encoders.bench.text import words_of

JOY = np.array([0.9, 0.6, 0.3, 0.0])
CALM = np.array([0.1, 0.2, 0.8, 0.9])


@pytest.fixture
def truth() -> EmotionTruth:
    return EmotionTruth(
        titles=("a", "b", "c", "d"),
        artists=("x", "x", "y", "z"),
        splits=("val", "val", "test", "test"),
        genres=np.array(["rock", "rock", "pop", "pop"]),
        shares={"joy": JOY, "calm": CALM},
        emotion_prompts={"joy": ("joyful", "happy"), "calm": ("calm",)},
        genre_prompts={"rock": ("rock",), "pop": ("pop",)},
        opposites=(("loud", "quiet"),),
        wishes=(Wish(text="merry", wanted=("joy",), avoided=(), genre="", group="emotion"),),
    )


@pytest.fixture
def scores() -> dict[str, np.ndarray]:
    rock = np.array([2.0, 1.0, 0.0, -1.0])
    return {
        "joyful": JOY, "happy": JOY**2, "calm": CALM, "rock": rock, "pop": -rock,
        "loud music": JOY, "quiet music": -JOY, "merry": JOY,
    }  # fmt: skip


def test_scores_that_are_the_answers_reach_the_top(
    truth: EmotionTruth, scores: Mapping[str, np.ndarray]
) -> None:
    values = {m.name: m.of(np.arange(4)) for m in emotion_measures(scores, truth)}
    assert values == pytest.approx(
        {
            "Spearman, mean of five": 1.0,
            "Spearman joy": 1.0,
            "Spearman calm": 1.0,
            "genre accuracy": 1.0,
            "opposites apart": 1.0,
            "nDCG@10 emotion": 1.0,
        }
    )


def test_every_text_that_is_scored_is_named_once(
    truth: EmotionTruth, scores: Mapping[str, np.ndarray]
) -> None:
    assert sorted(truth.texts) == sorted(scores)


def test_tracks_are_split_as_the_data_says(truth: EmotionTruth) -> None:
    subsets = {name: rows.tolist() for name, rows in truth.subsets().items()}
    assert subsets == {"all": [0, 1, 2, 3], "val": [0, 1], "test": [2, 3]}


def test_relevance_is_the_sum_of_places_from_the_end(scores: Mapping[str, np.ndarray]) -> None:
    summed = summed_relevance(scores, ("joyful", "calm"), np.arange(4))
    assert summed.tolist() == [3.0, 3.0, 3.0, 3.0]


def test_opposites_that_rank_alike_are_found_out(truth: EmotionTruth) -> None:
    alike = {"loud music": JOY, "quiet music": JOY}
    assert opposite_correlations(alike, truth, np.arange(4)) == {
        ("loud", "quiet"): pytest.approx(1.0)
    }


def test_a_flat_score_names_no_genre_better_than_the_first(truth: EmotionTruth) -> None:
    flat = {"rock": np.zeros(4), "pop": np.zeros(4)}
    assert genre_accuracy(flat, truth, np.arange(4)) == 0.5


def test_moods_are_averaged_and_absent_ones_left_out() -> None:
    labels = np.array(["calm", "calm", "happy"])
    scores = np.array([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert mean_mood_auroc(scores, labels, ["calm", "happy", "sad"]) == pytest.approx(0.5)


def test_random_scores_depend_on_text_and_seed_alone() -> None:
    one, again = random_scorer(5, seed=1)(["calm"]), random_scorer(5, seed=1)(["calm"])
    assert np.array_equal(one, again)
    assert not np.array_equal(one, random_scorer(5, seed=2)(["calm"]))


def test_chance_is_what_random_scores_reach() -> None:
    right = np.zeros((40, 20), dtype=bool)
    right[:, 0] = True
    chance = chance_of(right)
    assert chance["R@5"] == pytest.approx(0.25, abs=0.02)
    assert chance["median rank"] == pytest.approx(10.5, abs=0.5)


def test_the_words_of_a_track_are_gathered_once_and_without_its_title() -> None:
    row = {"title": "Fight", "scene": ["battle", "boss"], "context": "Boss", "text": None}
    assert words_of(row) == "battle, boss"
