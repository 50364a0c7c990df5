"""The teacher: what a sound and a text say in the same plain concepts.

Their inner product is its score.

    concepts of a sound: AXES (5), each a signed sum of tags and signal features, then the 50 tags,
    all z-scored concepts of a text:  the same 55 weights, summed over what it was understood to
    ask for

Everything on the sound's side is linear in the trunk's output. N sounds, C = 55 concepts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from encoders.lexicon.vocabulary import AXES, load_vocabulary, read_list
from encoders.trunks.musicnn import TAGS
from encoders.trunks.signal import SIGNAL_NAMES

NUM_CONCEPTS = len(AXES) + len(TAGS)  # 55
SIGNAL_SHARE = (
    0.5  # weight of the signal features beside the tags in an axis; chosen on validation
)
TAG_SPREAD, SIGNAL_SPREAD = 3.0, 1.5  # usual spread of the two sums: correlated z-scores add up


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Holds mean and spread of the training sounds; ships inside the audio head."""

    tag_mean: np.ndarray  # (50,)
    tag_spread: np.ndarray
    signal_mean: np.ndarray  # (9,)
    signal_spread: np.ndarray


def axis_weights() -> tuple[np.ndarray, np.ndarray]:
    """Weights of the z-scored tags (50, 5) and signal features (9, 5) in the axes.

    Before scaling.
    """
    written = read_list("recipe")["axes"]
    tags = np.zeros((len(TAGS), len(AXES)))
    signal = np.zeros((len(SIGNAL_NAMES), len(AXES)))
    for column, axis in enumerate(AXES):
        tags[:, column] = _unit(written[axis]["tags"], TAGS) / TAG_SPREAD
        signal[:, column] = _unit(written[axis]["signal"], SIGNAL_NAMES) / SIGNAL_SPREAD
    return tags, SIGNAL_SHARE * signal


@cache
def concept_directions() -> dict[str, np.ndarray]:
    """What each thing that a text may ask for weighs on the concepts: "mood:sad" -> (55,)."""
    vocabulary = load_vocabulary()
    directions: dict[str, np.ndarray] = {}
    for key in sorted({*vocabulary.affects, *vocabulary.tags}):
        affect = np.array(vocabulary.affects.get(key, (0.0,) * len(AXES)))
        tags = _weights(vocabulary.tags.get(key, {}), TAGS)
        if affect.any() or tags.any():
            directions[key] = np.concatenate([affect, tags]).astype(np.float32)
    return directions


def text_concepts(texts_weights: Mapping[str, float]) -> np.ndarray:
    """(55,) concepts of a text from its direction weights."""
    directions = concept_directions()
    total = np.zeros(NUM_CONCEPTS, dtype=np.float32)
    for key, weight in texts_weights.items():
        if key in directions:
            total += weight * directions[key]
    return total


def _unit(weights: Mapping[str, float], names: tuple[str, ...]) -> np.ndarray:
    vector = _weights(weights, names)
    return np.asarray(vector / np.linalg.norm(vector))


def _weights(weights: Mapping[str, float], names: tuple[str, ...]) -> np.ndarray:
    vector = np.zeros(len(names))
    for name, weight in weights.items():
        vector[names.index(name)] = weight
    return vector
