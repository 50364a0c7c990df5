"""What is compared: the towers, and two baselines that any figure must be read beside.

Each gives scores (Q, N) of N tracks for Q texts, higher is closer.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from services.evaluation.hearing import Embeds, Heard

Scores = npt.NDArray[np.float64]
System = Callable[[Sequence[str]], Scores]
Sentences = Callable[[Sequence[str]], npt.NDArray[np.float32]]

TOWERS = "towers"
TAG_NAMES = "tag-name cosine"
RANDOM = "random features"


def build_systems(embedder: Embeds, sentences: Sentences, heard: Heard) -> Mapping[str, System]:
    """The systems by name.

    Args:
        embedder: the towers.
        sentences: unit vectors of sentences from the text trunk, without any training of ours.
        heard: the tracks.
    """
    return {
        TOWERS: lambda texts: _scores(embedder.embed_texts(texts), heard.tracks),
        TAG_NAMES: _by_tag_names(sentences, heard),
        RANDOM: lambda texts: _scores(embedder.embed_texts(texts), _random(heard.tracks)),
    }


def _by_tag_names(sentences: Sentences, heard: Heard) -> System:
    """Cosine of a text and each tag's name, times how much more than usual the tag is heard."""
    spread = np.maximum(heard.tags.std(axis=0), 1e-6)
    unusual = (heard.tags - heard.tags.mean(axis=0)) / spread  # (N, T)
    names = _unit(sentences([name.lower() for name in heard.tag_names]))  # (T, 384)

    def score(texts: Sequence[str]) -> Scores:
        return _scores(_unit(sentences(texts)) @ names.T, unusual)

    return score


def _random(tracks: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Vectors that know nothing of the tracks, always the same ones."""
    return _unit(np.random.default_rng(0).standard_normal(tracks.shape))


# `Any` shape and precision: rows of whatever the parts give.
def _scores(queries: npt.NDArray[np.floating], tracks: npt.NDArray[np.floating]) -> Scores:
    return np.asarray(queries.astype(np.float64) @ tracks.astype(np.float64).T)


def _unit(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    wide = rows.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True))
