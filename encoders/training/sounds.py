"""The sounds that the heads learn from, as segments.

And the analytic audio head that they start from.

Statistics, whitening and radius come from the training recordings alone. S segments, F = 1565
features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.lexicon.vocabulary import AXES
from encoders.towers.audio import DIMENSION, AudioHead
from encoders.training.manifests import Track
from encoders.training.recipe import NUM_CONCEPTS, axis_weights
from encoders.trunks.features import SoundFeatures, segment_mean
from encoders.trunks.musicnn import TAGS
from encoders.trunks.signal import SIGNAL_NAMES

NUM_PLAIN = len(TAGS) + len(SIGNAL_NAMES)  # 59: the features that the concepts are sums of
NUM_WHITENED = DIMENSION - 2 - NUM_CONCEPTS  # 199 columns for what the concepts do not say
RADIUS_PERCENTILE = 95.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sounds:
    """Holds the segments of some tracks.

    And what of the tracks is needed to pair them with words.
    """

    features: np.ndarray  # (S, F) float32: tags, signal, pools
    owners: np.ndarray  # (S,) row of `tracks`
    tracks: tuple[Track, ...]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Holds how much each part of an audio row counts.

    Chosen on validation, see docs/experiments.md.
    """

    axes: float = 1.0
    tags: float = 0.3
    whitened: float = 0.3


def gather_sounds(tracks: Sequence[Track], features: Mapping[str, SoundFeatures]) -> Sounds:
    """Segments of the tracks that have features, in their order."""
    heard = [t for t in tracks if t.id in features]
    rows = [_segments(features[t.id]) for t in heard]
    owners = [np.full(len(r), i) for i, r in enumerate(rows)]
    return Sounds(
        features=np.concatenate(rows).astype(np.float32),
        owners=np.concatenate(owners),
        tracks=tuple(heard),
    )


def track_features(features: SoundFeatures) -> np.ndarray:
    """(F,) mean over the whole track."""
    parts = (features.tag_logits, features.signal, features.pools)
    return np.concatenate([features.track_mean(p) for p in parts])


def analytic_head(sounds: Sounds, shares: Shares) -> AudioHead:
    """The head before any training: the teacher's concepts and whitened pools, side by side."""
    means = _track_means(sounds)
    mean, spread = means.mean(axis=0), np.maximum(means.std(axis=0), 1e-4)
    standard = (sounds.features - mean) / spread
    matrix = np.zeros((len(mean), DIMENSION - 1), dtype=np.float32)
    matrix[:NUM_PLAIN, : len(AXES)] = shares.axes * _axes((means - mean) / spread)
    matrix[: len(TAGS), len(AXES) : NUM_CONCEPTS] = shares.tags * np.eye(len(TAGS))
    whitening = _whitening(standard[:, NUM_PLAIN:])
    matrix[NUM_PLAIN:, NUM_CONCEPTS : NUM_CONCEPTS + whitening.shape[1]] = (
        shares.whitened * whitening
    )
    lengths = np.linalg.norm(standard @ matrix, axis=1)
    return AudioHead(
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        matrix=matrix,
        radius=float(np.percentile(lengths, RADIUS_PERCENTILE)),
    )


def _segments(features: SoundFeatures) -> np.ndarray:
    parts = (features.tag_logits, features.signal, features.pools)
    return np.concatenate([segment_mean(p, features.segments) for p in parts], axis=1)


def _track_means(sounds: Sounds) -> np.ndarray:
    rows = [sounds.features[sounds.owners == i].mean(axis=0) for i in range(len(sounds.tracks))]
    return np.stack(rows).astype(np.float64)


def _axes(standard: np.ndarray) -> np.ndarray:
    """(59, 5) weights that give axes of unit spread over the training tracks."""
    tags, signal = axis_weights()
    weights = np.concatenate([tags, signal])
    values = standard[:, :NUM_PLAIN] @ weights
    return np.asarray(weights / values.std(axis=0))


def _whitening(standard: np.ndarray) -> np.ndarray:
    """(1506, up to 199) directions of the pools, each of unit spread, largest first."""
    _, lengths, directions = np.linalg.svd(standard, full_matrices=False)
    num = min(NUM_WHITENED, int((lengths > 1e-3 * lengths[0]).sum()))
    spreads = lengths[:num] / np.sqrt(len(standard))
    return np.asarray(directions[:num].T / spreads)
