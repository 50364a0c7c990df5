"""Gives the searcher its calibration: the shipped one, kept by every generation; fits nothing.

Relevance is measured against ordinary music that ships with the heads, never against the rest of
the catalogue: a catalogue of lullabies holds many calm tracks, not none. So a reindex keeps the
shipped calibration beside the index, and a generation goes on answering as it did when it was
published even where later heads ship another one.

Ordinary music is vectors too: a calibration of another space than the one served is refused.
"""

from collections.abc import Sequence
from pathlib import Path

from encoders.errors import BrokenWeights
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration
from index.errors import UnreadableIndex
from services.catalogue.records import TrackVectors
from services.errors import WrongSpace

SHIPPED = WEIGHTS / "heads" / "calibration.npz"


def load_calibration(path: Path = SHIPPED, *, space: str = "") -> Calibration:
    """The calibration that ships with the heads.

    Args:
        path: where it lies.
        space: the space that it must be of; empty takes any.

    Raises:
        BrokenWeights: It is missing, damaged, or not known to be of the space.
    """
    try:
        calibration = Calibration.from_bytes(path.read_bytes())
    except (OSError, UnreadableIndex) as error:
        raise BrokenWeights(f"the calibration {path} cannot be read: {error}") from error
    if space and calibration.space != space:
        raise BrokenWeights(
            f"the calibration {path} was fitted for {calibration.space or 'an unknown space'}, "
            f"the weights are {space}: run python -m benchmarks.fit_calibration"
        )
    return calibration


def read_calibration(stored: bytes, *, space: str = "") -> Calibration:
    """The calibration of a generation; one of the first format says no space and is taken.

    Raises:
        UnreadableIndex: It is damaged or of a later format.
        WrongSpace: It was fitted for another space than the one named.
    """
    calibration = Calibration.from_bytes(stored)
    if space and calibration.space not in ("", space):
        raise WrongSpace(
            f"the generation's calibration is of {calibration.space}, {space} is served; reindex"
        )
    return calibration


def fit_calibration(vectors: Sequence[TrackVectors], *, space: str = "") -> bytes:
    """The calibration to keep beside an index of these vectors: the shipped one.

    Raises:
        BrokenWeights: It is missing, damaged or of another space.
    """
    return load_calibration(space=space).to_bytes()
