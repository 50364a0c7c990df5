"""Queries on playlists within one session."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.catalogue.records import PlaylistPage, PlaylistRecord
from services.catalogue.tables import PlaylistItemRow, PlaylistRow, TrackRow
from services.catalogue.tracks import find_tracks
from services.errors import AlreadyExists, NotFound


def insert_playlist(session: Session, playlist: PlaylistRecord) -> PlaylistRecord:
    """Adds a playlist; an empty id gets a fresh one."""
    playlist_id = playlist.id or f"playlist-{secrets.token_hex(8)}"
    if session.scalar(select(PlaylistRow.key).where(PlaylistRow.id == playlist_id)) is not None:
        message = f"there is a playlist {playlist_id!r} already"
        raise AlreadyExists(message, details={"playlist": playlist_id})
    row = PlaylistRow(id=playlist_id, title=playlist.title, added_at=datetime.now(UTC))
    session.add(row)
    session.flush()
    write_items(session, row, playlist.track_ids)
    return playlist_record(session, row)


def find_playlist(session: Session, playlist_id: str) -> PlaylistRow:
    """The row of a playlist; refuses an id that is not there."""
    row = session.scalar(select(PlaylistRow).where(PlaylistRow.id == playlist_id))
    if row is None:
        message = f"there is no playlist {playlist_id!r}"
        raise NotFound(message, details={"playlist": playlist_id})
    return row


def write_items(session: Session, row: PlaylistRow, track_ids: Sequence[str]) -> None:
    """Replaces the items; refuses an unknown track."""
    tracks = find_tracks(session, track_ids)
    missing = [track_id for track_id in track_ids if track_id not in tracks]
    if missing:
        raise NotFound(f"there is no track {missing[0]!r}", details={"track": missing[0]})
    session.execute(delete(PlaylistItemRow).where(PlaylistItemRow.playlist_key == row.key))
    session.add_all(
        PlaylistItemRow(playlist_key=row.key, position=place, track_key=tracks[track_id].key)
        for place, track_id in enumerate(track_ids)
    )
    session.flush()


def playlist_record(session: Session, row: PlaylistRow) -> PlaylistRecord:
    """The value of a row."""
    query = (
        select(TrackRow.id)
        .join(PlaylistItemRow, PlaylistItemRow.track_key == TrackRow.key)
        .where(PlaylistItemRow.playlist_key == row.key)
        .order_by(PlaylistItemRow.position)
    )
    return PlaylistRecord(id=row.id, title=row.title, track_ids=tuple(session.scalars(query)))


def page_of_playlists(session: Session, *, after_id: str, limit: int) -> PlaylistPage:
    """Playlists in the order of their ids, those after an id."""
    query = select(PlaylistRow).where(PlaylistRow.id > after_id).order_by(PlaylistRow.id)
    rows = session.scalars(query.limit(limit + 1)).all()
    playlists = tuple(playlist_record(session, row) for row in rows[:limit])
    next_id = playlists[-1].id if len(rows) > limit else ""
    return PlaylistPage(playlists=playlists, next_id=next_id)
