"""The catalogue: tracks, vectors and playlists in one database; knows no file and no network.

Every method is one transaction. Each writing one raises the `revision` first, which also makes
writers wait for each other on PostgreSQL: rows of vectors become visible in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.catalogue import filters, playlists, tracks, vectors
from services.catalogue.records import (
    CatalogueCounts,
    NewTrack,
    NewVectors,
    PlaylistPage,
    PlaylistRecord,
    TrackChanges,
    TrackFilter,
    TrackPage,
    TrackRecord,
    TrackVectors,
)
from services.catalogue.tables import StateRow, TrackRow, VectorsRow
from services.database import Sessions

if TYPE_CHECKING:
    from encoders.attributes import Description


class Catalogue:
    """What the installation knows of its music; safe to share among threads."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    # Tracks

    def add_track(
        self, new: NewTrack, vectors_of_track: NewVectors | None = None, *, space: str = ""
    ) -> TrackRecord:
        """Adds a track with its vectors; refuses an id that is taken (AlreadyExists)."""
        with self._writing() as session:
            row = tracks.insert_track(session, new)
            return self._finish_write(session, row, vectors_of_track, space)

    def put_track(
        self, new: NewTrack, vectors_of_track: NewVectors | None = None, *, space: str = ""
    ) -> TrackRecord:
        """Adds a track, or replaces all that one of the same id says.

        Vectors of other spaces stay when the content is the same.
        """
        with self._writing() as session:
            row = tracks.find_tracks(session, [new.id]).get(new.id)
            if row is None:
                row = tracks.insert_track(session, new)
            else:
                if row.content_hash != new.content_hash:
                    vectors.delete_vectors(session, row)
                tracks.write_track(row, new)
            return self._finish_write(session, row, vectors_of_track, space)

    def get_track(self, track_id: str) -> TrackRecord:
        """One track, or NotFound."""
        with self._sessions.reading() as session:
            return tracks.track_record(tracks.find_track(session, track_id))

    def get_tracks(self, track_ids: Iterable[str]) -> dict[str, TrackRecord]:
        """Those of the tracks that are there, by id."""
        with self._sessions.reading() as session:
            rows = tracks.find_tracks(session, track_ids)
            return {track_id: tracks.track_record(row) for track_id, row in rows.items()}

    def get_tracks_by_key(self, keys: Iterable[int]) -> dict[int, TrackRecord]:
        """Those of the tracks that are there, by key."""
        with self._sessions.reading() as session:
            rows = tracks.find_tracks_by_key(session, keys)
            return {key: tracks.track_record(row) for key, row in rows.items()}

    def track_with_hash(self, content_hash: str, *, space: str = "") -> TrackRecord | None:
        """The oldest track with this content; with a space, the oldest with vectors of it."""
        with self._sessions.reading() as session:
            row = tracks.find_by_hash(session, content_hash, space=space)
            return None if row is None else tracks.track_record(row)

    def list_tracks(self, *, words: str = "", after_id: str = "", limit: int = 100) -> TrackPage:
        """Tracks that have all the words, in the order of their ids, those after an id."""
        with self._sessions.reading() as session:
            return tracks.page_of_tracks(session, words=words, after_id=after_id, limit=limit)

    def find_by_words(
        self, words: str, *, limit: int = 100, has_sound: bool | None = False
    ) -> list[TrackRecord]:
        """Tracks that have all the words in title, artist, album, tags or text, without case.

        By default only those without sound, which nothing else finds; None asks for both kinds.
        """
        with self._sessions.reading() as session:
            rows = tracks.tracks_with_words(session, words, limit=limit, has_sound=has_sound)
            return [tracks.track_record(row) for row in rows]

    def update_track(self, track_id: str, changes: TrackChanges) -> TrackRecord:
        """Changes what a track says of itself, or NotFound."""
        with self._writing() as session:
            row = tracks.find_track(session, track_id)
            tracks.change_track(row, changes)
            session.flush()
            return tracks.track_record(row)

    def remove_track(self, track_id: str) -> TrackRecord:
        """Removes a track, its vectors and its places in playlists, or NotFound."""
        with self._writing() as session:
            row = tracks.find_track(session, track_id)
            record = tracks.track_record(row)
            session.delete(row)
            return record

    def counts(self, space: str) -> CatalogueCounts:
        """How much there is."""
        sound = select(func.count(TrackRow.key), func.sum(TrackRow.duration_s))
        segments = select(func.sum(VectorsRow.num_segments)).where(VectorsRow.space == space)
        with self._sessions.reading() as session:
            num_with_sound, sound_s = session.execute(sound.where(TrackRow.has_sound)).one()
            return CatalogueCounts(
                num_tracks=session.scalar(select(func.count(TrackRow.key))) or 0,
                num_with_sound=num_with_sound,
                num_segments=session.scalar(segments) or 0,
                sound_s=float(sound_s or 0.0),
            )

    def revision(self) -> int:
        """A number that grows with every write."""
        with self._sessions.reading() as session:
            return session.scalars(select(StateRow.revision)).one()

    # Vectors

    def put_vectors(
        self,
        track_id: str,
        vectors_of_track: NewVectors,
        *,
        space: str,
        description: Description | None = None,
    ) -> TrackRecord:
        """Gives a track its vectors in one space, and what was heard if given; or NotFound."""
        with self._writing() as session:
            row = tracks.find_track(session, track_id)
            if description is not None:
                tracks.write_description(row, description)
            return self._finish_write(session, row, vectors_of_track, space)

    def has_vectors(self, track_id: str, space: str) -> bool:
        """Whether a track has vectors of the space."""
        with self._sessions.reading() as session:
            return vectors.are_there(session, track_id, space=space)

    def vectors_of(self, track_ids: Iterable[str], space: str) -> dict[str, TrackVectors]:
        """The vectors of those tracks that have some in the space, by id."""
        with self._sessions.reading() as session:
            return vectors.find_vectors(session, track_ids, space=space)

    def rows_after(self, space: str, row: int = 0) -> Iterator[TrackVectors]:
        """Vectors of the space whose row is higher, in the order of rows, read in batches."""
        while True:
            with self._sessions.reading() as session:
                batch = vectors.vectors_after(session, row, space=space)
            yield from batch
            if len(batch) < vectors.ROWS_PER_BATCH:
                return
            row = batch[-1].row

    def alive_rows(self, space: str) -> NDArray[np.int64]:
        """(row, track_key) of all vectors of the space, (M, 2), in the order of rows."""
        with self._sessions.reading() as session:
            return vectors.rows_and_keys(session, space)

    def rows_allowed(self, conditions: TrackFilter, space: str) -> NDArray[np.int64]:
        """The rows of the space whose tracks meet the conditions, (M,), in order.

        Raises:
            InvalidRequest: The conditions cannot be meant.
        """
        filters.check_filter(conditions)
        with self._sessions.reading() as session:
            return vectors.numbers(session, filters.rows_query(conditions, space))

    def missing_vectors(self, space: str) -> list[str]:
        """The ids of tracks with sound that have no vectors of the space."""
        with self._sessions.reading() as session:
            return vectors.ids_without_vectors(session, space)

    # Playlists

    def create_playlist(self, playlist: PlaylistRecord) -> PlaylistRecord:
        """Adds a playlist, an empty id gets a fresh one; AlreadyExists, NotFound for a track."""
        with self._writing() as session:
            return playlists.insert_playlist(session, playlist)

    def get_playlist(self, playlist_id: str) -> PlaylistRecord:
        """One playlist, or NotFound."""
        with self._sessions.reading() as session:
            row = playlists.find_playlist(session, playlist_id)
            return playlists.playlist_record(session, row)

    def list_playlists(self, *, after_id: str = "", limit: int = 100) -> PlaylistPage:
        """Playlists in the order of their ids, those after an id."""
        with self._sessions.reading() as session:
            return playlists.page_of_playlists(session, after_id=after_id, limit=limit)

    def update_playlist(
        self,
        playlist_id: str,
        *,
        title: str | None = None,
        track_ids: Sequence[str] | None = None,
    ) -> PlaylistRecord:
        """Changes the title or replaces the items; NotFound for the playlist or a track."""
        with self._writing() as session:
            row = playlists.find_playlist(session, playlist_id)
            row.title = row.title if title is None else title
            if track_ids is not None:
                playlists.write_items(session, row, track_ids)
            return playlists.playlist_record(session, row)

    def remove_playlist(self, playlist_id: str) -> None:
        """Removes a playlist, or NotFound; its tracks stay."""
        with self._writing() as session:
            session.delete(playlists.find_playlist(session, playlist_id))

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._sessions.writing() as session:
            session.execute(update(StateRow).values(revision=StateRow.revision + 1))
            yield session

    @staticmethod
    def _finish_write(
        session: Session, row: TrackRow, vectors_of_track: NewVectors | None, space: str
    ) -> TrackRecord:
        if vectors_of_track is not None:
            vectors.write_vectors(session, row, vectors_of_track, space=space)
        session.flush()
        return tracks.track_record(row)
