"""The values that go into the client and come out of it; knows no message and no transport.

Times are seconds. A relevance is a probability from 0 to 1: higher is closer. What was left out,
or not found, is None; an empty text says that nothing is known.
Every class here has the fields of one message of `temptrack.v1`, under the same names; only the
media of a `TrackSource` may also be a local file, which the client sends or names for the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SoundDescription:
    """What was heard in a recording: moods -1 to 1, everything else by probability, 0 to 1."""

    tempo_bpm: float | None = None
    key: str = ""
    moods: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, float] = field(default_factory=dict)
    instruments: Mapping[str, float] = field(default_factory=dict)
    vocals: float = 0.0
    acoustic: float = 0.0
    loudness_db: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Track:
    """A recording, a composed piece or a mere title in the catalogue.

    Attributes:
        duration_s: 0 where there is no file.
        heard: None where there is no file.
        has_sound: False for a title without a recording; it is never found by sound.
        available: whether the server can read the file now.
        generated: whether Temptrack composed the piece.
    """

    id: str
    title: str = ""
    artist: str = ""
    album: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    licence: str = ""
    duration_s: float = 0.0
    heard: SoundDescription | None = None
    has_sound: bool = False
    available: bool = False
    generated: bool = False
    num_segments: int = 0
    added_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Media:
    """Bytes that the server has: an `upload` handle or an absolute `path` there, exactly one."""

    upload: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        if bool(self.upload) == bool(self.path):
            raise ValueError("give an upload handle or a path on the server, exactly one of them")


@dataclass(frozen=True, kw_only=True)
class TrackSource:
    """One track to import; without `media` it is a mere title. Empty texts take the file's own.

    Attributes:
        media: a file of this machine, or bytes that the server has.
        id: 1 to 128 letters, digits and ._:-; empty takes the content's SHA-256.
        label: the name of the source in messages.
    """

    media: Path | Media | None = None
    id: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    licence: str = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class TrackPage:
    """One page of tracks; `next_page_token` is empty on the last."""

    tracks: tuple[Track, ...]
    next_page_token: str
    total_size: int


@dataclass(frozen=True, kw_only=True)
class Playlist:
    """Tracks in an order, by their ids."""

    id: str = ""
    title: str = ""
    track_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlaylistPage:
    """One page of playlists; `next_page_token` is empty on the last."""

    playlists: tuple[Playlist, ...]
    next_page_token: str


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """What became of one source.

    Attributes:
        state: "added", "unchanged", "updated" or "refused".
        message: why it was refused, or what was left out or repaired.
        reason: of a refusal, such as UNREADABLE_MEDIA.
    """

    label: str
    track_id: str
    state: str
    message: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportProgress:
    """How far an import is; `remaining_s` is 0 while it is unknown."""

    num_sources: int = 0
    num_done: int = 0
    sound_s: float = 0.0
    remaining_s: float = 0.0
    current: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Outcomes in the order of the sources, seconds of audio embedded and seconds it took."""

    outcomes: tuple[ImportOutcome, ...] = ()
    sound_s: float = 0.0
    elapsed_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ClipDescription:
    """What was seen in a clip: `words` most likely first, the rest 0 to 1 or -1 to 1."""

    words: tuple[str, ...] = ()
    brightness: float = 0.0
    saturation: float = 0.0
    warmth: float = 0.0
    motion: float = 0.0
    cuts_per_minute: float = 0.0
    valence: float = 0.0
    energy: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One thing that words were understood to ask for."""

    name: str
    value: str
    words: str
    negated: bool
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """How a sentence was read."""

    text: str = ""
    asked: tuple[Asked, ...] = ()
    not_understood: tuple[str, ...] = ()
    language_supported: bool = True


@dataclass(frozen=True, kw_only=True)
class TrackFilter:
    """Conditions that every hit must meet; one left out allows everything.

    Attributes:
        max_per_artist: 0 takes the server's own cap.
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


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a hit was chosen, in words that a person would use."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One answer: the track, how well it fits and where in it to start."""

    track: Track
    relevance: float
    start_s: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AttributeReport:
    """One attribute of a composed piece; `met` is None where nothing was asked."""

    name: str
    asked: str
    got: str
    met: bool | None
    how: str


@dataclass(frozen=True, kw_only=True)
class ComposedPiece:
    """A sketch that Temptrack composed: a MIDI file, and a WAV file where one was asked for."""

    midi: bytes
    wav: bytes
    seed: int
    model: str
    attributes: tuple[AttributeReport, ...]
    num_candidates: int
    generated: bool


@dataclass(frozen=True, kw_only=True)
class FoundMusic:
    """The answer to a search.

    Attributes:
        no_match: nothing in the catalogue reaches `floor`.
        best_relevance: of the best track allowed, even below the floor.
        composed: a piece made because nothing fits and it was allowed.
        plan: how the index was searched: exact, filtered or over_fetch.
    """

    hits: tuple[Hit, ...]
    understood: Understanding | None
    seen: ClipDescription | None
    no_match: bool
    floor: float
    best_relevance: float
    composed: ComposedPiece | None
    plan: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SimilarTracks:
    """Tracks that sound like one of the catalogue, best first."""

    hits: tuple[Hit, ...]
    no_match: bool


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """How a playlist goes on, in the order to play it."""

    hits: tuple[Hit, ...]
    ignored_seed_ids: tuple[str, ...]
    understood: Understanding | None


@dataclass(frozen=True, kw_only=True)
class MadePlaylist:
    """A playlist made from words, in the order to play it."""

    hits: tuple[Hit, ...]
    understood: Understanding | None
    no_match: bool


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What a piece must be; what is left out is chosen and reported."""

    tempo_bpm: float | None = None
    key: str = ""
    metre: str = ""
    bars: int | None = None
    length_s: float | None = None
    instruments: tuple[str, ...] = ()
    valence: float | None = None
    energy: float | None = None


@dataclass(frozen=True, kw_only=True)
class ComposedMusic:
    """A piece, how the words for it were read and the brief that was worked to."""

    piece: ComposedPiece
    understood: Understanding | None
    brief: Brief | None


@dataclass(frozen=True, kw_only=True)
class TextVectors:
    """One vector of `space` and one reading per sentence, in order."""

    space: str
    vectors: tuple[tuple[float, ...], ...]
    understood: tuple[Understanding, ...]


@dataclass(frozen=True, kw_only=True)
class SoundVectors:
    """One vector of `space` per segment, where each starts, and one for the whole track."""

    space: str
    segments: tuple[tuple[float, ...], ...]
    starts_s: tuple[float, ...]
    track: tuple[float, ...]
    heard: SoundDescription | None


@dataclass(frozen=True, kw_only=True)
class ClipVector:
    """The vector of a clip in `space`."""

    space: str
    vector: tuple[float, ...]
    seen: ClipDescription | None


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """How a server is; `generation` is empty before the first one is built."""

    version: str
    home: str
    home_format: int
    space: str
    num_tracks: int
    num_tracks_with_sound: int
    num_segments: int
    sound_s: float
    generation: str
    generation_rows: int
    fresh_rows: int
    device: str
    started_at: datetime | None
    num_running_operations: int
    database: str


@dataclass(frozen=True, kw_only=True)
class ReindexProgress:
    """How far a reindex is."""

    stage: str = ""
    num_missing: int = 0
    num_done: int = 0


@dataclass(frozen=True, kw_only=True)
class ReindexReport:
    """The generation that a reindex put live; `recall` is against exact search, 0 to 1."""

    generation: str = ""
    num_rows: int = 0
    recall: float = 0.0
    refused: tuple[str, ...] = ()
