"""The sounds that the heads learn from, as segments, and the analytic audio head they start from.

Statistics, instruments, likeness and radius come from the training recordings alone. S segments,
P patches, F = 1565 features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from encoders.lexicon.vocabulary import AXES
from encoders.towers.audio import DIMENSION, VAGUE, AudioHead
from encoders.towers.instruments import InstrumentHeads
from encoders.training.likeness import likeness_directions
from encoders.training.manifests import Track
from encoders.training.recipe import NUM_CONCEPTS, NUM_KNOWN, axis_weights
from encoders.trunks.features import SoundFeatures, segment_mean
from encoders.trunks.musicnn import TAGS
from encoders.trunks.signal import SIGNAL_NAMES

NUM_PLAIN = len(TAGS) + len(SIGNAL_NAMES)  # 59: the features that axes and tags are sums of
NUM_LIKENESS = VAGUE - NUM_CONCEPTS  # columns for what the concepts do not say
RADIUS_PERCENTILE = 100.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sounds:
    """Holds the segments of some tracks and what is needed to pair the tracks with words."""

    features: np.ndarray  # (S, F) float32: tags, signal, pools
    owners: np.ndarray  # (S,) row of `tracks`
    tracks: tuple[Track, ...]
    patches: np.ndarray  # (P, F)
    patch_owners: np.ndarray  # (P,)
    changes: Mapping[str, np.ndarray] = field(default_factory=dict)  # (C, F) moves of patches


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Holds how much each part of an audio row counts.

    Chosen on validation, see docs/experiments.md.
    """

    axes: float = 1.0
    tags: float = 0.3
    instruments: float = 0.3
    likeness: float = 4.2  # length of the likeness part, the same for every sound
    asking_concepts: float = 0.0  # weight of axes, tags and instruments when a sound asks


def gather_sounds(
    tracks: Sequence[Track],
    features: Mapping[str, SoundFeatures],
    changes: Mapping[str, np.ndarray] | None = None,
) -> Sounds:
    """Segments and patches of the tracks that have features, in their order."""
    heard = [t for t in tracks if t.id in features]
    rows, patches = [], []
    for track in heard:
        parts = _parts(features[track.id])
        segments = features[track.id].segments
        patches.append(np.concatenate(parts, axis=1))
        rows.append(np.concatenate([segment_mean(p, segments) for p in parts], axis=1))
    return Sounds(
        features=np.concatenate(rows).astype(np.float32),
        owners=_owners(rows),
        tracks=tuple(heard),
        patches=np.concatenate(patches).astype(np.float32),
        patch_owners=_owners(patches),
        changes=changes or {},
    )


def track_features(features: SoundFeatures) -> np.ndarray:
    """(F,) mean over the whole track."""
    return np.concatenate([features.track_mean(p) for p in _parts(features)])


def analytic_head(sounds: Sounds, shares: Shares, instruments: InstrumentHeads) -> AudioHead:
    """The head before any training: the teacher's concepts and the likeness, side by side."""
    means = _track_means(sounds)
    mean, spread = means.mean(axis=0), np.maximum(means.std(axis=0), 1e-4)
    standard = (means - mean) / spread
    matrix = np.zeros((len(mean), DIMENSION - 1), dtype=np.float32)
    matrix[:NUM_PLAIN, : len(AXES)] = shares.axes * _axes(standard)
    matrix[: len(TAGS), len(AXES) : NUM_KNOWN] = shares.tags * np.eye(len(TAGS))
    matrix[:, NUM_KNOWN:NUM_CONCEPTS] = shares.instruments * _instruments(
        standard, instruments.on(mean, spread)[0]
    )
    alike = likeness_directions(
        (sounds.patches - mean) / spread,
        sounds.patch_owners,
        [moved / spread for moved in sounds.changes.values()],
        num=NUM_LIKENESS,
    )
    matrix[:, NUM_CONCEPTS : NUM_CONCEPTS + alike.shape[1]] = alike
    head = AudioHead(
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        matrix=matrix,
        radius=1.0,
        first_likeness=NUM_CONCEPTS,
        likeness_length=shares.likeness,
        asking=_asking(shares),
    )
    return replace(head, radius=_radius(head, sounds.features))


def _parts(features: SoundFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return features.tag_logits, features.signal, features.pools


def _owners(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.repeat(np.arange(len(rows)), [len(r) for r in rows])


def _track_means(sounds: Sounds) -> np.ndarray:
    rows = [sounds.features[sounds.owners == i].mean(axis=0) for i in range(len(sounds.tracks))]
    return np.stack(rows).astype(np.float64)


def _axes(standard: np.ndarray) -> np.ndarray:
    """(59, 5) weights that give axes of unit spread over the training tracks."""
    tags, signal = axis_weights()
    weights = np.concatenate([tags, signal])
    values = standard[:, :NUM_PLAIN] @ weights
    return np.asarray(weights / values.std(axis=0))


def _instruments(standard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(F, H) weights that give log odds of unit spread over the training tracks, less the mean."""
    return np.asarray(weights / np.maximum((standard @ weights).std(axis=0), 1e-6))


def _asking(shares: Shares) -> np.ndarray:
    """(256,) weights of a sound that asks: likeness alone, or concepts beside it."""
    weights = np.zeros(DIMENSION, dtype=np.float32)
    weights[:NUM_CONCEPTS] = shares.asking_concepts
    weights[NUM_CONCEPTS:VAGUE] = 1.0
    return weights


def _radius(head: AudioHead, features: np.ndarray) -> float:
    lengths = np.linalg.norm(head.rows(features), axis=1)
    return float(np.percentile(lengths, RADIUS_PERCENTILE))
