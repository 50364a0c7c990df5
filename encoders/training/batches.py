"""What a training step sees: texts with the teacher's scores, recordings with their own words."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encoders.towers.audio import AudioHead
from encoders.towers.instruments import InstrumentHeads
from encoders.towers.neighbours import Neighbours
from encoders.towers.text import direction_weights
from encoders.training.cache import FeatureCache, Progress, trunk_hash
from encoders.training.changed import ChangedCache
from encoders.training.heads import (
    direction_matrix,
    name_matrix,
    sound_concepts,
    teacher_scores,
    weight_matrix,
)
from encoders.training.manifests import Track, training_tracks
from encoders.training.pairs import Pair, PairText, all_texts, draw_text, training_pairs
from encoders.training.phrases import list_neighbours
from encoders.training.presets import TrainingConfig
from encoders.training.sentences import SentenceCache
from encoders.training.sounds import Sounds, analytic_head, gather_sounds
from encoders.training.texts import training_texts
from encoders.trunks.musicnn import TAGS

CAPTIONS = "MusicCaps (Google), rows with is_audioset_eval False; captions and aspects, no sound"
ONTOLOGY = "AudioSet ontology, music part (Google), where the data hold it; names, descriptions"
CAPTIONS_LICENCE = "CC-BY-SA-4.0"  # of both
PAIRS_PER_STEP = 64
NUM_FAMILIAR = 1_024  # sentences about music that ship with the text head
LONGEST_FAMILIAR = 8  # words


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Holds all that is learned from, as arrays; N texts, S segments."""

    audio: AudioHead
    sounds: Sounds
    standard: np.ndarray  # (S, 1565)
    sound_concepts: np.ndarray  # (S, C)
    sentences: np.ndarray  # (N, 384)
    weights: np.ndarray  # (N, K)
    text_concepts: np.ndarray  # (N, C)
    pairs: tuple[Pair, ...]
    pair_sentences: Mapping[str, np.ndarray]
    keys: tuple[str, ...]
    familiar: np.ndarray  # (B, 384) sentences about music
    names: np.ndarray  # (384, 256), see heads.name_matrix
    fingerprint: str  # of config, data and instrument heads: no other checkpoint is taken up
    neighbours: Neighbours | None = None  # what words outside the lists borrow from

    def sources(self, config: Mapping[str, object]) -> dict[str, object]:
        """What the cards of the heads say of the run; `tracks` become rows of SOURCES.tsv."""
        return {
            "config": config,
            "tracks": self.sounds.tracks,
            "licences": sorted({t.licence for t in self.sounds.tracks} | {CAPTIONS_LICENCE}),
            "captions": CAPTIONS,
            "ontology": ONTOLOGY,
            "num_texts": len(self.sentences),
            "num_segments": len(self.standard),
            "trunk": trunk_hash(),
        }


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
    config: TrainingConfig,
    data_dir: Path,
    cache_dir: Path,
    instruments: InstrumentHeads,
    progress: Progress,
) -> Material:
    """Features and sentence vectors, computed where the cache lacks them."""
    tracks = [t for t in training_tracks(data_dir) if config.rendered_scores or not t.is_score]
    recordings = [t for t in tracks if not t.is_score]
    features = FeatureCache(cache_dir).features(tracks, progress)
    changes = ChangedCache(cache_dir).changes(_some(recordings, config.num_changed), progress)
    sounds = gather_sounds(tracks, features, changes)
    audio = analytic_head(_recordings(sounds), config.shares, instruments)
    examples = training_texts(data_dir, seed=0)
    pairs = training_pairs(sounds.tracks)
    reader, pair_texts = SentenceCache(cache_dir), all_texts(pairs)
    keys, directions = direction_matrix(config.shares)
    standard = audio.standardise(sounds.features)
    texts = [e.text for e in examples]
    short = sorted({text for text in texts if len(text.split()) <= LONGEST_FAMILIAR})
    kept = np.random.default_rng(0).permutation(len(short))[:NUM_FAMILIAR]
    sentences = reader.vectors(texts, progress)
    place = {text: i for i, text in enumerate(texts)}
    return Material(
        audio=audio,
        sounds=sounds,
        standard=standard,
        sound_concepts=sound_concepts(standard, audio, config.shares),
        sentences=sentences,
        familiar=sentences[[place[short[i]] for i in sorted(kept)]],
        weights=weight_matrix([direction_weights(e.understanding) for e in examples], keys),
        text_concepts=np.stack([e.concepts for e in examples]).astype(np.float32),
        pairs=tuple(pairs),
        pair_sentences=dict(zip(pair_texts, reader.vectors(pair_texts, progress), strict=True)),
        keys=keys,
        names=name_matrix(reader.vectors([f"{tag} music" for tag in TAGS])),
        fingerprint=_fingerprint(config, texts, sounds, instruments),
        neighbours=list_neighbours(reader.vectors, keys, directions),
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
    """Which of sentence and understanding each text keeps, (N, 1) float32 of 0 and 1.

    Never neither.
    """
    sentence = rng.random(num_rows) >= dropout
    understood = rng.random(num_rows) >= dropout
    sentence |= ~understood
    return sentence[:, None].astype(np.float32), understood[:, None].astype(np.float32)


def _draw_pairs(material: Material, rng: np.random.Generator, *, dropout: float) -> list[PairText]:
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
    renumbered = {old: new for new, old in enumerate(kept)}
    rows, patches = np.isin(sounds.owners, kept), np.isin(sounds.patch_owners, kept)
    return replace(
        sounds,
        features=sounds.features[rows],
        owners=np.array([renumbered[int(o)] for o in sounds.owners[rows]]),
        patches=sounds.patches[patches],
        patch_owners=np.array([renumbered[int(o)] for o in sounds.patch_owners[patches]]),
        tracks=tuple(sounds.tracks[i] for i in kept),
    )


def _some(tracks: Sequence[Track], number: int) -> list[Track]:
    """So many of the tracks, the same every time, from all over the list."""
    order = np.random.default_rng(1).permutation(len(tracks))
    return [tracks[int(i)] for i in order[:number]]


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _fingerprint(
    config: TrainingConfig, texts: Sequence[str], sounds: Sounds, instruments: InstrumentHeads
) -> str:
    parts = [repr(config), trunk_hash(), *texts, *(t.id for t in sounds.tracks)]
    digest = hashlib.sha256("\x00".join(parts).encode())
    digest.update(instruments.weights.tobytes())
    return digest.hexdigest()
