"""What a training step sees: texts with the teacher's scores of sounds, and recordings with their own words."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encoders.towers.audio import AudioHead
from encoders.towers.text import direction_weights
from encoders.training.cache import FeatureCache, Progress, trunk_hash
from encoders.training.heads import (
    direction_matrix,
    sound_concepts,
    teacher_scores,
    weight_matrix,
)
from encoders.training.manifests import training_tracks
from encoders.training.pairs import Pair, PairText, all_texts, draw_text, training_pairs
from encoders.training.presets import TrainingConfig
from encoders.training.sentences import SentenceCache
from encoders.training.sounds import Sounds, analytic_head, gather_sounds
from encoders.training.texts import training_texts

PAIRS_PER_STEP = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Holds all that is learned from, as arrays; N texts, S segments."""

    audio: AudioHead
    sounds: Sounds
    standard: np.ndarray  # (S, 1565)
    sound_concepts: np.ndarray  # (S, 55)
    sentences: np.ndarray  # (N, 384)
    weights: np.ndarray  # (N, K)
    text_concepts: np.ndarray  # (N, 55)
    pairs: tuple[Pair, ...]
    pair_sentences: Mapping[str, np.ndarray]
    keys: tuple[str, ...]
    fingerprint: str  # of config and data: a checkpoint of another is not taken up

    def sources(self, config: Mapping[str, object]) -> dict[str, object]:
        """What the model card says of the run."""
        tracks = sorted(t.id for t in self.sounds.tracks)
        licences = sorted({t.licence for t in self.sounds.tracks} | {"CC-BY-SA-4.0"})
        return {"config": config, "tracks": tracks, "licences": licences,
                "num_texts": len(self.sentences), "num_segments": len(self.standard),
                "trunk": trunk_hash()}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Holds one step's tensors; T texts, S sounds, P pairs."""

    sentences: Tensor  # (T, 384)
    weights: Tensor  # (T, K)
    teacher: Tensor  # (T, S)
    sounds: Tensor  # (S, 1565)
    pair_sentences: Tensor  # (P, 384)
    pair_weights: Tensor  # (P, K)
    pair_sounds: Tensor  # (P, 1565)
    pair_masks: Tensor  # (P, P) bool: may match too


def gather_material(
    config: TrainingConfig, data_dir: Path, cache_dir: Path, progress: Progress
) -> Material:
    """Features and sentence vectors, computed where the cache lacks them."""
    tracks = training_tracks(data_dir)
    sounds = gather_sounds(tracks, FeatureCache(cache_dir).features(tracks, progress))
    audio = analytic_head(_recordings(sounds), config.shares)
    examples = training_texts(data_dir, seed=0)
    pairs = training_pairs(sounds.tracks)
    reader, pair_texts = SentenceCache(cache_dir), all_texts(pairs)
    keys, _ = direction_matrix(config.shares)
    standard = audio.standardise(sounds.features)
    texts = [e.text for e in examples]
    return Material(
        audio=audio,
        sounds=sounds,
        standard=standard,
        sound_concepts=sound_concepts(standard, audio, config.shares),
        sentences=reader.vectors(texts, progress),
        weights=weight_matrix([direction_weights(e.understanding) for e in examples], keys),
        text_concepts=np.stack([e.concepts for e in examples]).astype(np.float32),
        pairs=tuple(pairs),
        pair_sentences=dict(zip(pair_texts, reader.vectors(pair_texts, progress), strict=True)),
        keys=keys,
        fingerprint=_fingerprint(config, texts, sounds),
    )


def draw_batches(
    material: Material, config: TrainingConfig, rng: np.random.Generator
) -> Iterator[Batch]:
    """One epoch: every text once, as many random segments beside each batch of them."""
    order = rng.permutation(len(material.sentences))
    for start in range(0, len(order) - config.batch_size + 1, config.batch_size):
        rows = order[start : start + config.batch_size]
        segments = rng.integers(0, len(material.standard), size=config.batch_size)
        heard, read = drop_fields(len(rows), rng, dropout=config.field_dropout)
        drawn = _draw_pairs(material, rng, dropout=config.field_dropout)
        yield Batch(
            sentences=_tensor(material.sentences[rows] * heard),
            weights=_tensor(material.weights[rows] * read),
            teacher=teacher_scores(
                _tensor(material.text_concepts[rows]), _tensor(material.sound_concepts[segments])
            ),
            sounds=_tensor(material.standard[segments]),
            **_pair_tensors(material, drawn, rng),
        )


def drop_fields(
    num_rows: int, rng: np.random.Generator, *, dropout: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which of sentence and understanding each text keeps, (N, 1) float32 of 0 and 1; never neither."""
    sentence = rng.random(num_rows) >= dropout
    understood = rng.random(num_rows) >= dropout
    sentence |= ~understood
    return sentence[:, None].astype(np.float32), understood[:, None].astype(np.float32)


def _draw_pairs(
    material: Material, rng: np.random.Generator, *, dropout: float
) -> list[PairText]:
    count = min(PAIRS_PER_STEP, len(material.pairs))
    chosen = rng.choice(len(material.pairs), size=count, replace=False)
    return [draw_text(material.pairs[int(i)], rng, dropout=dropout) for i in chosen]


def _pair_tensors(
    material: Material, drawn: Sequence[PairText], rng: np.random.Generator
) -> dict[str, Tensor]:
    owners = material.sounds.owners
    segments = [int(rng.choice(np.flatnonzero(owners == d.owner))) for d in drawn]
    weights = [direction_weights(d.understanding) for d in drawn]
    sentences = np.stack([material.pair_sentences[d.text] for d in drawn])
    return {
        "pair_sentences": _tensor(sentences),
        "pair_weights": _tensor(weight_matrix(weights, material.keys)),
        "pair_sounds": _tensor(material.standard[segments]),
        "pair_masks": torch.from_numpy(may_match(drawn)),
    }


def may_match(drawn: Sequence[PairText]) -> np.ndarray:
    """(P, P) bool: same words, or versions of one piece, so that neither may count as wrong."""
    groups = np.array([d.group for d in drawn])
    texts = np.array([d.text.lower() for d in drawn])
    return np.asarray((groups[:, None] == groups) | (texts[:, None] == texts))


def _recordings(sounds: Sounds) -> Sounds:
    """The sounds without the rendered scores: statistics are those of real recordings."""
    kept = [i for i, t in enumerate(sounds.tracks) if not t.is_score]
    rows = np.isin(sounds.owners, kept)
    renumbered = {old: new for new, old in enumerate(kept)}
    return Sounds(
        features=sounds.features[rows],
        owners=np.array([renumbered[int(o)] for o in sounds.owners[rows]]),
        tracks=tuple(sounds.tracks[i] for i in kept),
    )


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _fingerprint(config: TrainingConfig, texts: Sequence[str], sounds: Sounds) -> str:
    parts = [repr(config), trunk_hash(), *texts, *(t.id for t in sounds.tracks)]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
