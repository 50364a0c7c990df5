"""Dataclasses and messages say the same, field by field."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.message import Message

from temptrack import types
from temptrack.conversion import from_message, to_message
from temptrack.v1 import (
    admin_pb2,
    catalogue_pb2,
    common_pb2,
    encoding_pb2,
    generation_pb2,
    recommendation_pb2,
    retrieval_pb2,
)

PAIRS: list[tuple[type[Any], type[Message]]] = [
    (types.SoundDescription, common_pb2.SoundDescription),
    (types.Track, common_pb2.Track),
    (types.TrackSource, catalogue_pb2.TrackSource),
    (types.TrackPage, catalogue_pb2.ListTracksResponse),
    (types.Playlist, catalogue_pb2.Playlist),
    (types.PlaylistPage, catalogue_pb2.ListPlaylistsResponse),
    (types.ImportOutcome, catalogue_pb2.ImportOutcome),
    (types.ImportProgress, catalogue_pb2.ImportTracksMetadata),
    (types.ImportReport, catalogue_pb2.ImportTracksResponse),
    (types.ClipDescription, common_pb2.ClipDescription),
    (types.Asked, common_pb2.Asked),
    (types.Understanding, common_pb2.Understanding),
    (types.TrackFilter, common_pb2.TrackFilter),
    (types.Reason, common_pb2.Reason),
    (types.Hit, common_pb2.Hit),
    (types.AttributeReport, common_pb2.AttributeReport),
    (types.ComposedPiece, common_pb2.ComposedPiece),
    (types.FoundMusic, retrieval_pb2.FindMusicResponse),
    (types.SimilarTracks, retrieval_pb2.FindSimilarResponse),
    (types.Continuation, recommendation_pb2.ContinuePlaylistResponse),
    (types.MadePlaylist, recommendation_pb2.MakePlaylistResponse),
    (types.Brief, generation_pb2.Brief),
    (types.ComposedMusic, generation_pb2.ComposeMusicResponse),
    (types.TextVectors, encoding_pb2.EmbedTextResponse),
    (types.SoundVectors, encoding_pb2.EmbedSoundResponse),
    (types.ClipVector, encoding_pb2.EmbedClipResponse),
    (types.ServerStatus, admin_pb2.GetStatusResponse),
    (types.ReindexProgress, admin_pb2.ReindexMetadata),
    (types.ReindexReport, admin_pb2.ReindexResponse),
]


@pytest.mark.parametrize(("kind", "message"), PAIRS, ids=lambda item: item.__name__)
def test_a_dataclass_has_the_fields_of_its_message(
    kind: type[Any], message: type[Message]
) -> None:
    ours = [field.name for field in dataclasses.fields(kind)]
    assert ours == [field.name for field in message.DESCRIPTOR.fields]


@pytest.mark.parametrize(("kind", "message"), PAIRS, ids=lambda item: item.__name__)
def test_an_empty_message_is_read(kind: type[Any], message: type[Message]) -> None:
    value = from_message(kind, message())
    for field in dataclasses.fields(kind):
        assert not getattr(value, field.name)


def test_a_track_survives_the_round_trip() -> None:
    track = types.Track(
        id="t1",
        title="Rain",
        tags=("calm", "piano"),
        duration_s=61.5,
        heard=types.SoundDescription(
            tempo_bpm=72.0, key="A minor", moods={"valence": -0.5}, loudness_db=-18.0
        ),
        has_sound=True,
        num_segments=10,
        added_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert from_message(types.Track, to_message(track, common_pb2.Track)) == track


def test_an_optional_number_that_is_zero_is_kept_apart_from_one_left_out() -> None:
    brief = types.Brief(valence=0.0, key="A minor")
    message = to_message(brief, generation_pb2.Brief)
    assert message.HasField("valence")
    assert not message.HasField("energy")
    assert from_message(types.Brief, message) == brief


def test_vectors_are_tuples_of_numbers() -> None:
    message = encoding_pb2.EmbedSoundResponse(
        space="small-1",
        segments=[encoding_pb2.Vector(values=[0.5, 0.25]), encoding_pb2.Vector(values=[1.0, 0.0])],
        starts_s=[0.0, 6.0],
        track=encoding_pb2.Vector(values=[0.75, 0.5]),
    )
    sound = from_message(types.SoundVectors, message)
    assert sound.segments == ((0.5, 0.25), (1.0, 0.0))
    assert sound.starts_s == (0.0, 6.0)
    assert sound.track == (0.75, 0.5)


def test_an_outcome_is_named_without_its_prefix() -> None:
    message = catalogue_pb2.ImportOutcome(
        state=catalogue_pb2.ImportOutcome.STATE_REFUSED, reason="UNREADABLE_MEDIA"
    )
    assert from_message(types.ImportOutcome, message).state == "refused"


def test_an_attribute_that_nobody_asked_for_is_neither_met_nor_missed() -> None:
    report = common_pb2.AttributeReport(name="key", got="A minor")
    assert from_message(types.AttributeReport, report).met is None
    report.met = False
    assert from_message(types.AttributeReport, report).met is False


def test_media_is_an_upload_or_a_path() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        types.Media()
    with pytest.raises(ValueError, match="exactly one"):
        types.Media(upload="u1", path="/music/a.mp3")
