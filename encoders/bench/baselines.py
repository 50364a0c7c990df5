"""What any model must beat: random features, tag names, titles alone, MFCC.

Trains nothing. For texts each is a `Scorer`: texts in, scores (T, N) of N tracks out, higher is
closer. For sounds each gives rows (N, D) of tracks.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from encoders.bench import mfcc
from encoders.bench.kept import KeptArrays
from encoders.bench.setting import Setting, TextEmbedder
from encoders.training.cache import hear
from encoders.training.manifests import Track

SentenceVectors = Callable[[Sequence[str]], np.ndarray]  # N texts -> (N, 384) unit length
Scorer = Callable[[Sequence[str]], np.ndarray]

MFCC = "MFCC + tempo + loudness"
NUM_RANDOM = 64


def random_scorer(num_tracks: int, *, seed: int = 0) -> Scorer:
    """Random features of tracks against random features of texts: what no knowledge gives."""
    tracks = np.random.default_rng(seed).normal(size=(num_tracks, NUM_RANDOM))

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(np.stack([_random_vector(text, seed) for text in texts]) @ tracks.T)

    return score


def tag_name_scorer(tags: np.ndarray, sentence_vectors: SentenceVectors) -> Scorer:
    """Sentence similarity of a text to the names of the trunk's tags, weighing tags (N, 50)."""
    from encoders.trunks.musicnn import TAGS

    names = sentence_vectors([f"{tag} music" for tag in TAGS])  # (50, 384)
    names = names - names.mean(axis=0)  # what all names have in common says nothing

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(sentence_vectors(texts) @ names.T @ tags.T)

    return score


def metadata_scorer(words: Sequence[str], sentence_vectors: SentenceVectors) -> Scorer:
    """Sentence similarity of a text to each track's written words: search that hears nothing."""
    written = sentence_vectors([w or "untitled" for w in words])

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(sentence_vectors(texts) @ written.T)

    return score


def random_rows(num_tracks: int, *, seed: int = 0) -> np.ndarray:
    """(N, 64) unit vectors drawn at random."""
    rows = np.random.default_rng(seed).normal(size=(num_tracks, NUM_RANDOM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def mfcc_rows(tracks: Sequence[Track], setting: Setting, *, part: str = "whole") -> np.ndarray:
    """(N, 42) rows of MFCC, tempo and loudness; compare them by `mfcc.standard_cosine`.

    Args:
        tracks: what can be heard.
        setting: says where rows are kept.
        part: "whole", "first" half or "second" half.
    """
    kept = KeptArrays(setting.cache_folder / "mfcc", sources=(mfcc,))
    rows = []
    for done, track in enumerate(tracks):
        if setting.progress is not None:
            setting.progress(done, len(tracks), MFCC)
        rows.append(_kept_rows(kept, track)[part])
    return np.stack(rows)


def vector_scorer(embedder: TextEmbedder, tracks: np.ndarray) -> Scorer:
    """Inner products of texts with (N, 256) tracks: what is measured, no baseline."""

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(embedder.embed_texts(list(texts)) @ tracks.T)

    return score


def _random_vector(text: str, seed: int) -> np.ndarray:
    digest = hashlib.sha256(f"{seed} {text}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big")).normal(size=NUM_RANDOM)


def _kept_rows(kept: KeptArrays, track: Track) -> Mapping[str, np.ndarray]:
    def compute() -> dict[str, np.ndarray]:
        samples = hear(track).samples
        middle = len(samples) // 2
        return {
            "first": mfcc.mfcc_row(samples[:middle]),
            "second": mfcc.mfcc_row(samples[middle:]),
            "whole": mfcc.mfcc_row(samples),
        }

    return kept.get(f"{track.id} halves", compute)
