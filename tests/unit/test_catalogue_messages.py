from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.catalogue.messages import (
    changes_from_message,
    filter_from_message,
    playlist_fields,
    playlist_from_message,
    track_message,
)
from services.catalogue.records import PlaylistRecord, TrackChanges, TrackFilter, TrackRecord
from services.errors import InvalidRequest
from temptrack.v1 import catalogue_pb2 as pb
from temptrack.v1 import common_pb2
from tests.fakes import fake_description


@pytest.fixture
def record() -> TrackRecord:
    return TrackRecord(
        key=7,
        id="one",
        title="One",
        artist="Bo",
        album="Al",
        tags=("calm", "rain"),
        text="of rain",
        licence="CC0-1.0",
        duration_s=12.5,
        description=fake_description(),
        source_path="/nowhere/one.wav",
        content_hash="0" * 64,
        generated=True,
        has_sound=True,
        num_segments=2,
        added_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_a_track_message_says_all_that_callers_may_know(record: TrackRecord) -> None:
    message = track_message(record)
    for name in ("id", "title", "artist", "album", "text", "licence", "duration_s"):
        assert getattr(message, name) == getattr(record, name)
    assert tuple(message.tags) == record.tags
    assert (message.has_sound, message.generated, message.num_segments) == (True, True, 2)
    assert message.added_at.ToDatetime(tzinfo=UTC) == record.added_at
    assert message.heard.instruments["piano"] == pytest.approx(0.7)
    assert message.heard.loudness_db == -18.0


def test_a_track_is_available_where_its_file_is_there(record: TrackRecord, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert not track_message(replace(record, source_path=str(path))).available
    path.touch()
    assert track_message(replace(record, source_path=str(path))).available
    assert not track_message(replace(record, source_path=None)).available


def test_what_was_not_heard_is_absent(record: TrackRecord) -> None:
    vague = replace(record, description=fake_description(tempo_bpm=None, key=None))
    message = track_message(vague)
    assert not message.heard.HasField("tempo_bpm")
    assert message.heard.key == ""
    silent = track_message(replace(record, description=None, duration_s=None))
    assert not silent.HasField("heard")
    assert silent.duration_s == 0.0


def test_an_empty_filter_allows_all() -> None:
    assert filter_from_message(common_pb2.TrackFilter()) == TrackFilter()
    assert filter_from_message(common_pb2.TrackFilter()).allows_all


def test_a_filter_keeps_the_difference_between_nothing_and_zero() -> None:
    message = common_pb2.TrackFilter(
        min_tempo_bpm=0, max_duration_s=60, no_tags=["drums"], keys=["A minor"], max_per_artist=3
    )
    assert filter_from_message(message) == TrackFilter(
        min_tempo_bpm=0.0,
        max_duration_s=60.0,
        no_tags=("drums",),
        keys=("A minor",),
        max_per_artist=3,
    )


def test_a_mask_says_what_to_change_even_to_nothing() -> None:
    track = common_pb2.Track(id="one", title="New", artist="Ignored")
    request = pb.UpdateTrackRequest(
        track=track, update_mask=FieldMask(paths=["title", "text", "tags"])
    )
    assert changes_from_message(request) == TrackChanges(title="New", text="", tags=())


def test_without_a_mask_the_fields_that_are_set_change() -> None:
    request = pb.UpdateTrackRequest(track=common_pb2.Track(id="one", artist="Bo", tags=["x"]))
    assert changes_from_message(request) == TrackChanges(artist="Bo", tags=("x",))


@pytest.mark.parametrize("path", ["id", "has_sound", "heard", "nonsense"])
def test_what_a_track_is_cannot_be_changed(path: str) -> None:
    request = pb.UpdateTrackRequest(update_mask=FieldMask(paths=[path]))
    with pytest.raises(InvalidRequest, match=path):
        changes_from_message(request)


def test_a_playlist_comes_out_of_its_message() -> None:
    message = pb.Playlist(id="p", title="Mine", track_ids=["b", "a"])
    expected = PlaylistRecord(id="p", title="Mine", track_ids=("b", "a"))
    assert playlist_from_message(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        pb.Playlist(id="a/b"),
        pb.Playlist(title="x" * 1001),
        pb.Playlist(track_ids=["a"] * 10_001),
    ],
)
def test_a_playlist_that_breaks_a_rule_is_refused(message: pb.Playlist) -> None:
    with pytest.raises(InvalidRequest):
        playlist_from_message(message)


def test_a_playlist_change_names_its_fields() -> None:
    assert playlist_fields(pb.UpdatePlaylistRequest()) == ("title", "track_ids")
    masked = pb.UpdatePlaylistRequest(update_mask=FieldMask(paths=["title"]))
    assert playlist_fields(masked) == ("title",)
    with pytest.raises(InvalidRequest, match="id"):
        playlist_fields(pb.UpdatePlaylistRequest(update_mask=FieldMask(paths=["id"])))
