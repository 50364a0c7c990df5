"""Every protocol gives the values of its golden file, and refuses what it cannot measure.

A golden file holds small inputs and the values that they gave when it was written, so that a
protocol cannot change its meaning unnoticed; the slow loops below say that the meaning was right.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import skew

from encoders.bench import agreement, coverage, emotion, halves, hubness, pairs, probe, robustness
from encoders.bench.emotify import EmotionTruth, Wish
from encoders.bench.probe import ProbeTask
from encoders.metrics import evaluate as evaluate_ranking

GOLDEN = Path(__file__).parent.parent / "fixtures" / "bench"

Inputs = Mapping[str, Any]


def array(inputs: Inputs, name: str) -> np.ndarray:
    return np.array(inputs[name])


def probe_task(inputs: Inputs) -> ProbeTask:
    return ProbeTask(
        emotions={name: np.array(shares) for name, shares in inputs["emotions"].items()},
        genres=np.array(inputs["genres"]),
        groups=tuple(inputs["groups"]),
    )


def emotion_truth(inputs: Inputs) -> EmotionTruth:
    plain = dict(inputs["truth"])
    plain["genres"] = np.array(plain["genres"])
    plain["shares"] = {name: np.array(shares) for name, shares in plain["shares"].items()}
    plain["wishes"] = tuple(Wish(**wish) for wish in plain["wishes"])
    return EmotionTruth(**plain)


def emotion_values(inputs: Inputs) -> dict[str, float]:
    scores = {text: np.array(values) for text, values in inputs["scores"].items()}
    return emotion.evaluate(scores, emotion_truth(inputs))


EVALUATIONS: dict[str, Callable[[Inputs], Mapping[str, float]]] = {
    "emotion": emotion_values,
    "text": lambda i: evaluate_ranking(array(i, "scores"), array(i, "right")),
    "halves": lambda i: halves.evaluate(array(i, "first"), array(i, "second")),
    "robustness": lambda i: robustness.evaluate(
        array(i, "changed"), array(i, "originals"), array(i, "places")
    ),
    "pairs": lambda i: pairs.evaluate(array(i, "recordings"), array(i, "scores")),
    "hubness": lambda i: hubness.evaluate(array(i, "vectors"), k=i["k"]),
    "coverage": lambda i: coverage.evaluate(array(i, "lists"), i["num_tracks"]),
    "agreement": lambda i: agreement.evaluate(array(i, "clips"), array(i, "chosen"), i["names"]),
    "probe": lambda i: probe.evaluate(array(i, "features"), probe_task(i)),
}


@pytest.mark.parametrize("protocol", EVALUATIONS)
def test_a_protocol_gives_its_golden_values(protocol: str) -> None:
    golden = json.loads((GOLDEN / f"{protocol}.json").read_text(encoding="utf-8"))
    assert EVALUATIONS[protocol](golden["inputs"]) == pytest.approx(golden["values"], abs=1e-6)


def test_golden_ranks_are_what_a_slow_loop_finds() -> None:
    golden = json.loads((GOLDEN / "halves.json").read_text(encoding="utf-8"))
    first, second = array(golden["inputs"], "first"), array(golden["inputs"], "second")
    ranks = []
    for i, query in enumerate(first):
        scores = [float(query @ item) for item in second]
        ranks.append(1 + sum(score >= scores[i] for j, score in enumerate(scores) if j != i))
    assert golden["values"]["R@1"] == np.mean([rank == 1 for rank in ranks])
    assert golden["values"]["median rank"] == np.median(ranks)


def test_golden_hubs_are_what_a_slow_loop_finds() -> None:
    golden = json.loads((GOLDEN / "hubness.json").read_text(encoding="utf-8"))
    vectors, counts = array(golden["inputs"], "vectors"), np.zeros(30)
    for i, query in enumerate(vectors):
        others = sorted((j for j in range(30) if j != i), key=lambda j: -float(query @ vectors[j]))
        counts[others[:3]] += 1
    assert golden["values"]["skewness"] == pytest.approx(skew(counts))
    assert golden["values"]["never listed"] == pytest.approx((counts == 0).mean())


def test_a_list_holds_the_nearest_and_never_the_track_itself() -> None:
    vectors = np.array([[1.0, 0.0], [0.9, 0.4], [0.8, -0.6], [0.7, -0.71]])
    lists = hubness.nearest_lists(vectors, k=1)
    assert lists[:, 0].tolist() == [1, 0, 3, 2]


def test_hub_lists_are_those_with_the_most_listed_track() -> None:
    lists = np.array([[1], [0], [0], [0]])
    assert hubness.hub_lists(lists, 4).tolist() == [False, True, True, True]
    assert hubness.measures_of(lists, 4) == {
        "skewness": pytest.approx((8 - 1 - 1) / 4 / 1.5**1.5),
        "lists with a top hub": 0.75,
        "never listed": 0.5,
    }


def test_gini_is_none_for_alike_and_most_for_one_that_has_all() -> None:
    assert coverage.gini(np.array([2, 2, 2, 2])) == 0.0
    assert coverage.gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert coverage.gini(np.zeros(3, dtype=int)) == 0.0


def test_a_track_chosen_for_two_clips_agrees_by_either() -> None:
    clips = np.eye(3)
    chosen = np.array([[1.0, 0.9, 0.0], [1.0, 0.9, 0.0], [1.0, 0.0, 0.5]])
    values = agreement.evaluate(clips, chosen, ["a", "a", "b"])
    assert values["P@1"] == pytest.approx(2 / 3)
    assert agreement.evaluate(clips, chosen, ["a", "c", "b"])["P@1"] == pytest.approx(1 / 3)


def test_folds_keep_artists_together_and_hold_everybody_once() -> None:
    groups = [f"artist {i % 23}" for i in range(100)]
    folds = probe.folds_of(groups, seed=0)
    assert sorted(np.concatenate(folds).tolist()) == list(range(100))
    artists = [{groups[i] for i in fold} for fold in folds]
    assert sum(len(a) for a in artists) == 23


def test_random_features_know_nothing_of_emotions() -> None:
    rng = np.random.default_rng(0)
    groups = tuple(f"artist {i // 3}" for i in range(150))
    shares = np.repeat(rng.random(50), 3)  # artists differ: an intercept would be punished
    task = ProbeTask(emotions={"joy": shares}, genres=np.array(["a", "b"] * 75), groups=groups)
    values = probe.evaluate(rng.normal(size=(150, 40)), task)
    assert abs(values["Spearman joy"]) < 0.2


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: halves.validate(np.ones((3, 2)), np.ones((2, 2))), "are not pairs"),
        (lambda: halves.validate(np.ones((1, 2)), np.ones((1, 2))), "needs another track"),
        (lambda: pairs.validate(np.ones((3, 2)), np.full((3, 2), np.nan)), "finite"),
        (lambda: hubness.validate(np.ones((5, 2)), k=5), "at least 6"),
        (lambda: coverage.validate(np.array([[7]]), 3), "0 to 2"),
        (
            lambda: robustness.validate(np.ones((1, 2)), np.ones((3, 2)), np.array([3])),
            "0 to 2",
        ),
        (
            lambda: agreement.validate(np.ones((2, 2)), np.ones((2, 2)), ["a"]),
            "2 names|1 names",
        ),
        (
            lambda: probe.validate(
                np.ones((2, 1)),
                ProbeTask(emotions={}, genres=np.array(["a", "a"]), groups=("x", "y")),
            ),
            "do not make 10 folds",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(run: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run()
