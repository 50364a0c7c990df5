"""Queries on tracks and their words within one session; knows no vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from services.catalogue.records import (
    NewTrack,
    TrackChanges,
    TrackPage,
    TrackRecord,
    clean_tags,
    clean_words,
    key_number,
)
from services.catalogue.tables import TagRow, TrackRow, VectorsRow
from services.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from encoders.attributes import Description

# SQLite takes 32,766 values in one statement.
MAX_VALUES = 10_000

WORDS = ("title", "artist", "album", "text", "licence")

T = TypeVar("T")


def insert_track(session: Session, new: NewTrack) -> TrackRow:
    """Adds a track; refuses an id that is taken."""
    if session.scalar(select(TrackRow.key).where(TrackRow.id == new.id)) is not None:
        raise AlreadyExists(f"there is a track {new.id!r} already", details={"track": new.id})
    row = TrackRow(id=new.id, num_segments=0, added_at=datetime.now(UTC))
    write_track(row, new)
    session.add(row)
    session.flush()
    return row


def write_track(row: TrackRow, new: NewTrack) -> None:
    """Puts everything that a new track says into its row."""
    for name in WORDS:
        setattr(row, name, clean_words(getattr(new, name)))
    for name in ("duration_s", "source_path", "content_hash", "generated", "has_sound"):
        setattr(row, name, getattr(new, name))
    _write_tags(row, new.tags)
    write_description(row, new.description)
    _fold_words(row)


def write_description(row: TrackRow, description: Description | None) -> None:
    """Puts what was heard into a row, and the parts that filters compare into their columns."""
    row.description = None if description is None else description.to_dict()
    row.tempo_bpm = None if description is None else description.tempo_bpm
    key = None if description is None else description.key
    row.key_number = None if key is None else key_number(key)


def change_track(row: TrackRow, changes: TrackChanges) -> None:
    """Puts the fields that are not None into a row."""
    for name, value in asdict(changes).items():
        if name == "tags" and value is not None:
            _write_tags(row, value)
        elif value is not None:
            setattr(row, name, clean_words(value) if name in WORDS else value)
    _fold_words(row)


def find_track(session: Session, track_id: str) -> TrackRow:
    """The row of a track; refuses an id that is not there."""
    row = session.scalar(select(TrackRow).where(TrackRow.id == track_id))
    if row is None:
        raise NotFound(f"there is no track {track_id!r}", details={"track": track_id})
    return row


def find_by_hash(session: Session, content_hash: str, *, space: str) -> TrackRow | None:
    """The oldest track with this content; with a space, the oldest with vectors of it."""
    query = select(TrackRow).where(TrackRow.content_hash == content_hash).order_by(TrackRow.key)
    if space:
        query = query.join(VectorsRow).where(VectorsRow.space == space)
    return session.scalar(query.limit(1))


def find_tracks(session: Session, ids: Iterable[str]) -> dict[str, TrackRow]:
    """The tracks that are there, by id."""
    rows: dict[str, TrackRow] = {}
    for part in in_parts(list(ids)):
        query = select(TrackRow).where(TrackRow.id.in_(part))
        rows |= {row.id: row for row in session.scalars(query)}
    return rows


def find_tracks_by_key(session: Session, keys: Iterable[int]) -> dict[int, TrackRow]:
    """The tracks that are there, by key."""
    rows: dict[int, TrackRow] = {}
    for part in in_parts([int(key) for key in keys]):
        query = select(TrackRow).where(TrackRow.key.in_(part))
        rows |= {row.key: row for row in session.scalars(query)}
    return rows


def page_of_tracks(session: Session, *, words: str, after_id: str, limit: int) -> TrackPage:
    """Tracks in the order of their ids, those after an id."""
    query = _with_words(select(TrackRow), words)
    total = session.scalar(_with_words(select(func.count(TrackRow.key)), words)) or 0
    rows = session.scalars(
        query.where(TrackRow.id > after_id).order_by(TrackRow.id).limit(limit + 1)
    ).all()
    tracks = tuple(track_record(row) for row in rows[:limit])
    next_id = tracks[-1].id if len(rows) > limit else ""
    return TrackPage(tracks=tracks, next_id=next_id, total=total)


def tracks_with_words(
    session: Session, words: str, *, limit: int, has_sound: bool | None
) -> list[TrackRow]:
    """The tracks that have all the words, in the order of title and id."""
    query = _with_words(select(TrackRow), words)
    if has_sound is not None:
        query = query.where(TrackRow.has_sound == has_sound)
    return list(session.scalars(query.order_by(TrackRow.title, TrackRow.id).limit(limit)))


def track_record(row: TrackRow) -> TrackRecord:
    """The value of a row."""
    return TrackRecord(
        key=row.key,
        id=row.id,
        title=row.title,
        artist=row.artist,
        album=row.album,
        tags=tuple(tag.tag for tag in row.tags),
        text=row.text,
        licence=row.licence,
        duration_s=row.duration_s,
        description=_read_description(row.description),
        source_path=row.source_path,
        content_hash=row.content_hash,
        generated=row.generated,
        has_sound=row.has_sound,
        num_segments=row.num_segments,
        added_at=row.added_at,
    )


def in_parts(values: Sequence[T]) -> list[Sequence[T]]:
    """The values in parts that one statement can take."""
    return [values[first : first + MAX_VALUES] for first in range(0, len(values), MAX_VALUES)]


def _with_words(query: Select[Any], words: str) -> Select[Any]:
    for word in words.casefold().split():
        query = query.where(TrackRow.words.contains(word, autoescape=True))
    return query


def _fold_words(row: TrackRow) -> None:
    parts = (row.title, row.artist, row.album, *(tag.tag for tag in row.tags), row.text)
    row.words = "\n".join(parts).casefold()
    row.artist_folded = row.artist.casefold()


def _write_tags(row: TrackRow, tags: tuple[str, ...]) -> None:
    old = {tag.tag: tag for tag in row.tags}
    row.tags = [old.get(tag) or TagRow(tag=tag) for tag in clean_tags(tags)]
    for position, tag in enumerate(row.tags):
        tag.position = position


def _read_description(stored: dict[str, Any] | None) -> Description | None:
    if stored is None:
        return None
    from encoders.attributes import Description

    return Description.from_dict(stored)
