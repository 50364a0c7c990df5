"""Turns the catalogue's values into messages and back; the services above use it too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from services.catalogue.records import (
    PlaylistRecord,
    TrackChanges,
    TrackFilter,
    TrackRecord,
)
from services.catalogue.sources import MAX_WORDS, Words, check_id, check_words
from services.errors import InvalidRequest
from temptrack.v1 import catalogue_pb2, common_pb2

if TYPE_CHECKING:
    from encoders.attributes import Description

CHANGEABLE = ("title", "artist", "album", "tags", "text", "licence")
PLAYLIST_FIELDS = ("title", "track_ids")
MAX_PLAYLIST = 10_000


def track_message(record: TrackRecord) -> common_pb2.Track:
    """A track; looks whether its file is there."""
    added_at = Timestamp()
    added_at.FromDatetime(record.added_at)
    return common_pb2.Track(
        id=record.id,
        title=record.title,
        artist=record.artist,
        album=record.album,
        tags=record.tags,
        text=record.text,
        licence=record.licence,
        duration_s=record.duration_s or 0.0,
        heard=None if record.description is None else description_message(record.description),
        has_sound=record.has_sound,
        available=record.source_path is not None and Path(record.source_path).is_file(),
        generated=record.generated,
        num_segments=record.num_segments,
        added_at=added_at,
    )


def description_message(description: Description) -> common_pb2.SoundDescription:
    """What was heard."""
    return common_pb2.SoundDescription(
        tempo_bpm=description.tempo_bpm,
        key=description.key or "",
        moods=description.moods,
        tags=description.tags,
        instruments=description.instruments,
        vocals=description.vocals,
        acoustic=description.acoustic,
        loudness_db=description.loudness_db,
    )


def filter_from_message(message: common_pb2.TrackFilter) -> TrackFilter:
    """The conditions of a request; `Catalogue.rows_allowed` refuses those that cannot be meant."""
    return TrackFilter(
        min_tempo_bpm=_optional(message, "min_tempo_bpm"),
        max_tempo_bpm=_optional(message, "max_tempo_bpm"),
        min_duration_s=_optional(message, "min_duration_s"),
        max_duration_s=_optional(message, "max_duration_s"),
        licences=tuple(message.licences),
        all_tags=tuple(message.all_tags),
        no_tags=tuple(message.no_tags),
        keys=tuple(message.keys),
        exclude_ids=tuple(message.exclude_ids),
        exclude_artists=tuple(message.exclude_artists),
        max_per_artist=message.max_per_artist,
    )


def changes_from_message(request: catalogue_pb2.UpdateTrackRequest) -> TrackChanges:
    """The fields of the mask, or those that are set when there is no mask.

    Raises:
        InvalidRequest: A field that cannot be changed, or words that are too long.
    """
    track = request.track
    paths = list(request.update_mask.paths)
    names = paths or [name for name in CHANGEABLE if getattr(track, name)]
    for name in names:
        if name not in CHANGEABLE:
            message = f"{name!r} cannot be changed; {', '.join(CHANGEABLE)} can"
            raise InvalidRequest(message, details={"field": "update_mask"})
    check_words(_words_of(track))
    values = {name: getattr(track, name) for name in names}
    tags = tuple(values.pop("tags")) if "tags" in values else None
    return TrackChanges(**values, tags=tags)


def playlist_message(record: PlaylistRecord) -> catalogue_pb2.Playlist:
    """A playlist."""
    return catalogue_pb2.Playlist(id=record.id, title=record.title, track_ids=record.track_ids)


def playlist_from_message(message: catalogue_pb2.Playlist) -> PlaylistRecord:
    """The playlist of a request.

    Raises:
        InvalidRequest: A bad id, or a title or list that is too long.
    """
    if message.id:
        check_id(message.id)
    _check_playlist(message)
    return PlaylistRecord(id=message.id, title=message.title, track_ids=tuple(message.track_ids))


def playlist_fields(request: catalogue_pb2.UpdatePlaylistRequest) -> tuple[str, ...]:
    """The names of the fields to change: those of the mask, or both when there is none.

    Raises:
        InvalidRequest: A field that cannot be changed, or a title or list that is too long.
    """
    names = tuple(request.update_mask.paths) or PLAYLIST_FIELDS
    for name in names:
        if name not in PLAYLIST_FIELDS:
            message = f"{name!r} cannot be changed; {', '.join(PLAYLIST_FIELDS)} can"
            raise InvalidRequest(message, details={"field": "update_mask"})
    _check_playlist(request.playlist)
    return names


def _check_playlist(playlist: catalogue_pb2.Playlist) -> None:
    if len(playlist.title) > MAX_WORDS:
        message = f"title: {len(playlist.title)} characters; at most {MAX_WORDS} are allowed"
        raise InvalidRequest(message, details={"field": "playlist.title"})
    if len(playlist.track_ids) > MAX_PLAYLIST:
        message = f"{len(playlist.track_ids)} tracks; at most {MAX_PLAYLIST} are allowed"
        raise InvalidRequest(message, details={"field": "playlist.track_ids"})


def _words_of(track: common_pb2.Track) -> Words:
    return Words(
        title=track.title,
        artist=track.artist,
        album=track.album,
        tags=tuple(track.tags),
        text=track.text,
        licence=track.licence,
    )


def _optional(message: common_pb2.TrackFilter, name: str) -> float | None:
    return float(getattr(message, name)) if message.HasField(name) else None
