"""Gives the searcher its calibration: the shipped one, or the one of the large profile's heads.

Relevance is measured against ordinary music that ships with the heads, never against the rest of
the catalogue: a catalogue of lullabies holds many calm tracks, not none. So a reindex keeps the
shipped calibration beside the index, and a generation goes on answering as it did when it was
published even where later heads ship another one.

Ordinary music is vectors too: a calibration of another space than the one served is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from encoders.errors import BrokenWeights
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration, Pairs
from index.calibration import fit_calibration as fit_curve
from index.errors import UnreadableIndex
from services.catalogue.records import TrackVectors
from services.errors import WrongSpace

SHIPPED = WEIGHTS / "heads" / "calibration.npz"
BLEND = 0.5  # share of the best segment in a track's score, as in the shipped one
FALSE_MATCH_RATE = 0.15  # of questions that no music answers


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


def calibrate_large(path: Path, *, space: str) -> Calibration:
    """The calibration of the large profile, fitted on what its training laid beside the heads.

    Args:
        path: `relevance.npz`; `encoders/training/large_relevance.py` says what it holds.
        space: the space served.

    Raises:
        BrokenWeights: It is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            rows = {name: stored[name] for name in stored.files}
        fitted = fit_curve(
            reference=rows["reference"],
            pairs=Pairs(queries=rows["queries"], tracks=rows["tracks"]),
            unserved=[(query, rows["catalogue"]) for query in rows["unserved"]],
            blend=BLEND,
            false_match_rate=FALSE_MATCH_RATE,
        )
    except (OSError, ValueError, KeyError) as error:
        raise BrokenWeights(f"the relevance data {path} cannot be read: {error}") from error
    return replace(fitted, space=space)


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


def fit_calibration(
    vectors: Sequence[TrackVectors], *, space: str = "", calibration: Calibration | None = None
) -> bytes:
    """The calibration to keep beside an index of these vectors: the profile's own.

    Args:
        vectors: of the index.
        space: the space that the shipped one must be of.
        calibration: of a profile that does not ship; without one it is the shipped one.

    Raises:
        BrokenWeights: It is missing, damaged or of another space.
    """
    return (calibration or load_calibration(space=space)).to_bytes()
