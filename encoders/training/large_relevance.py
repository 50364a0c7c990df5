"""What relevance is fitted on for a trained large profile: rows of its space; fits nothing.

    data = pack(relevance_arrays(learned, held_out, store, heads))      # relevance.npz

| array | what |
| --- | --- |
| reference (M, R, D) | ordinary music that the heads learned from: the whole and five windows |
| queries (Q, D), tracks (Q, R, D) | rows held out from the heads ("val") with their own words |
| unserved (U, D), catalogue (C, R, D) | questions that no music answers, and music |

`services/retrieval/calibrate.py` makes a calibration of it. With fewer than MIN_PAIRS held-out
rows the training rows stand in, and `held_out` is false: relevance is then too sure.
"""

import io
from collections.abc import Iterable
from itertools import islice

import numpy as np

from encoders.datasets.rows import Row
from encoders.large.heads import LargeHeads
from encoders.training.large_features import FeatureStore

NUM_REFERENCE, NUM_PAIRS, MIN_PAIRS, CATALOGUE_SIZE = 160, 512, 16, 30
NUM_ROWS = 6  # the whole and five windows
UNANSWERABLE = (
    "how tall is the tower", "when does the train leave", "restart the router",
    "the boiling point of water", "a cheap hotel near the station", "a list comprehension",
    "the result of the election", "car insurance", "where can I park", "the shoe size of adults",
    "what is the balance of my account", "a recipe with lentils", "the distance to the moon",
    "renew a passport", "a broken washing machine", "who wrote this report",
)  # fmt: skip


def relevance_arrays(
    learned: Iterable[Row], held_out: Iterable[Row], store: FeatureStore, heads: LargeHeads
) -> dict[str, np.ndarray]:
    """The arrays above.

    Args:
        learned: rows that the heads learned from.
        held_out: rows that they did not.
        store: of the features, which are computed.
        heads: finished.

    Raises:
        ValueError: not one row has both sound and words.
    """
    ordinary = list(islice((row for row in learned if store.has(row)), NUM_REFERENCE))
    worded = [row for row in held_out if row.texts and store.has(row)][:NUM_PAIRS]
    is_held_out = len(worded) >= MIN_PAIRS
    pairs = worded if is_held_out else [row for row in ordinary if row.texts]
    if not pairs:
        raise ValueError("no row has both sound and words: relevance cannot be fitted")
    return {
        "reference": np.stack([_track(row, store, heads) for row in ordinary]),
        "queries": np.stack([_query(row, store, heads) for row in pairs]),
        "tracks": np.stack([_track(row, store, heads) for row in pairs]),
        "unserved": heads.text.project(store.read(UNANSWERABLE)),
        "catalogue": np.stack([_track(row, store, heads) for row in pairs[:CATALOGUE_SIZE]]),
        "held_out": np.array(is_held_out),
    }


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """An npz file without pickles."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type] # taken for allow_pickle
    return buffer.getvalue()


def _track(row: Row, store: FeatureStore, heads: LargeHeads) -> np.ndarray:
    """(R, D): the whole and windows, the last one repeated where there are fewer."""
    windows = heads.sound.project(store.get(row).sounds)
    whole = windows.mean(axis=0)
    places = np.minimum(np.arange(NUM_ROWS - 1), len(windows) - 1)
    return np.concatenate([(whole / np.linalg.norm(whole))[None], windows[places]])


def _query(row: Row, store: FeatureStore, heads: LargeHeads) -> np.ndarray:
    return np.asarray(heads.text.project(store.get(row).texts[:1])[0])
