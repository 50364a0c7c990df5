"""The tables of tracks, their vectors and playlists; holds no query."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.database import Base, BigNumber, Instant

# Ids sort by their bytes on both databases, so that pages come in the same order.
Id = String(128).with_variant(String(128, collation="C"), "postgresql")


class StateRow(Base):
    """One row for the whole catalogue; `revision` grows with every write."""

    __tablename__ = "catalogue_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigNumber)


class TagRow(Base):
    """One tag of one track, in its place."""

    __tablename__ = "track_tag"

    track_key: Mapped[int] = mapped_column(
        BigNumber, ForeignKey("track.key", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(256), primary_key=True, index=True)
    position: Mapped[int]


class VectorsRow(Base):
    """The vectors of one track in one space.

    `matrix` is float16 (1 + S, D) in C order, little endian: the whole track first, then the
    segments. `starts_s` is float32 (S,), little endian.
    """

    __tablename__ = "track_vectors"
    __table_args__ = (
        UniqueConstraint("track_key", "space"),
        # Answers which rows are there without reading a single matrix.
        Index("ix_track_vectors_rows", "space", "row", "track_key"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    track_key: Mapped[int] = mapped_column(BigNumber, ForeignKey("track.key", ondelete="CASCADE"))
    space: Mapped[str] = mapped_column(String(64))
    dimension: Mapped[int]
    num_segments: Mapped[int]
    matrix: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    starts_s: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class TrackRow(Base):
    """One track.

    `num_segments` is that of the vectors written last. The columns after `description` repeat
    parts of it, or of the words, in a form that a filter can compare: `key_number` is 0 to 23,
    `artist_folded` and `words` are case-folded.
    """

    __tablename__ = "track"
    __table_args__ = ({"sqlite_autoincrement": True},)

    key: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    title: Mapped[str] = mapped_column(Text)
    artist: Mapped[str] = mapped_column(Text)
    album: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(Text)
    duration_s: Mapped[float | None]
    source_path: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    generated: Mapped[bool]
    has_sound: Mapped[bool]
    num_segments: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(Instant)
    description: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    tempo_bpm: Mapped[float | None]
    key_number: Mapped[int | None]
    artist_folded: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)

    tags: Mapped[list[TagRow]] = relationship(
        order_by=TagRow.position,
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
    )


class PlaylistItemRow(Base):
    """One track in its place in a playlist."""

    __tablename__ = "playlist_item"

    playlist_key: Mapped[int] = mapped_column(
        BigNumber, ForeignKey("playlist.key", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    track_key: Mapped[int] = mapped_column(
        BigNumber, ForeignKey("track.key", ondelete="CASCADE"), index=True
    )


class PlaylistRow(Base):
    """One playlist."""

    __tablename__ = "playlist"

    key: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    title: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(Instant)
