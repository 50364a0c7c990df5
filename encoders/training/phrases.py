"""The phrases of the word lists with what they say: what unknown words borrow from.

    neighbours = list_neighbours(reader.vectors, keys, directions)

Hears nothing and trains nothing.
"""

from collections.abc import Callable, Sequence

import numpy as np

from encoders.lexicon.vocabulary import load_vocabulary
from encoders.towers.neighbours import Neighbours, as_music, settle
from encoders.towers.text import direction_weights
from encoders.training.heads import weight_matrix
from encoders.understanding import understand_text

# Words about keys and metres lend nothing: they are exact or they are nothing.
LENDING_LISTS = (
    "mood", "activity", "genre", "instrument", "tempo", "loudness", "texture", "vocals", "era",
)  # fmt: skip


def list_neighbours(
    sentence_vectors: Callable[[Sequence[str]], np.ndarray],
    keys: Sequence[str],
    directions: np.ndarray,
) -> Neighbours:
    """Every phrase that says something of the sound, with directions (K, 256) of its meanings."""
    entries = load_vocabulary().phrases
    phrases = [p for p, meanings in entries.items() if meanings[0].name in LENDING_LISTS]
    weights = weight_matrix([direction_weights(understand_text(p)) for p in phrases], keys)
    rows = weights @ directions
    kept = np.flatnonzero(rows.any(axis=1))
    phrases = [phrases[i] for i in kept]
    return settle(phrases, sentence_vectors([as_music(p) for p in phrases]), rows[kept])
