"""A few figures on a few tracks, quick enough to hold every change against them.

    figures = measure_gate(setting)         # name -> value, about a minute without a cache

Recordings are 28 of `stock` and 16 of `emotify`. Higher is better in every figure; what they must
reach is recorded in `tests/fixtures/bench/gate.json`, written by `python -m benchmarks.gate`.
"""

from dataclasses import replace

import numpy as np

from encoders.bench.baselines import random_rows, random_scorer, vector_scorer
from encoders.bench.emotify import EmotionTruth, emotion_measures, mean_mood_auroc, read_truth
from encoders.bench.halves import evaluate as evaluate_halves
from encoders.bench.setting import Setting
from encoders.bench.tracks import embed_tracks, project_part, read_features
from encoders.training.manifests import Track, read_tracks

NUM_RATED = 16
EMOTIONS = "emotion: Spearman, mean of five"
OPPOSITES = "emotion: opposites apart"
MOODS = "stock: mood AUROC"
HALVES = "halves: R@1"
METRICS = {"Spearman, mean of five": EMOTIONS, "opposites apart": OPPOSITES}


def measure_gate(setting: Setting) -> dict[str, float]:
    """What the towers of a setting reach.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    stock, (rated, truth) = read_tracks(setting.data_dir, "stock"), rated_sample(setting)
    rated_vectors = embed_tracks(rated, setting).tracks
    score = vector_scorer(setting.embedder, rated_vectors)
    scores = dict(zip(truth.texts, score(truth.texts), strict=True))
    moods = [t.labels["mood"] for t in stock]
    names = sorted(set(moods))
    mood_scores = vector_scorer(setting.embedder, embed_tracks(stock, setting).tracks)(
        [f"{name} music" for name in names]
    )
    sounds = list(read_features([*stock, *rated], setting).values())
    first, second = (project_part(sounds, setting, part=part) for part in range(2))
    return {
        **_emotion_figures(scores, truth),
        MOODS: mean_mood_auroc(mood_scores, np.array(moods), names),
        HALVES: evaluate_halves(first, second)["R@1"],
    }


def measure_random(setting: Setting) -> dict[str, float]:
    """What random features reach on the same tracks: a floor below says nothing."""
    stock, (rated, truth) = read_tracks(setting.data_dir, "stock"), rated_sample(setting)
    score = random_scorer(len(rated))
    scores = dict(zip(truth.texts, score(truth.texts), strict=True))
    moods = [t.labels["mood"] for t in stock]
    names = sorted(set(moods))
    mood_scores = random_scorer(len(stock))([f"{name} music" for name in names])
    num_sounds = len(stock) + len(rated)
    return {
        **_emotion_figures(scores, truth),
        MOODS: mean_mood_auroc(mood_scores, np.array(moods), names),
        HALVES: evaluate_halves(random_rows(num_sounds), random_rows(num_sounds, seed=1))["R@1"],
    }


def rated_sample(setting: Setting) -> tuple[list[Track], EmotionTruth]:
    """Tracks of `emotify`, evenly over the manifest, and what listeners said of them."""
    tracks, truth = read_tracks(setting.data_dir, "emotify"), read_truth(setting.data_dir)
    rows = np.linspace(0, len(tracks) - 1, NUM_RATED).round().astype(int)
    chosen = replace(
        truth,
        titles=tuple(truth.titles[i] for i in rows),
        artists=tuple(truth.artists[i] for i in rows),
        splits=tuple(truth.splits[i] for i in rows),
        genres=truth.genres[rows],
        shares={name: shares[rows] for name, shares in truth.shares.items()},
    )
    return [tracks[i] for i in rows], chosen


def _emotion_figures(scores: dict[str, np.ndarray], truth: EmotionTruth) -> dict[str, float]:
    everything = np.arange(len(truth.genres))
    return {
        METRICS[m.name]: m.of(everything)
        for m in emotion_measures(scores, truth)
        if m.name in METRICS
    }
