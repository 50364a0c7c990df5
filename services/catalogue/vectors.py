"""Queries on vectors within one session: half precision in the database, float32 outside."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, undefer

from services.catalogue.records import MAX_SEGMENTS, NewVectors, TrackVectors
from services.catalogue.tables import TrackRow, VectorsRow
from services.catalogue.tracks import in_parts
from services.errors import InvalidRequest, WrongSpace

STORED = np.dtype("<f2")
STORED_TIMES = np.dtype("<f4")
ROWS_PER_BATCH = 256  # 256 tracks of 3 minutes are about 4 MB


def write_vectors(session: Session, track: TrackRow, vectors: NewVectors, *, space: str) -> None:
    """Puts vectors in place of the older ones of the track in the space.

    Raises:
        InvalidRequest: they do not belong together or are not finite.
        WrongSpace: vectors of this space have another width.
    """
    _check_vectors(vectors)
    _check_width(session, vectors.track.size, space=space)
    delete_vectors(session, track, space=space)
    matrix = np.concatenate([vectors.track[None], vectors.segments])  # (1 + S, D)
    row = VectorsRow(
        track_key=track.key,
        space=space,
        dimension=matrix.shape[1],
        num_segments=len(vectors.segments),
        matrix=matrix.astype(STORED).tobytes(),
        starts_s=vectors.starts_s.astype(STORED_TIMES).tobytes(),
    )
    session.add(row)
    track.num_segments = row.num_segments


def delete_vectors(session: Session, track: TrackRow, *, space: str | None = None) -> None:
    """Removes the vectors of a track, in one space or in all."""
    query = delete(VectorsRow).where(VectorsRow.track_key == track.key)
    track.num_segments = 0
    session.execute(query if space is None else query.where(VectorsRow.space == space))


def are_there(session: Session, track_id: str, *, space: str) -> bool:
    """Whether a track has vectors of the space."""
    query = select(VectorsRow.row).join(TrackRow).where(TrackRow.id == track_id)
    return session.scalar(query.where(VectorsRow.space == space)) is not None


def find_vectors(session: Session, ids: Iterable[str], *, space: str) -> dict[str, TrackVectors]:
    """The vectors of those tracks that have some in the space, by id."""
    found: dict[str, TrackVectors] = {}
    for part in in_parts(list(ids)):
        query = (
            select(TrackRow.id, VectorsRow)
            .join(TrackRow, TrackRow.key == VectorsRow.track_key)
            .where(VectorsRow.space == space, TrackRow.id.in_(part))
            .options(undefer(VectorsRow.matrix), undefer(VectorsRow.starts_s))
        )
        found |= {track_id: _track_vectors(row) for track_id, row in session.execute(query)}
    return found


def vectors_after(session: Session, row: int, *, space: str) -> list[TrackVectors]:
    """The first `ROWS_PER_BATCH` vectors whose row is higher, in the order of rows."""
    query = (
        select(VectorsRow)
        .where(VectorsRow.space == space, VectorsRow.row > row)
        .order_by(VectorsRow.row)
        .limit(ROWS_PER_BATCH)
        .options(undefer(VectorsRow.matrix), undefer(VectorsRow.starts_s))
    )
    return [_track_vectors(found) for found in session.scalars(query)]


def rows_and_keys(session: Session, space: str) -> NDArray[np.int64]:
    """(row, track_key) of all vectors of the space, (M, 2), in the order of rows."""
    query = select(VectorsRow.row, VectorsRow.track_key).where(VectorsRow.space == space)
    pairs = session.execute(query.order_by(VectorsRow.row)).all()
    columns = list(zip(*pairs, strict=True)) or [(), ()]
    return np.array(columns, dtype=np.int64).T


def ids_without_vectors(session: Session, space: str) -> list[str]:
    """The ids of tracks with sound that have no vectors of the space, in the order of arrival."""
    there = select(VectorsRow.track_key).where(VectorsRow.space == space)
    query = select(TrackRow.id).where(TrackRow.has_sound, TrackRow.key.not_in(there))
    return list(session.scalars(query.order_by(TrackRow.key)))


def numbers(session: Session, query: Select[int]) -> NDArray[np.int64]:
    """The one column of a query as numbers, (M,)."""
    return np.fromiter(session.scalars(query), dtype=np.int64)


def _check_vectors(vectors: NewVectors) -> None:
    num_segments, width = vectors.segments.shape
    if vectors.track.shape != (width,) or vectors.starts_s.shape != (num_segments,):
        raise InvalidRequest(
            f"vectors of shapes {vectors.track.shape}, {vectors.segments.shape} and "
            f"{vectors.starts_s.shape} do not belong together"
        )
    if not 1 <= num_segments <= MAX_SEGMENTS:
        raise InvalidRequest(f"{num_segments} segments; 1 to {MAX_SEGMENTS} can be stored")
    if not (np.isfinite(vectors.segments).all() and np.isfinite(vectors.track).all()):
        raise InvalidRequest("the vectors are not finite")


def _check_width(session: Session, width: int, *, space: str) -> None:
    """All vectors of a space are equally wide; its first ones say how wide."""
    query = select(VectorsRow.dimension).where(VectorsRow.space == space).limit(1)
    known = session.scalar(query)
    if known is not None and known != width:
        raise WrongSpace(f"vectors of {width} dimensions; those of {space} have {known}")


def _track_vectors(row: VectorsRow) -> TrackVectors:
    stored = np.frombuffer(row.matrix, dtype=STORED).reshape(1 + row.num_segments, row.dimension)
    matrix = stored.astype(np.float32)
    return TrackVectors(
        row=row.row,
        track_key=row.track_key,
        track=matrix[0],
        segments=matrix[1:],
        starts_s=np.frombuffer(row.starts_s, dtype=STORED_TIMES).astype(np.float32),
    )
