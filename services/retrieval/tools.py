"""Holds what the stories of retrieval work with, as Protocols; chooses none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from media.audio import TRUNK_RATE
from services.catalogue.store import Catalogue
from services.errors import WrongSpace
from services.generation.compose import ComposesMusic
from services.recommendation.hits import Vector
from services.retrieval.searcher import Searcher

if TYPE_CHECKING:
    from encoders.embed import ClipEmbedding, SoundEmbedding, TextEmbedding
    from encoders.space import Space
    from media.audio import Sound
    from media.video import Frames


class EmbedsMusic(Protocol):
    """Turns words, sound and clips into unit vectors of one space."""

    @property
    def space(self) -> "Space":
        """The space of every vector."""

    def embed_text(self, text: str) -> "TextEmbedding":
        """One sentence as a vector, with how it was read."""

    def embed_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Sentences as vectors (N, D)."""

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """A recording segment by segment, as a whole, and what was heard."""

    def embed_clip(self, frames: "Frames") -> "ClipEmbedding":
        """A clip as a vector, with what was seen."""

    def fuse(
        self,
        *,
        text: Vector | None = None,
        clip: Vector | None = None,
        sound: Vector | None = None,
        balance: float = 0.5,
    ) -> Vector:
        """One unit vector out of several; balance 0 is the text alone, 1 the media alone."""


class ReadsMedia(Protocol):
    """Decodes untrusted files in limited children."""

    def read_sound(self, path: Path) -> "Sound":
        """A recording as samples."""

    def read_frames(self, path: Path) -> "Frames":
        """A clip as pictures."""

    def render(self, source: Path | bytes, *, sample_rate: int = TRUNK_RATE) -> "Sound":
        """A MIDI file as samples, so many a second."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What finding music works with; refuses an embedder of another space than is searched."""

    catalogue: Catalogue
    searcher: Searcher
    embedder: EmbedsMusic
    reader: ReadsMedia
    composer: ComposesMusic

    def __post_init__(self) -> None:
        if str(self.embedder.space) != self.searcher.space:
            raise WrongSpace(
                f"queries are of {self.embedder.space}, {self.searcher.space} is searched"
            )
