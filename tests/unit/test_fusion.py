"""Words and a picture join by their spreads, and the clip head speaks of what it has learned."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import load_embedder
from encoders.errors import BrokenWeights
from encoders.towers.clip import ClipDescription, ClipView
from encoders.towers.clip_head import load_clip_head
from encoders.towers.fusion import Fusion, load_fusion
from encoders.training.clips import Scene, fit_ridge, strongest_directions, weights_of
from encoders.training.fusion import Examples, best_fit, choose_gain, fit_clip_head
from encoders.training.sources import source_directions

FLAT = ClipDescription(
    words=(), brightness=0.5, saturation=0.5, warmth=0.0, motion=0.2, cuts_per_minute=0.0,
    valence=0.0, energy=0.0, power=0.0,
)  # fmt: skip


def view_of(log_probabilities: np.ndarray, pools: np.ndarray) -> ClipView:
    return ClipView(
        sentence_vector=np.eye(384, dtype=np.float32)[0],
        meaning=np.eye(384, dtype=np.float32)[0],
        log_probabilities=log_probabilities.astype(np.float32),
        pools=pools.astype(np.float32),
        certainty=0.5,
        description=FLAT,
    )


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def test_the_shipped_fusion_is_words_at_one_end_and_the_picture_at_the_other() -> None:
    text, shown = unit(np.random.default_rng(0).normal(size=(2, 256))).astype(np.float32)
    fusion = load_fusion()
    assert np.allclose(unit(fusion.join(text, shown, 0.0)), text, atol=1e-6)
    assert np.allclose(unit(fusion.join(text, shown, 1.0)), shown, atol=1e-6)


def test_balance_moves_the_question_without_a_jump() -> None:
    text, shown = unit(np.random.default_rng(0).normal(size=(2, 256))).astype(np.float32)
    rows = [unit(load_fusion().join(text, shown, b)) for b in np.linspace(0.0, 1.0, 1_001)]
    nearness = np.array([float(row @ shown) for row in rows])
    assert (np.diff(nearness) > 0).all()
    assert max(np.linalg.norm(a - b) for a, b in pairwise(rows)) < 0.05


def test_a_picture_that_spreads_tracks_wider_counts_no_more_than_another() -> None:
    fusion = Fusion(covariance=np.diag([1.0, 100.0]), usual=1.0, gain=0.5)
    text = np.zeros(2)
    narrow, wide = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    spreads = [fusion.spread(fusion.join(text, shown, 0.5)) for shown in (narrow, wide)]
    assert spreads[0] == pytest.approx(spreads[1])
    assert np.isfinite(fusion.join(text, np.zeros(2), 0.5)).all()


def test_an_embedder_joins_vague_words_so_that_the_picture_decides() -> None:
    embedder = load_embedder()
    vague = np.eye(256, dtype=np.float32)[254]  # words that say nothing of music
    shown = unit(np.random.default_rng(0).normal(size=256)).astype(np.float32)
    shown[254] = 0.0
    joined = embedder.fuse(text=vague, clip=unit(shown))
    alone = unit(joined - (joined @ vague) * vague)
    assert float(alone @ unit(shown)) > 0.999


def test_the_gain_chosen_is_the_one_that_serves_the_examples() -> None:
    rng = np.random.default_rng(0)
    sounds = unit(rng.normal(size=(200, 16)))
    wanted = unit(rng.normal(size=(150, 16)))
    fit = wanted @ sounds.T
    fusion = Fusion(covariance=np.cov(sounds.T), usual=0.25, gain=0.0)
    noise = unit(rng.normal(size=(150, 16)))
    good = Examples(texts=unit(wanted + 1.2 * noise), shown=wanted, fit=fit)
    bad = Examples(texts=wanted, shown=noise, fit=fit)
    assert choose_gain(good, sounds, fusion)[0] == 1.0
    assert choose_gain(bad, sounds, fusion)[0] == 0.05
    assert best_fit(wanted, sounds, fit) > best_fit(noise, sounds, fit)


def test_a_clip_head_learns_what_tracks_were_chosen_and_is_silent_elsewhere(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    axes_of = {f"track {i}": rng.normal(size=5) for i in range(10)}
    shows = [rng.normal(size=(5, size)) for size in (1_000, 1_280)]
    scenes, views = [], {}
    for i, (track, axes) in enumerate(axes_of.items()):
        for k in range(3):
            name = f"{i} {k}"
            scenes.append(Scene(id=name, file=tmp_path, track=track, game="g", place="p",
                                informative=True, split="train", licence="CC0-1.0",
                                author="nobody"))  # fmt: skip
            views[name] = view_of(*(axes @ s + 0.1 * rng.normal(size=s.shape[1]) for s in shows))
    fit_clip_head(scenes, views, axes_of, tmp_path / "clip")
    head = load_clip_head(tmp_path / "clip")
    heard = np.stack(list(axes_of.values()))
    asked = np.stack([head.axes(views[f"{i} 0"]) for i in range(10)])
    assert np.corrcoef(asked[:, 0], heard[:, 0])[0, 1] > 0.9
    elsewhere = view_of(rng.normal(size=1_000) * 3.0, rng.normal(size=1_280))
    assert head.familiarity(views["0 0"]) == 1.0
    assert head.familiarity(elsewhere) == 0.0


def test_a_changed_clip_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights):
        load_clip_head(tmp_path)


def test_weights_give_each_owner_the_same() -> None:
    weights = weights_of(np.array([4, 4, 4, 9]))
    assert weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_a_ridge_without_penalty_finds_a_linear_law() -> None:
    rng = np.random.default_rng(0)
    codes, law = rng.normal(size=(50, 3)), rng.normal(size=(3, 2))
    fitted = fit_ridge(codes, codes @ law + 7.0, np.full(50, 1 / 50), ridge=1e-9)
    assert np.allclose(fitted.matrix, law, atol=1e-5)
    assert np.allclose(fitted.usual + fitted.predict(codes), codes @ law + 7.0, atol=1e-5)


def test_the_strongest_direction_comes_first_with_unit_spread() -> None:
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(80, 6)) * np.array([1.0, 1.0, 9.0, 1.0, 4.0, 1.0])
    codes = strongest_directions(seen, 2).codes(seen)
    assert codes[:, 0].std() == pytest.approx(1.0)
    assert codes[:, 1].std() < 0.6
    assert abs(np.corrcoef(codes[:, 0], seen[:, 2])[0, 1]) > 0.95


def test_source_directions_tell_sources_apart_that_they_have_not_heard() -> None:
    rng = np.random.default_rng(0)
    centres = np.zeros((6, 40))
    centres[:, :2] = 4.0 * rng.normal(size=(6, 2))
    names = [f"game {i % 6}" for i in range(60)]
    sounds = rng.normal(size=(60, 40)) + centres[np.arange(60) % 6]
    fresh = rng.normal(size=(12, 40)) + centres[np.arange(12) % 6]
    places = source_directions(sounds, names, 2).of(np.concatenate([fresh, centres]))
    distances = np.linalg.norm(places[:12, None] - places[None, 12:], axis=2)
    assert (distances.argmin(axis=1) == np.arange(12) % 6).mean() > 0.6  # chance is 1 in 6


def test_source_directions_need_two_sources() -> None:
    with pytest.raises(ValueError, match="needed are 2"):
        source_directions(np.eye(5), ["a", "a", "a", "b", "c"])
