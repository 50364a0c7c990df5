"""The teacher: what a sound and a text say in the same plain concepts.

Their inner product is its score.

    concepts of a sound: AXES (5), each a signed sum of tags and signal features, the 50 tags, and
    the log odds of the instruments, all z-scored
    concepts of a text: the same weights, summed over what it was understood to ask for

Everything on the sound's side is linear in the trunk's output. N sounds, C concepts.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np

from encoders.lexicon.vocabulary import AXES, load_vocabulary, read_list
from encoders.training.programs import HEADS
from encoders.trunks.musicnn import TAGS
from encoders.trunks.signal import SIGNAL_NAMES

NUM_KNOWN = len(AXES) + len(TAGS)  # 55
NUM_CONCEPTS = NUM_KNOWN + len(HEADS)
OWN_HEAD, FAMILY_HEAD = 0.7, 0.5  # weights of an instrument's own head and of its family's
# Heads under the names of the word lists' instruments and families, where the names differ.
INSTRUMENT_HEADS = {"keyboard": "keys", "woodwinds": "winds", "choir": "voice",
                    "synthesizer": "synth"}  # fmt: skip
FAMILY_HEADS = {"woodwind": "winds", "percussion": "drums"}
ENSEMBLES = {"orchestra": {"strings": 0.7, "winds": 0.5, "brass": 0.5}}
SIGNAL_SHARE = (
    0.75  # weight of the signal features beside the tags in an axis; chosen on validation
)
TAG_SPREAD, SIGNAL_SPREAD = 3.0, 1.5  # usual spread of the two sums: correlated z-scores add up


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
    """What each thing that a text may ask for weighs on the concepts: "mood:sad" -> (C,)."""
    vocabulary = load_vocabulary()
    directions: dict[str, np.ndarray] = {}
    for key in sorted({*vocabulary.affects, *vocabulary.tags}):
        affect = np.array(vocabulary.affects.get(key, (0.0,) * len(AXES)))
        tags = _weights(vocabulary.tags.get(key, {}), TAGS)
        heard = vocabulary.heads.get(key) or instrument_weights(key, vocabulary.families)
        instruments = _weights(heard, tuple(HEADS))
        direction = np.concatenate([affect, tags, instruments])
        if direction.any():
            directions[key] = direction.astype(np.float32)
    return directions


def instrument_weights(key: str, families: Mapping[str, str]) -> dict[str, float]:
    """Heads that hear what "instrument:flute" asks for: its own and its family's."""
    kind, _, name = key.partition(":")
    if kind != "instrument":
        return {}
    if name in ENSEMBLES:
        return dict(ENSEMBLES[name])
    own = INSTRUMENT_HEADS.get(name, name)
    family = FAMILY_HEADS.get(families.get(name, ""), families.get(name, ""))
    if own in HEADS and own != family:
        weights = {own: OWN_HEAD, family: FAMILY_HEAD}
    else:
        weights = {family: 1.0}
    return {head: weight for head, weight in weights.items() if head in HEADS}


def text_concepts(texts_weights: Mapping[str, float]) -> np.ndarray:
    """(C,) concepts of a text from its direction weights."""
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
