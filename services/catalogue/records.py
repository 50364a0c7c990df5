"""What the catalogue holds, as frozen values; knows no database and no transport.

Letters: S segments of a track, D width of the space.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from encoders.attributes import Description

Vectors = NDArray[np.float32]

PARTS_PER_ROW = 4096
MAX_SEGMENTS = PARTS_PER_ROW - 1  # part 0 is the whole track
TRACK_PART = 0

PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1, "♯": 1, "♭": -1}
MODES = {"major": 0, "minor": 12}


@dataclass(frozen=True, kw_only=True)
class TrackRecord:
    """One track as the catalogue knows it.

    Attributes:
        key: The number of the track inside the catalogue; never given out, never used again.
        id: The id that callers know.
        duration_s: Seconds of the recording; None without one.
        description: What was heard; None without a recording.
        source_path: Where the file was last seen; None without one.
        content_hash: SHA-256 of the file in hexadecimal; None without one.
        num_segments: Segments of the vectors written last.
    """

    key: int
    id: str
    title: str
    artist: str
    album: str
    tags: tuple[str, ...]
    text: str
    licence: str
    duration_s: float | None
    description: Description | None
    source_path: str | None
    content_hash: str | None
    generated: bool
    has_sound: bool
    num_segments: int
    added_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewTrack:
    """A track to be written; the fields mean what they mean in `TrackRecord`."""

    id: str
    title: str = ""
    artist: str = ""
    album: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    licence: str = ""
    duration_s: float | None = None
    description: Description | None = None
    source_path: str | None = None
    content_hash: str | None = None
    generated: bool = False
    has_sound: bool = False


@dataclass(frozen=True, kw_only=True)
class TrackChanges:
    """What to change of a track; None leaves a field as it is."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    tags: tuple[str, ...] | None = None
    text: str | None = None
    licence: str | None = None
    source_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewVectors:
    """Vectors to be written: track (D,), segments (S, D), starts_s (S,), all float32."""

    track: Vectors
    segments: Vectors
    starts_s: Vectors


@dataclass(frozen=True, kw_only=True)
class TrackVectors:
    """Vectors of one track in one space, as stored: half precision widened to float32.

    Attributes:
        row: Number of this writing; later writings have higher ones, and none is used twice.
        track_key: The track.
        track: Vector of the whole track, (D,).
        segments: Vectors of the segments, (S, D).
        starts_s: Where the segments start, (S,) seconds.
    """

    row: int
    track_key: int
    track: Vectors
    segments: Vectors
    starts_s: Vectors

    @property
    def index_ids(self) -> NDArray[np.int64]:
        """Index ids of the whole track and then of its segments, (1 + S,)."""
        return self.row * PARTS_PER_ROW + np.arange(1 + len(self.segments), dtype=np.int64)

    @property
    def matrix(self) -> Vectors:
        """Vector of the whole track and then of its segments, (1 + S, D)."""
        return np.concatenate([self.track[None], self.segments])


@dataclass(frozen=True, kw_only=True)
class TrackFilter:
    """Conditions that every hit must meet; a condition left out allows everything.

    `max_per_artist` is no condition on one track: whoever ranks applies it, 0 takes its default.
    """

    min_tempo_bpm: float | None = None
    max_tempo_bpm: float | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    licences: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    no_tags: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    exclude_ids: tuple[str, ...] = ()
    exclude_artists: tuple[str, ...] = ()
    max_per_artist: int = 0

    @property
    def allows_all(self) -> bool:
        """Whether no track fails the conditions."""
        return self == TrackFilter(max_per_artist=self.max_per_artist)


@dataclass(frozen=True, kw_only=True)
class TrackPage:
    """Some tracks in the order of their ids; `next_id` is the last one's id when more follow."""

    tracks: tuple[TrackRecord, ...]
    next_id: str = ""
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class PlaylistRecord:
    """A playlist: ids of its tracks in order."""

    id: str
    title: str = ""
    track_ids: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class PlaylistPage:
    """Some playlists in the order of their ids; `next_id` is the last one's when more follow."""

    playlists: tuple[PlaylistRecord, ...]
    next_id: str = ""


@dataclass(frozen=True, kw_only=True)
class CatalogueCounts:
    """How much the catalogue holds; segments are those of one space."""

    num_tracks: int
    num_with_sound: int
    num_segments: int
    sound_s: float


def index_id(row: int, part: int) -> int:
    """The index id of a part of a row: part 0 is the whole track, part i its segment i."""
    if not 0 <= part < PARTS_PER_ROW:
        raise ValueError(f"part is {part}; it must be 0 to {PARTS_PER_ROW - 1}")
    return row * PARTS_PER_ROW + part


def split_id(vector_id: int) -> tuple[int, int]:
    """The row and part of an index id."""
    return divmod(int(vector_id), PARTS_PER_ROW)


def split_ids(vector_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and parts of index ids, each in the shape of the ids."""
    return vector_ids // PARTS_PER_ROW, vector_ids % PARTS_PER_ROW


def key_number(name: str) -> int | None:
    """A musical key as 0 to 23 (semitones above C, minor 12 higher), or None when it is no key.

    "C# minor" and "Db minor" are the same number.
    """
    note, _, mode = name.strip().partition(" ")
    pitch_class = PITCH_CLASSES.get(note[:1].upper())
    accidental = ACCIDENTALS.get(note[1:])
    offset = MODES.get(mode.strip().lower())
    if pitch_class is None or accidental is None or offset is None:
        return None
    return (pitch_class + accidental) % 12 + offset


def clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The tags in lower case, trimmed, without repeats, in the order given."""
    return tuple(dict.fromkeys(tag for tag in map(_clean_tag, tags) if tag))


def clean_words(words: str) -> str:
    """The words without what no database takes: NUL, and halves of characters."""
    return words.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _clean_tag(tag: str) -> str:
    return clean_words(tag).strip().lower()
