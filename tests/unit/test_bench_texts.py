"""Protocols of texts: golden values, what they refuse, and what their published lists hold."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.bench import antonyms, free_queries, moods, negation
from encoders.lexicon.vocabulary import load_vocabulary
from encoders.metrics import spearman
from encoders.training.texts import PARAPHRASES, TEMPLATES

GOLDEN = Path(__file__).parent.parent / "fixtures" / "bench"

Inputs = Mapping[str, Any]


def array(inputs: Inputs, name: str) -> np.ndarray:
    return np.array(inputs[name])


EVALUATIONS: dict[str, Callable[[Inputs], Mapping[str, float]]] = {
    "antonyms": lambda i: antonyms.evaluate(array(i, "one"), array(i, "other")),
    "free_queries": lambda i: free_queries.evaluate(
        array(i, "scores"), array(i, "heard"), array(i, "wanted"), array(i, "unwanted")
    ),
    "moods": lambda i: moods.evaluate(array(i, "scores"), array(i, "labels"), i["moods"]),
    "negation": lambda i: negation.evaluate(
        array(i, "denying"), array(i, "positive"), array(i, "gains")
    ),
}


def golden(protocol: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{protocol}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("protocol", EVALUATIONS)
def test_a_protocol_gives_its_golden_values(protocol: str) -> None:
    found = golden(protocol)
    assert EVALUATIONS[protocol](found["inputs"]) == pytest.approx(found["values"], abs=1e-6)


def test_golden_opposites_are_what_a_slow_loop_finds() -> None:
    found = golden("antonyms")
    pairs = zip(found["inputs"]["one"], found["inputs"]["other"], strict=True)
    values = [spearman(np.array(one), np.array(other)) for one, other in pairs]
    apart = sum(value < 0 for value in values) / len(values)
    assert found["values"]["opposites apart"] == apart
    assert 0 < apart < 1


def test_golden_margins_are_what_a_slow_loop_finds() -> None:
    found = golden("free_queries")
    inputs, margins = found["inputs"], []
    for scores, wanted, unwanted in zip(
        inputs["scores"], inputs["wanted"], inputs["unwanted"], strict=True
    ):
        first = sorted(range(len(scores)), key=lambda n: -scores[n])[:10]
        means = [
            np.mean([inputs["heard"][n][t] for n in first for t in range(6) if mask[t]])
            for mask in (wanted, unwanted)
        ]
        margins.append(means[0] - means[1])
    assert found["values"]["margin"] == pytest.approx(np.mean(margins))


def test_perfect_and_contrary_scores_reach_the_ends() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4, 20))
    assert antonyms.evaluate(scores, -scores) == pytest.approx(
        {"opposites apart": 1.0, "Spearman of opposites": -1.0}
    )
    heard = rng.normal(size=(20, 2))
    wanted, unwanted = np.array([[True, False]]), np.array([[False, True]])
    best = (heard[:, 0] - heard[:, 1])[None]
    assert free_queries.evaluate(best, heard, wanted, unwanted)["wanted above unwanted"] == 1.0
    assert free_queries.evaluate(-best, heard, wanted, unwanted)["wanted above unwanted"] == 0.0


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda: antonyms.validate(np.zeros((2, 3)), np.zeros((3, 3))), "not pairs"),
        (lambda: antonyms.validate(np.full((1, 3), np.nan), np.zeros((1, 3))), "finite"),
        (
            lambda: free_queries.validate(
                np.zeros((1, 3)), np.zeros((3, 2)), np.zeros((1, 2), bool), np.ones((1, 2), bool)
            ),
            "wants nothing",
        ),
        (
            lambda: moods.validate(np.zeros((1, 2)), np.array(["calm", "calm"]), ["calm"]),
            "tracks without",
        ),
        (
            lambda: negation.validate(np.zeros((1, 2)), np.zeros((1, 2)), np.full((1, 2), -1.0)),
            "negative",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(ask: Callable[[], None], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ask()


def test_the_published_pairs_are_many_and_different() -> None:
    pairs = antonyms.read_pairs()
    assert len(pairs) >= 60
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)


def test_the_free_wishes_name_what_is_measured() -> None:
    wishes = free_queries.read_wishes()
    assert len(wishes) == 100
    wanted, unwanted = free_queries.masks(wishes, free_queries.heard_names())
    assert wanted.any(axis=1).all()
    assert unwanted.any(axis=1).all()
    assert not (wanted & unwanted).any()


def test_no_free_wish_is_a_phrase_or_a_framed_phrase_of_the_lists() -> None:
    phrases = load_vocabulary().phrases
    framed = {f.format(p).lower() for p in phrases for f in (*TEMPLATES, *PARAPHRASES)}
    assert [w.text for w in free_queries.read_wishes() if w.text.lower() in framed] == []


def test_a_wish_for_what_is_not_measured_is_named() -> None:
    wish = free_queries.FreeWish(text="oompah", wanted=("tuba",), unwanted=("rock",))
    with pytest.raises(ValueError, match="'oompah': 'tuba' is not measured"):
        free_queries.masks([wish], free_queries.heard_names())


def test_every_denying_wish_wants_one_emotion_and_rules_out_another() -> None:
    for wish in negation.read_wishes():
        assert wish.wanted != wish.avoided
        assert wish.positive.split()[0].strip(",") in wish.text
