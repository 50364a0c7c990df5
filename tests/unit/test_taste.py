"""Taste: one direction for a seed of one kind, several for a diverse one."""

import numpy as np
import pytest

from services.recommendation.hits import Vector
from services.recommendation.taste import summarise_taste
from tests.fakes import unit, word_vector


def near(word: str, seed: int) -> Vector:
    noise = np.random.default_rng(seed).standard_normal(256)
    return unit(word_vector(word) + 0.02 * noise)


def test_a_seed_of_one_kind_has_one_taste() -> None:
    tastes = summarise_taste([near("calm", seed) for seed in range(6)])
    assert len(tastes) == 1
    assert tastes[0].weight == 1.0
    assert float(tastes[0].vector @ word_vector("calm")) > 0.9


def test_a_diverse_seed_has_a_taste_for_each_kind_beside_the_whole() -> None:
    seed = [near("calm", 1), near("metal", 2), near("calm", 3), near("metal", 4)]
    tastes = summarise_taste(seed)
    best = {word: max(float(t.vector @ word_vector(word)) for t in tastes)
            for word in ("calm", "metal")}  # fmt: skip
    assert len(tastes) == 3
    assert min(best.values()) > 0.9


def test_weights_add_up_to_one() -> None:
    for words in (["calm"] * 4, ["calm", "metal"] * 4, list("abcdefgh")):
        tastes = summarise_taste([near(word, i) for i, word in enumerate(words)])
        assert sum(taste.weight for taste in tastes) == pytest.approx(1.0)


def test_later_tracks_weigh_more() -> None:
    old, new = word_vector("old"), word_vector("new")
    taste = summarise_taste([old, *[new] * 2, *[old] * 2, *[new] * 2][-3:])[0]
    forward = summarise_taste([old, new])[0].vector
    assert float(forward @ new) > float(forward @ old)
    assert np.linalg.norm(taste.vector) == pytest.approx(1.0, abs=1e-5)


def test_the_same_seed_gives_the_same_tastes() -> None:
    seed = [near(word, i) for i, word in enumerate("abcabcabc")]
    first, second = summarise_taste(seed), summarise_taste(seed)
    assert all(np.array_equal(a.vector, b.vector) for a, b in zip(first, second, strict=True))


def test_a_seed_without_sound_has_no_taste() -> None:
    with pytest.raises(ValueError, match="at least one"):
        summarise_taste([])
