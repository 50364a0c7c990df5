"""Holds what a search is asked and what it answers; knows no transport and no index."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.catalogue.records import TrackFilter
from services.errors import InvalidRequest
from services.recommendation.hits import Hit, Reason

if TYPE_CHECKING:
    from encoders.towers.clip import ClipDescription
    from encoders.understanding import Understanding
    from services.generation.compose import ComposedPiece

__all__ = ["Answer", "Hit", "MusicQuery", "Reason", "SimilarQuery"]

DEFAULT_LIMIT = 10
DEFAULT_BALANCE = 0.5
DEFAULT_SEED = 1


@dataclass(frozen=True, kw_only=True)
class MusicQuery:
    """A wish for music; refuses one without words, media or a track.

    Attributes:
        text: What is wished for, in English.
        clip: The moving picture that the music is for.
        audio: A recording that the music should sound like.
        midi: A MIDI file that the music should sound like.
        like_track_id: A track of the catalogue that the music should sound like.
        balance: Between words and media, 0 (only the words) to 1 (only the media).
        filter: Conditions that every hit must meet.
        limit: Most hits, 1 or more.
        raw: Ranks by relevance alone: no floor, caps, diversity, merging or words of a title.
        may_compose: Whether a piece may be composed when nothing fits.
        seed: Seed of a composed piece.
        render: Whether a composed piece is rendered to sound too.
    """

    text: str = ""
    clip: Path | None = None
    audio: Path | None = None
    midi: Path | None = None
    like_track_id: str = ""
    balance: float = DEFAULT_BALANCE
    filter: TrackFilter = field(default_factory=TrackFilter)
    limit: int = DEFAULT_LIMIT
    raw: bool = False
    may_compose: bool = False
    seed: int = DEFAULT_SEED
    render: bool = False

    def __post_init__(self) -> None:
        if not (self.text.strip() or self.has_media or self.like_track_id):
            raise InvalidRequest("a search needs text, a clip, audio, midi or a track to be like")
        if self.limit < 1:
            raise InvalidRequest(f"limit is {self.limit}; it must be 1 or more")
        if not 0 <= self.balance <= 1:
            raise InvalidRequest(f"balance is {self.balance}; it must be between 0 and 1")

    @property
    def has_media(self) -> bool:
        """Whether files must be decoded."""
        return any((self.clip, self.audio, self.midi))


@dataclass(frozen=True, kw_only=True)
class SimilarQuery:
    """A wish for tracks that sound like one of the catalogue, which is never answered itself."""

    track_id: str
    filter: TrackFilter = field(default_factory=TrackFilter)
    limit: int = DEFAULT_LIMIT
    raw: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a search answers; "no match" is an answer.

    Attributes:
        hits: Best first.
        understood: How the words were read; None without words.
        seen: What was seen in the clip; None without a clip.
        no_match: Whether nothing allowed reaches the floor.
        floor: Relevance below which "no match" is the honest answer.
        best_relevance: Relevance of the best track allowed, even below the floor.
        composed: A composed piece, when nothing fits and composing was allowed.
        plan: How the index was searched: exact, filtered or over_fetch.
        remarks: Sentences for the reader.
    """

    hits: tuple[Hit, ...]
    understood: "Understanding | None" = None
    seen: "ClipDescription | None" = None
    no_match: bool = False
    floor: float = 0.0
    best_relevance: float = 0.0
    composed: "ComposedPiece | None" = None
    plan: str = "exact"
    remarks: tuple[str, ...] = ()
