"""The protocols about clips give their golden values, and maps of scenes know no answer."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.bench import clips, fusion, scenes, wishes
from encoders.bench.protocols import MODULES
from encoders.metrics import auroc

GOLDEN = Path(__file__).parent.parent / "fixtures" / "bench"
MOODS = {"calm", "energetic", "happy", "nostalgic", "tender"}

Inputs = Mapping[str, Any]


def array(inputs: Inputs, name: str) -> np.ndarray:
    return np.array(inputs[name])


EVALUATIONS: dict[str, Callable[[Inputs], Mapping[str, float]]] = {
    "clips": lambda i: clips.evaluate(array(i, "scores"), array(i, "answers")),
    "scenes": lambda i: scenes.evaluate(array(i, "scores"), array(i, "owners")),
    "wishes": lambda i: wishes.evaluate(array(i, "scores"), array(i, "right"), array(i, "asked")),
    "fusion": lambda i: fusion.evaluate(array(i, "first"), array(i, "second"), array(i, "lean")),
}


@pytest.mark.parametrize("protocol", EVALUATIONS)
def test_a_protocol_gives_its_golden_values(protocol: str) -> None:
    golden = json.loads((GOLDEN / f"{protocol}.json").read_text(encoding="utf-8"))
    assert EVALUATIONS[protocol](golden["inputs"]) == pytest.approx(golden["values"], abs=1e-6)


def test_every_protocol_about_clips_can_be_asked_for() -> None:
    assert set(EVALUATIONS) <= set(MODULES)


def test_golden_wishes_are_what_a_slow_loop_finds() -> None:
    golden = json.loads((GOLDEN / "wishes.json").read_text(encoding="utf-8"))
    inputs, found, areas = golden["inputs"], [], []
    for scores, right in zip(inputs["scores"], inputs["right"], strict=True):
        first = sorted(range(len(scores)), key=lambda i: -scores[i])[:3]
        found.append(any(right[i] for i in first))
        areas.append(auroc(np.array(scores), np.array(right)))
    assert golden["values"][wishes.MOOD] == pytest.approx(np.mean(found))
    assert golden["values"][wishes.AUROC] == pytest.approx(np.mean(areas))


def test_a_track_of_many_clips_counts_like_a_track_of_one() -> None:
    hits, owners = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 0, 1])
    assert scenes.by_track(hits, owners) == 0.5


def test_equal_scores_count_against_the_model() -> None:
    assert scenes.hits_of(np.zeros((2, 9)), np.array([0, 1])).tolist() == [0.0, 0.0]
    assert clips.evaluate(np.zeros((1, 11)), np.array([4]))["mean rank"] == 11.0


def test_chance_of_a_mood_in_three_is_that_of_an_urn() -> None:
    right = np.zeros((1, 28), dtype=bool)
    right[0, :5] = True
    draws = np.random.default_rng(0).random((4_000, 28)).argsort(axis=1)[:, :3]
    expected = (draws < 5).any(axis=1).mean()
    assert wishes.chance(right, right)[wishes.MOOD] == pytest.approx(expected, abs=0.02)


def noisy_scenes(num_tracks: int = 12, clips_each: int = 3) -> tuple[np.ndarray, ...]:
    """Clips that show their track's music, the music, and whose each is."""
    rng = np.random.default_rng(0)
    music = rng.normal(size=(num_tracks, 4))
    owners = np.repeat(np.arange(num_tracks), clips_each)
    seen = music[owners] @ rng.normal(size=(4, 30)) + 0.1 * rng.normal(size=(len(owners), 30))
    return seen, music, owners


def test_a_map_finds_a_track_that_it_has_never_met() -> None:
    seen, music, owners = noisy_scenes()
    scores = scenes.leave_one_out((seen,), music, owners)
    assert scenes.by_track(scenes.hits_of(scores, owners, top=1), owners) > 0.8


def test_a_left_out_track_may_change_its_clips_without_changing_other_scores() -> None:
    """The map that scores a candidate never saw the candidate's own clips."""
    seen, music, owners = noisy_scenes()
    changed = seen.copy()
    changed[owners == 5] += 50.0
    codes = [seen, changed]
    asking = owners == 2
    one, other = (
        scenes.score_with([c], music, owners, fitting=(owners != 2) & (owners != 5),
                          asking=asking, candidates=[5])
        for c in codes
    )  # fmt: skip
    assert np.array_equal(one, other)


def test_noise_finds_tracks_no_better_than_chance() -> None:
    _, music, owners = noisy_scenes(num_tracks=20)
    rng = np.random.default_rng(1)
    draws = [rng.normal(size=(len(owners), 10)) for _ in range(8)]
    hits = [
        scenes.hits_of(scenes.leave_one_out((noise,), music, owners), owners) for noise in draws
    ]
    assert np.mean(hits) < 5 / 20 + 0.06


def test_words_that_turn_the_list_are_followed_and_an_unmoved_list_is_not() -> None:
    lean = np.linspace(-1.0, 1.0, 30)
    towards, away = lean[None], -lean[None]
    assert fusion.follows(towards, away, lean).tolist() == [1.0]
    assert fusion.follows(away, towards, lean).tolist() == [0.0]
    assert fusion.follows(towards, towards, lean).tolist() == [0.0]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: clips.validate(np.ones((2, 3)), np.array([0, 3])), "one of the 3 clips"),
        (lambda: scenes.validate(np.ones((2, 3)), np.array([0])), "for 1 clips"),
        (lambda: scenes.validate(np.full((1, 3), np.nan), np.array([0])), "finite"),
        (
            lambda: wishes.validate(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2))),
            "tracks that do not",
        ),
        (lambda: fusion.validate(np.ones((1, 5)), np.ones((1, 5)), np.ones(5)), "5 tracks"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(run: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run()


def test_forty_wishes_cover_every_mood_alike_and_name_clips_that_have_sentences() -> None:
    wished = wishes.read_wishes()
    counts = {mood: sum(w.mood == mood for w in wished) for mood in MOODS}
    assert len(wished) == 40
    assert set(counts.values()) == {8}
    assert {w.style for w in wished} == {"", "acoustic", "electronic"}
    assert {w.clip for w in wished} == {s.clip for s in clips.read_sentences()}


def test_each_clip_has_one_sentence_to_choose_on_and_one_to_report() -> None:
    sentences = clips.read_sentences()
    pairs = sorted((s.clip, s.group) for s in sentences)
    named = {s.clip for s in sentences}
    assert pairs == sorted((name, group) for name in named for group in clips.GROUPS)
    assert len(named) == 11
