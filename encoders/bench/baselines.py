"""What any model must beat: random features, tag names by sentence similarity, titles alone.

Trains nothing.

Each is a `Scorer`: texts in, scores (T, N) of N tracks out, higher is closer.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from encoders.bench.setting import TextEmbedder

SentenceVectors = Callable[[Sequence[str]], np.ndarray]  # N texts -> (N, 384) unit length
Scorer = Callable[[Sequence[str]], np.ndarray]

NUM_RANDOM = 64


def random_scorer(num_tracks: int, *, seed: int = 0) -> Scorer:
    """Random features of tracks against random features of texts: what no knowledge gives."""
    tracks = np.random.default_rng(seed).normal(size=(num_tracks, NUM_RANDOM))

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(np.stack([_random_vector(text, seed) for text in texts]) @ tracks.T)

    return score


def tag_name_scorer(tags: np.ndarray, sentence_vectors: SentenceVectors) -> Scorer:
    """Sentence similarity of a text to the names of the trunk's tags, weighing (N.

    50) standardised tags.
    """
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


def vector_scorer(embedder: TextEmbedder, tracks: np.ndarray) -> Scorer:
    """Inner products of texts with (N, 256) tracks: what is measured, no baseline."""

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(embedder.embed_texts(list(texts)) @ tracks.T)

    return score


def _random_vector(text: str, seed: int) -> np.ndarray:
    digest = hashlib.sha256(f"{seed} {text}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big")).normal(size=NUM_RANDOM)
