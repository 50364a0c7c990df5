"""Linear probe: how much of emotion and genre lies in features, for one who may train on them?

An experiment on `emotify`, which is non-commercial: nothing that is fitted here is ever shipped.
Beside ridges the best that we can fit (`unified.py`).

Conventions
    features (N, F), targets (N, T), groups (N,): artists, which are in one of ten folds with all
    of their tracks. In each fold features and targets are standardised by the other nine and a
    ridge without intercept is fitted: with an intercept, folds by artist would give random
    features *negative* figures, since a fold's mean and that of the other nine move apart.
    Every figure is the mean over five ways to make the folds.

Metrics
    Spearman of each of five emotions (listeners' shares) with the prediction for tracks left out,
    and its mean; accuracy of the genre with the highest prediction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from encoders.bench.baselines import MFCC, mfcc_rows
from encoders.bench.emotify import EmotionTruth, read_truth
from encoders.bench.setting import Setting
from encoders.bench.table import RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks, read_features
from encoders.bench.unified import random_model, unified_model
from encoders.metrics import bootstrap_draws, interval_of, spearman
from encoders.training.manifests import read_tracks

NUM_FOLDS = 10
NUM_WAYS = 5
PENALTY = 1.0  # times the number of features: half of a standardised feature's worth
VECTORS = "ridge on track vectors"
TRUNK = "ridge on trunk features"
TAGS = "ridge on tags"
UNIFIED = "unified model"
MEAN = "Spearman, mean of five"
ACCURACY = "genre accuracy"

Predictor = Callable[[np.ndarray, np.ndarray], np.ndarray]  # train, test places -> (test, T)


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeTask:
    """Holds what is predicted of N tracks."""

    emotions: Mapping[str, np.ndarray]  # (N,) each
    genres: np.ndarray  # (N,) str
    groups: tuple[str, ...]

    @property
    def targets(self) -> np.ndarray:
        """(N, T): emotions, then one column a genre."""
        names = sorted(set(self.genres.tolist()))
        columns = [*self.emotions.values(), *((self.genres == name) * 1.0 for name in names)]
        return np.stack(columns, axis=1)


def tabulate(setting: Setting) -> Table:
    """Ridges on several features of `emotify`, by artist-grouped cross-validation.

    Raises:
        FileNotFoundError: the folder lacks the manifest.
    """
    tracks = read_tracks(setting.data_dir, "emotify")
    truth = read_truth(setting.data_dir)
    task = task_of(truth)
    sounds = list(read_features(tracks, setting).values())
    trunk = [
        [s.tag_logits.mean(axis=0), s.signal.mean(axis=0), s.pools.mean(axis=0)] for s in sounds
    ]
    features = {
        VECTORS: embed_tracks(tracks, setting).tracks,
        TRUNK: np.stack([np.concatenate(parts) for parts in trunk]),
        TAGS: np.stack([parts[0] for parts in trunk]),
        f"ridge on {MFCC}": mfcc_rows(tracks, setting),
        RANDOM: np.random.default_rng(0).normal(size=(len(tracks), 256)),
    }
    predictions = {method: predict(columns, task) for method, columns in features.items()}
    models = {
        UNIFIED: unified_model(setting, tracks, truth),
        f"{UNIFIED}, {RANDOM}": random_model(tracks, truth),
    }
    predictions |= {name: predict_by(model.predict, task) for name, model in models.items()}
    rows = [row for method, p in predictions.items() for row in probe_rows(method, p, task)]
    note = f"{NUM_FOLDS} folds by artist, {NUM_WAYS} ways; fitted on emotify, so never shipped"
    return Table(name="probe", note=note, rows=tuple(rows))


def task_of(truth: EmotionTruth) -> ProbeTask:
    """The five emotions that have prompts, the genres and the artists."""
    return ProbeTask(
        emotions={name: truth.shares[name] for name in truth.emotion_prompts},
        genres=truth.genres,
        groups=truth.artists,
    )


def validate(features: np.ndarray, task: ProbeTask) -> None:
    """Refuse what cannot be cross-validated.

    Raises:
        ValueError: other lengths, fewer groups than folds, or values that are not finite.
    """
    if features.ndim != 2 or len(features) != len(task.groups):
        raise ValueError(f"features {features.shape} for {len(task.groups)} tracks")
    if len(set(task.groups)) < NUM_FOLDS:
        raise ValueError(f"{len(set(task.groups))} groups do not make {NUM_FOLDS} folds")
    if not np.isfinite(features).all():
        raise ValueError("features must be finite")


def evaluate(features: np.ndarray, task: ProbeTask) -> dict[str, float]:
    """Every metric by name."""
    predictions = predict(features, task)
    everything = np.arange(len(features))
    found = {
        name: _mean_over(measure, predictions, everything)
        for name, measure in _measures(task).items()
    }
    emotions = [value for name, value in found.items() if name != ACCURACY]
    return {MEAN: float(np.mean(emotions)), **found}


def predict(features: np.ndarray, task: ProbeTask) -> list[np.ndarray]:
    """(N, T) predictions of tracks left out, one for each way to make the folds."""
    validate(features, task)
    return predict_by(partial(ridge, features, task.targets), task)


def predict_by(predictor: Predictor, task: ProbeTask) -> list[np.ndarray]:
    """(N, T) predictions of tracks left out by any predictor, one for each way."""
    found = []
    for way in range(NUM_WAYS):
        predictions = np.zeros(task.targets.shape)
        for test in folds_of(task.groups, seed=way):
            train = np.setdiff1d(np.arange(len(task.groups)), test)
            predictions[test] = predictor(train, test)
        found.append(predictions)
    return found


def folds_of(groups: Sequence[str], *, seed: int) -> list[np.ndarray]:
    """Ten sets of places about equally large; a group is in one of them whole."""
    names, members = np.unique(np.array(groups), return_inverse=True)
    sizes = np.bincount(members)
    order = np.random.default_rng(seed).permutation(len(names))
    filled, fold_of = np.zeros(NUM_FOLDS), np.zeros(len(names), dtype=int)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of[group] = int(np.argmin(filled))
        filled[fold_of[group]] += sizes[group]
    return [np.flatnonzero(fold_of[members] == fold) for fold in range(NUM_FOLDS)]


def ridge(
    features: np.ndarray, targets: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """(test, T) predictions in spreads from the training mean; dual form, since F > N."""
    kernel = linear_kernel(features, train)
    return kernel_ridge(kernel, targets, train, test)


def linear_kernel(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(N, N) mean products of features standardised by the training tracks."""
    mean, spread = features[train].mean(axis=0), features[train].std(axis=0) + 1e-6
    rows = (features - mean) / spread
    return np.asarray(rows @ rows.T / features.shape[1])


def kernel_ridge(
    kernel: np.ndarray,
    targets: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    *,
    penalty: float = PENALTY,
) -> np.ndarray:
    """(test, T) predictions in spreads from the training mean."""
    wanted = targets[train] - targets[train].mean(axis=0)
    wanted = wanted / (targets[train].std(axis=0) + 1e-6)
    inner = kernel[np.ix_(train, train)] + penalty * np.eye(len(train))
    return np.asarray(kernel[np.ix_(test, train)] @ np.linalg.solve(inner, wanted))


def probe_rows(method: str, predictions: Sequence[np.ndarray], task: ProbeTask) -> list[Row]:
    """Rows with intervals over the groups, each the mean over the ways to make the folds."""
    everything = np.arange(len(task.groups))
    values, drawn = {}, {}
    for name, measure in _measures(task).items():
        statistic = partial(_mean_over, measure, predictions)
        values[name] = statistic(everything)
        drawn[name] = bootstrap_draws(task.groups, statistic)
    emotions = [name for name in values if name != ACCURACY]
    values = {MEAN: float(np.mean([values[e] for e in emotions])), **values}
    drawn[MEAN] = np.mean([drawn[e] for e in emotions], axis=0)  # the same artists in all
    return [
        make_row(
            interval_of(values[name], drawn[name]),
            method=method,
            metric=name,
            subset="emotify, cross-validated",
            num_tracks=len(task.groups),
            num_queries=len(emotions) if name == MEAN else 1,
            chance=1.0 / len(set(task.genres.tolist())) if name == ACCURACY else 0.0,
        )
        for name in values
    ]


Measure = Callable[[np.ndarray, np.ndarray], float]  # (N, T) predictions, places -> value


def _measures(task: ProbeTask) -> dict[str, Measure]:
    each = {f"Spearman {e}": partial(_correlation, task, i) for i, e in enumerate(task.emotions)}
    return {**each, ACCURACY: partial(_accuracy, task)}


def _correlation(task: ProbeTask, column: int, predictions: np.ndarray, rows: np.ndarray) -> float:
    shares = list(task.emotions.values())[column]
    return spearman(predictions[rows, column], shares[rows])


def _accuracy(task: ProbeTask, predictions: np.ndarray, rows: np.ndarray) -> float:
    names = np.array(sorted(set(task.genres.tolist())))
    chosen = names[predictions[rows, len(task.emotions) :].argmax(axis=1)]
    return float((chosen == task.genres[rows]).mean())


def _mean_over(measure: Measure, predictions: Sequence[np.ndarray], rows: np.ndarray) -> float:
    return float(np.mean([measure(p, rows) for p in predictions]))
