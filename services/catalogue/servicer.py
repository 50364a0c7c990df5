"""The catalogue over gRPC: parses, calls the catalogue, converts back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import grpc
from google.longrunning import operations_pb2
from google.protobuf import json_format

from services.catalogue.importing import IMPORT_KIND
from services.catalogue.messages import (
    changes_from_message,
    playlist_fields,
    playlist_from_message,
    playlist_message,
    track_message,
)
from services.catalogue.records import PlaylistRecord
from services.catalogue.store import Catalogue
from services.errors import InvalidRequest, NoSound, NotFound
from services.operations.records import OperationRecord
from services.operations.runner import OperationRunner
from services.operations.servicer import Messages, operation_message, page_limit
from services.uploads import MediaSource
from temptrack.v1 import catalogue_pb2 as pb
from temptrack.v1 import catalogue_pb2_grpc, common_pb2

MAX_SOURCES = 10_000
DEFAULT_PAGE = 100
MAX_PAGE = 1_000
CHUNK_BYTES = 1 << 18  # 256 KiB
# An import may wait in the queue behind others: its uploads must still be there.
KEEP_UPLOADS_DAYS = 30.0

OPERATION_MESSAGES: Messages = {
    IMPORT_KIND: (pb.ImportTracksMetadata, pb.ImportTracksResponse),
}


class CatalogueServicer(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Tracks and playlists.

    Args:
        catalogue: Where they are.
        runner: Runs imports.
        sources: Finds files; those of tracks are sent only from below its roots.
    """

    def __init__(
        self, catalogue: Catalogue, runner: OperationRunner, sources: MediaSource
    ) -> None:
        self._catalogue = catalogue
        self._runner = runner
        self._sources = sources

    async def ImportTracks(  # noqa: N802 - named by the protocol
        self, request: pb.ImportTracksRequest, context: grpc.aio.ServicerContext
    ) -> operations_pb2.Operation:
        """Puts an import into the queue."""
        if not 1 <= len(request.sources) <= MAX_SOURCES:
            message = f"{len(request.sources)} sources; 1 to {MAX_SOURCES} are allowed"
            raise InvalidRequest(message, details={"field": "sources"})
        record = await asyncio.to_thread(self._start_import, request)
        return operation_message(record, OPERATION_MESSAGES)

    async def GetTrack(  # noqa: N802 - named by the protocol
        self, request: pb.GetTrackRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetTrackResponse:
        """One track."""
        track = await asyncio.to_thread(self._shown_track, request.id)
        return pb.GetTrackResponse(track=track)

    async def ListTracks(  # noqa: N802 - named by the protocol
        self, request: pb.ListTracksRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListTracksResponse:
        """A page of tracks; the token is the id of the last track."""
        limit = page_limit(request.page_size, default=DEFAULT_PAGE, highest=MAX_PAGE)
        return await asyncio.to_thread(self._track_page, request, limit)

    async def UpdateTrack(  # noqa: N802 - named by the protocol
        self, request: pb.UpdateTrackRequest, context: grpc.aio.ServicerContext
    ) -> pb.UpdateTrackResponse:
        """Changes the words of a track."""
        track = await asyncio.to_thread(self._changed_track, request)
        return pb.UpdateTrackResponse(track=track)

    async def RemoveTrack(  # noqa: N802 - named by the protocol
        self, request: pb.RemoveTrackRequest, context: grpc.aio.ServicerContext
    ) -> pb.RemoveTrackResponse:
        """Removes a track."""
        await asyncio.to_thread(self._catalogue.remove_track, request.id)
        return pb.RemoveTrackResponse()

    async def DownloadTrack(  # noqa: N802 - named by the protocol
        self, request: pb.DownloadTrackRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.DownloadTrackResponse]:
        """Sends the file of a track."""
        path = await asyncio.to_thread(self._file_of, request.id)
        with path.open("rb") as file:
            yield pb.DownloadTrackResponse(file_name=path.name)
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield pb.DownloadTrackResponse(chunk=chunk)

    async def CreatePlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.CreatePlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.CreatePlaylistResponse:
        """Makes a playlist."""
        playlist = playlist_from_message(request.playlist)
        record = await asyncio.to_thread(self._catalogue.create_playlist, playlist)
        return pb.CreatePlaylistResponse(playlist=playlist_message(record))

    async def GetPlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.GetPlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetPlaylistResponse:
        """One playlist."""
        record = await asyncio.to_thread(self._catalogue.get_playlist, request.id)
        return pb.GetPlaylistResponse(playlist=playlist_message(record))

    async def ListPlaylists(  # noqa: N802 - named by the protocol
        self, request: pb.ListPlaylistsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListPlaylistsResponse:
        """A page of playlists; the token is the id of the last playlist."""
        limit = page_limit(request.page_size, default=DEFAULT_PAGE, highest=MAX_PAGE)
        page = await asyncio.to_thread(
            self._catalogue.list_playlists, after_id=request.page_token, limit=limit
        )
        playlists = [playlist_message(record) for record in page.playlists]
        return pb.ListPlaylistsResponse(playlists=playlists, next_page_token=page.next_id)

    async def UpdatePlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.UpdatePlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.UpdatePlaylistResponse:
        """Changes the title or the items of a playlist."""
        record = await asyncio.to_thread(self._update_playlist, request)
        return pb.UpdatePlaylistResponse(playlist=playlist_message(record))

    async def RemovePlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.RemovePlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.RemovePlaylistResponse:
        """Removes a playlist."""
        await asyncio.to_thread(self._catalogue.remove_playlist, request.id)
        return pb.RemovePlaylistResponse()

    # Messages of tracks are made in the thread too: they look for files, on disks that may sleep.

    def _shown_track(self, track_id: str) -> common_pb2.Track:
        return track_message(self._catalogue.get_track(track_id))

    def _track_page(self, request: pb.ListTracksRequest, limit: int) -> pb.ListTracksResponse:
        page = self._catalogue.list_tracks(
            words=request.words, after_id=request.page_token, limit=limit
        )
        tracks = [track_message(record) for record in page.tracks]
        return pb.ListTracksResponse(
            tracks=tracks, next_page_token=page.next_id, total_size=page.total
        )

    def _changed_track(self, request: pb.UpdateTrackRequest) -> common_pb2.Track:
        changes = changes_from_message(request)
        return track_message(self._catalogue.update_track(request.track.id, changes))

    def _start_import(self, request: pb.ImportTracksRequest) -> OperationRecord:
        for source in request.sources:
            if source.media.upload:
                with suppress(NotFound):  # one source's outcome will say so
                    self._sources.uploads.keep(source.media.upload, days=KEEP_UPLOADS_DAYS)
        fields = json_format.MessageToDict(request, preserving_proto_field_name=True)
        return self._runner.get(self._runner.start(IMPORT_KIND, fields))

    def _update_playlist(self, request: pb.UpdatePlaylistRequest) -> PlaylistRecord:
        wanted, names = request.playlist, playlist_fields(request)
        return self._catalogue.update_playlist(
            wanted.id,
            title=wanted.title if "title" in names else None,
            track_ids=tuple(wanted.track_ids) if "track_ids" in names else None,
        )

    def _file_of(self, track_id: str) -> Path:
        record = self._catalogue.get_track(track_id)
        if record.source_path is None:
            raise NoSound(f"the track {track_id!r} has no file", details={"track": track_id})
        return self._sources.resolve(path=record.source_path)
