"""Holds what playlists need from the layers above and from the encoders, as Protocols only."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from services.catalogue.records import TrackFilter, TrackRecord
from services.recommendation.hits import Hit, Ranking, Vector

if TYPE_CHECKING:
    from encoders.embed import TextEmbedding
    from encoders.space import Space
    from encoders.understanding import Understanding


class TrackSnapshot(Protocol):
    """The catalogue's vectors as they were at one moment; searched without waiting for anybody."""

    @property
    def num_tracks(self) -> int:
        """Tracks that can be found by sound."""

    def search(
        self, vector: Vector, *, allowed: npt.NDArray[np.int64] | None = None, num_tracks: int
    ) -> Ranking:
        """The nearest tracks, best first; `allowed` holds vector rows, None allows all."""

    def records(self, keys: npt.NDArray[np.int64]) -> Mapping[int, TrackRecord]:
        """The records of these track keys."""

    def vectors(self, keys: npt.NDArray[np.int64]) -> Mapping[int, Vector]:
        """The whole-track vectors of these track keys, unit float32 (D,)."""


class SearchesTracks(Protocol):
    """Gives snapshots of what can be searched now."""

    def snapshot(self) -> TrackSnapshot:
        """A snapshot with every change made to the catalogue so far."""


class EmbedsWords(Protocol):
    """Turns words into vectors of the served space."""

    @property
    def space(self) -> "Space":
        """The space of every vector."""

    def embed_text(self, text: str) -> "TextEmbedding":
        """One sentence as a vector, with how it was read."""

    def fuse(
        self,
        *,
        text: Vector | None = None,
        clip: Vector | None = None,
        sound: Vector | None = None,
        balance: float = 0.5,
    ) -> Vector:
        """One unit vector out of several; balance 0 is the text alone."""


class FoundTracks(Protocol):
    """What a search for music answers."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits, best first."""

    @property
    def understood(self) -> "Understanding | None":
        """How the words were read."""


class FindsTracks(Protocol):
    """Finds music for words: the same story that answers a search."""

    def __call__(self, text: str, *, conditions: TrackFilter, limit: int) -> FoundTracks:
        """Answers with at most `limit` tracks that meet the conditions."""
