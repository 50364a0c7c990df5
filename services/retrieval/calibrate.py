"""Gives the searcher its calibration: the shipped one, kept by every generation; fits nothing.

Relevance is measured against ordinary music that ships with the heads, never against the rest of
the catalogue: a catalogue of lullabies holds many calm tracks, not none. So a reindex keeps the
shipped calibration beside the index, and a generation goes on answering as it did when it was
published even where later heads ship another one.
"""

from collections.abc import Sequence
from pathlib import Path

from encoders.errors import BrokenWeights
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration
from index.errors import UnreadableIndex
from services.catalogue.records import TrackVectors

SHIPPED = WEIGHTS / "heads" / "calibration.npz"


def load_calibration(path: Path = SHIPPED) -> Calibration:
    """The calibration that ships with the heads.

    Raises:
        BrokenWeights: It is missing or damaged.
    """
    try:
        return Calibration.from_bytes(path.read_bytes())
    except (OSError, UnreadableIndex) as error:
        raise BrokenWeights(f"the calibration {path} cannot be read: {error}") from error


def read_calibration(stored: bytes) -> Calibration:
    """The calibration of a generation.

    Raises:
        UnreadableIndex: It is damaged or of a later format.
    """
    return Calibration.from_bytes(stored)


def fit_calibration(vectors: Sequence[TrackVectors]) -> bytes:
    """The calibration to keep beside an index of these vectors: the shipped one.

    Raises:
        BrokenWeights: It is missing or damaged.
    """
    return load_calibration().to_bytes()
