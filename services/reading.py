"""Reads media as another reader does, and calls an upload by the name that its owner gave it.

On this machine an upload lies under its handle: an error that names that file means nothing to
whoever sent it. Decodes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from media.audio import TRUNK_RATE
from media.errors import MediaError

if TYPE_CHECKING:
    from media.audio import Sound
    from media.probe import MediaInfo
    from media.video import Frames


class Reads(Protocol):
    """Decodes untrusted files; `media.child.MediaReader` does."""

    def probe(self, path: Path) -> MediaInfo:
        """What the file is and says of itself."""

    def read_sound(self, path: Path) -> Sound:
        """A recording as samples at the trunk's rate."""

    def read_frames(self, path: Path) -> Frames:
        """A clip as pictures."""

    def render(self, source: Path | bytes, *, sample_rate: int = TRUNK_RATE) -> Sound:
        """A MIDI file as samples, so many a second."""

    def close(self) -> None:
        """Ends its children."""


class NamingReader:
    """A reader whose errors name a file as its owner does.

    Args:
        reader: Reads.
        name_of: What the owner of a file calls it.
        sample_rate: Samples a second of scores that are rendered to be heard by the towers.
    """

    def __init__(
        self,
        reader: Reads,
        name_of: Callable[[Path], str],
        *,
        sample_rate: int = TRUNK_RATE,
    ) -> None:
        self._reader = reader
        self._sample_rate = sample_rate
        self._name_of = name_of

    def probe(self, path: Path) -> MediaInfo:
        """What the file is and says of itself."""
        with self._naming(path):
            return self._reader.probe(path)

    def read_sound(self, path: Path) -> Sound:
        """A recording as samples at the trunk's rate."""
        with self._naming(path):
            return self._reader.read_sound(path)

    def read_frames(self, path: Path) -> Frames:
        """A clip as pictures."""
        with self._naming(path):
            return self._reader.read_frames(path)

    def render(self, source: Path | bytes, *, sample_rate: int | None = None) -> Sound:
        """A MIDI file as samples, so many a second; by default as many as the towers want."""
        rate = sample_rate or self._sample_rate
        if isinstance(source, bytes):
            return self._reader.render(source, sample_rate=rate)
        with self._naming(source):
            return self._reader.render(source, sample_rate=rate)

    @contextmanager
    def _naming(self, path: Path) -> Iterator[None]:
        try:
            yield
        except MediaError as error:
            message = str(error).replace(path.name, self._name_of(path))
            raise type(error)(message) from error
