"""Hears files once: their vectors and tags, kept in a cache by content and space.

N files, D width of the space, T tags.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from encoders.embed import SoundEmbedding
    from encoders.space import Space
    from media.audio import Sound

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]  # done, of how many


class Reads(Protocol):
    """Decodes untrusted files; `media.child.MediaReader` does."""

    def read_sound(self, path: Path) -> "Sound":
        """The sound of a file."""


class Embeds(Protocol):
    """Embeds sounds and texts; `encoders.embed.Embedder` does."""

    @property
    def space(self) -> "Space":
        """The space of the vectors."""

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """The vectors of a sound and what was heard."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors (Q, D) of some texts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """What was heard in some files, in their order."""

    tracks: Vectors  # (N, D)
    tags: Vectors  # (N, T) probabilities
    tag_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Hears files through a reader and an embedder; keeps what it heard below a folder."""

    reader: Reads
    embedder: Embeds
    cache: Path

    def hear(self, files: Sequence[Path], progress: Progress) -> Heard:
        """What is in the files; a file that cannot be heard is an error: figures need them all."""
        rows, tags, names = [], [], tuple[str, ...]()
        for number, file in enumerate(files, 1):
            track, values, names = self._hear_one(file)
            rows.append(track)
            tags.append(values)
            progress(number, len(files))
        return Heard(tracks=np.stack(rows), tags=np.stack(tags), tag_names=names)

    def _hear_one(self, file: Path) -> tuple[Vectors, Vectors, tuple[str, ...]]:
        kept = self.cache / str(self.embedder.space) / f"{_hash(file)}.npz"
        if not kept.is_file():
            _write(kept, self.embedder.embed_sound(self.reader.read_sound(file)))
        with np.load(kept, allow_pickle=False) as arrays:
            return arrays["track"], arrays["tags"], tuple(arrays["tag_names"].tolist())


def _write(kept: Path, heard: "SoundEmbedding") -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = kept.with_suffix(f".{os.getpid()}.npz")
    np.savez(
        beside,
        track=heard.track,
        tags=np.array(list(heard.description.tags.values()), dtype=np.float32),
        tag_names=np.array(list(heard.description.tags)),
    )
    beside.replace(kept)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
