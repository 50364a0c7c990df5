"""Remembers texts that were embedded, so that the same words cost nothing the second time."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.recommendation.hits import Vector
from services.retrieval.tools import EmbedsMusic

if TYPE_CHECKING:
    from encoders.embed import ClipEmbedding, SoundEmbedding, TextEmbedding
    from encoders.space import Space
    from media.audio import Sound
    from media.video import Frames

NUM_REMEMBERED = 2048


class RememberingEmbedder:
    """An embedder that keeps the last texts it embedded, of its one space; safe among threads."""

    def __init__(self, embedder: EmbedsMusic, *, num_remembered: int = NUM_REMEMBERED) -> None:
        self._embedder = embedder
        self._num_remembered = num_remembered
        self._texts: OrderedDict[str, TextEmbedding] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def space(self) -> "Space":
        """The space of every vector."""
        return self._embedder.space

    def embed_text(self, text: str) -> "TextEmbedding":
        """One sentence as a vector, with how it was read."""
        with self._lock:
            known = self._texts.get(text)
            if known is not None:
                self._texts.move_to_end(text)
                return known
        embedded = self._embedder.embed_text(text)
        with self._lock:
            self._texts[text] = embedded
            if len(self._texts) > self._num_remembered:
                self._texts.popitem(last=False)
        return embedded

    def embed_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Sentences as vectors (N, D)."""
        return self._embedder.embed_texts(texts)

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """A recording segment by segment, as a whole, and what was heard."""
        return self._embedder.embed_sound(sound)

    def embed_clip(self, frames: "Frames") -> "ClipEmbedding":
        """A clip as a vector, with what was seen."""
        return self._embedder.embed_clip(frames)

    def fuse(
        self,
        *,
        text: Vector | None = None,
        clip: Vector | None = None,
        sound: Vector | None = None,
        balance: float = 0.5,
    ) -> Vector:
        """One unit vector out of several."""
        return self._embedder.fuse(text=text, clip=clip, sound=sound, balance=balance)
