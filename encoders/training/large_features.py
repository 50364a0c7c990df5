"""Features of rows from the large profile's towers, computed once, by any number of processes.

    store = FeatureStore(cache_folder, towers)
    with MediaReader() as reader:
        store.compute(row, reader)          # writes them where they are missing
    store.load(row)                         # RowFeatures, or None where the row cannot be read

One npz file a row below a folder named after the towers' hash, so that other weights or windows
start anew; the file's name is a hash of the row's id, media and texts. A row that cannot be read
is remembered as such, so that all processes leave out the same rows.
"""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from encoders.datasets.rows import Media, Row
from encoders.errors import EncoderError
from encoders.training.arrays import write_arrays
from media.errors import MediaError

if TYPE_CHECKING:
    from encoders.large.clap import Heard
    from media.audio import Sound
    from media.video import Frames

logger = logging.getLogger(__name__)

SCORES = (".mid", ".midi")


class Towers(Protocol):
    """What computes features; `encoders.large.towers.LargeTowers` does."""

    @property
    def hash(self) -> str:
        """Of weights and windows."""

    @property
    def sample_rate(self) -> int:
        """Samples a second that are wanted."""

    def hear(self, sound: "Sound") -> "Heard":
        """Windows of a sound."""

    def read(self, texts: tuple[str, ...]) -> np.ndarray:
        """Rows of texts."""

    def see(self, frames: "Frames") -> np.ndarray:
        """One row of a clip."""


class Reads(Protocol):
    """Decodes untrusted files; `media.child.MediaReader` does."""

    def read_sound(self, path: Path, sample_rate: int = ...) -> "Sound":
        """A recording."""

    def read_frames(self, path: Path) -> "Frames":
        """A clip."""

    def render(self, source: Path, *, sample_rate: int = ...) -> "Sound":
        """A score."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowFeatures:
    """Holds what the towers make of one row; zero rows where it has no text or no clip."""

    sounds: np.ndarray  # (W, Da)
    texts: np.ndarray  # (N, Dt)
    clips: np.ndarray  # (0 or 1, Dp)


class FeatureStore:
    """Holds the folder of one pair of towers."""

    def __init__(self, root: Path, towers: Towers) -> None:
        self._towers = towers
        self.folder = root / "large" / towers.hash[:16]

    def compute(self, row: Row, reader: Reads) -> None:
        """Write a row's features where they are missing; one that cannot be read is logged."""
        path = self._path(row)
        if path.exists() or row.sound is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(path, self._features(row, reader))
        except (MediaError, EncoderError, OSError) as error:
            logger.warning("row %s is left out: %s", row.id, error)
            path.write_bytes(b"")

    def load(self, row: Row) -> RowFeatures | None:
        """A row's features; None where it has no sound or could not be read."""
        if not self.has(row):
            return None
        with np.load(self._path(row), allow_pickle=False) as stored:
            return RowFeatures(**{name: stored[name] for name in stored.files})

    def get(self, row: Row) -> RowFeatures:
        """A row's features, which are there."""
        features = self.load(row)
        assert features is not None  # the caller asked `has`
        return features

    def read(self, texts: tuple[str, ...]) -> np.ndarray:
        """Rows of texts that belong to no row."""
        return self._towers.read(texts)

    def has(self, row: Row) -> bool:
        """Whether `load` gives features."""
        path = self._path(row)
        return path.exists() and path.stat().st_size > 0

    def _path(self, row: Row) -> Path:
        lines = [row.id, *row.texts, *(_stamp(m) for m in (row.sound, row.clip))]
        name = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
        return self.folder / name[:2] / f"{name}.npz"

    def _features(self, row: Row, reader: Reads) -> RowFeatures:
        assert row.sound is not None  # `compute` leaves others out
        texts, clips = self._towers.read(row.texts), np.zeros((0, 0), dtype=np.float32)
        if row.clip is not None:
            with as_file(row.clip) as path:
                clips = self._towers.see(reader.read_frames(path))[None]
        sound = hear_media(row.sound, reader, self._towers.sample_rate)
        return RowFeatures(sounds=self._towers.hear(sound).windows, texts=texts, clips=clips)


@contextmanager
def as_file(media: Media) -> Iterator[Path]:
    """The media as a file of its own while it is used."""
    if media.size is None:
        yield media.path
        return
    with tempfile.NamedTemporaryFile(suffix=media.suffix) as file:
        file.write(media.read())
        file.flush()
        yield Path(file.name)


def hear_media(media: Media, reader: Reads, sample_rate: int) -> "Sound":
    """A recording, or a score rendered.

    Raises:
        MediaError: it cannot be read.
    """
    with as_file(media) as path:
        if media.suffix in SCORES:
            return reader.render(path, sample_rate=sample_rate)
        return reader.read_sound(path, sample_rate)


def _stamp(media: Media | None) -> str:
    """Name, place and size of media and when its file was last written."""
    if media is None:
        return ""
    status = media.path.stat()
    return f"{media.path.name} {media.offset} {media.size} {status.st_size} {status.st_mtime_ns}"


def _write(path: Path, features: RowFeatures) -> None:
    names = RowFeatures.__dataclass_fields__
    write_arrays(path, {name: getattr(features, name) for name in names})
