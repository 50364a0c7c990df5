"""Hold tracks, their vectors, playlists and operations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Id = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True)
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_state()
    _create_tracks()
    _create_vectors()
    _create_playlists()
    _create_operations()


def _create_state() -> None:
    table = op.create_table(
        "catalogue_state",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("revision", Number, nullable=False),
    )
    op.bulk_insert(table, [{"id": 1, "revision": 0}])


def _create_tracks() -> None:
    op.create_table(
        "track",
        sa.Column("key", Number, primary_key=True, autoincrement=True),
        sa.Column("id", Id, nullable=False, unique=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("album", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Double()),
        sa.Column("source_path", sa.Text()),
        sa.Column("content_hash", sa.String(64), index=True),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("has_sound", sa.Boolean(), nullable=False),
        sa.Column("num_segments", sa.Integer(), nullable=False),
        sa.Column("added_at", Instant, nullable=False),
        sa.Column("description", Json),
        sa.Column("tempo_bpm", sa.Double()),
        sa.Column("key_number", sa.Integer()),
        sa.Column("artist_folded", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "track_tag",
        sa.Column("track_key", Number, _reference("track.key"), primary_key=True),
        sa.Column("tag", sa.String(256), primary_key=True, index=True),
        sa.Column("position", sa.Integer(), nullable=False),
    )


def _create_vectors() -> None:
    op.create_table(
        "track_vectors",
        sa.Column("row", Number, primary_key=True, autoincrement=True),
        sa.Column("track_key", Number, _reference("track.key"), nullable=False),
        sa.Column("space", sa.String(64), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("num_segments", sa.Integer(), nullable=False),
        sa.Column("matrix", sa.LargeBinary(), nullable=False),
        sa.Column("starts_s", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("track_key", "space"),
        sa.Index("ix_track_vectors_rows", "space", "row", "track_key"),
        sqlite_autoincrement=True,
    )


def _create_playlists() -> None:
    op.create_table(
        "playlist",
        sa.Column("key", Number, primary_key=True, autoincrement=True),
        sa.Column("id", Id, nullable=False, unique=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("added_at", Instant, nullable=False),
    )
    op.create_table(
        "playlist_item",
        sa.Column("playlist_key", Number, _reference("playlist.key"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("track_key", Number, _reference("track.key"), nullable=False, index=True),
    )


def _create_operations() -> None:
    op.create_table(
        "operation",
        sa.Column("number", Number, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("response", Json),
        sa.Column("error", Json),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "operation_item",
        sa.Column("operation_number", Number, _reference("operation.number"), primary_key=True),
        sa.Column("item", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
    )


def _reference(column: str) -> sa.ForeignKey:
    return sa.ForeignKey(column, ondelete="CASCADE")
