"""Holds what a search answers with: rankings, candidates, hits and their reasons; knows no index.

K = number of tracks ranked, D = dimension of the space.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from services.catalogue.records import TrackRecord

Vector = npt.NDArray[np.float32]
ReasonKind = Literal["mood", "tag", "tempo", "key", "place", "words", "similar", "other"]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a hit was chosen, in words that a person would use; states only checked facts."""

    kind: ReasonKind
    text: str


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Tracks as a search ranked them, best first; ties go to the track added first.

    Attributes:
        keys: Track keys, int64 (K,).
        scores: Inner products, float32 (K,).
        relevances: Calibrated probabilities, float32 (K,).
        starts_s: Start of each track's best segment in seconds, float32 (K,).
        plan: How the index was searched: exact, filtered or over_fetch.
    """

    keys: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    relevances: npt.NDArray[np.float32]
    starts_s: npt.NDArray[np.float32]
    plan: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A track on its way to become a hit.

    Attributes:
        track: The catalogue's record.
        relevance: Calibrated probability that it fits, 0 to 1.
        score: Inner product behind the relevance; decides where relevances are equal.
        start_s: Where to start, in seconds.
        vector: The whole track, unit float32 (D,); None for a track without sound.
        reasons: Reasons known so far.
    """

    track: TrackRecord
    relevance: float
    score: float = 0.0
    start_s: float = 0.0
    vector: Vector | None = field(default=None, compare=False)
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One answer: the track, how well it fits (0 to 1), where to start (s) and why."""

    track: TrackRecord
    relevance: float
    start_s: float
    reasons: tuple[Reason, ...]


def hits_of(candidates: Sequence[Candidate]) -> tuple[Hit, ...]:
    """Turns candidates into hits, in order."""
    return tuple(
        Hit(track=c.track, relevance=c.relevance, start_s=c.start_s, reasons=c.reasons)
        for c in candidates
    )


def best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sorts by relevance and score, higher first; ties go to the track added first."""
    return sorted(candidates, key=lambda c: (-c.relevance, -c.score, c.track.key))


def with_relevance(candidate: Candidate, relevance: float) -> Candidate:
    """The same candidate with another relevance, kept within 0 to 1."""
    return replace(candidate, relevance=min(1.0, max(0.0, relevance)))
