"""The client of a Temptrack server: one typed method per question, one channel for all of them.

    with Client("127.0.0.1:50551") as client:
        found = client.find_music("calm piano, like rain on a window", clip=Path("cut.mp4"))
        for hit in found.hits:
            print(hit.track.title, hit.relevance, hit.start_s)

Files are given as `Path`: a server on this machine reads them where they lie if it may, any other
is sent the bytes. Every method raises the errors of `temptrack.errors`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.longrunning import operations_pb2

from temptrack import types
from temptrack.connection import Connection
from temptrack.conversion import from_message, to_message
from temptrack.importing import ImportJob
from temptrack.operations import Operation
from temptrack.v1 import (
    admin_pb2,
    catalogue_pb2,
    common_pb2,
    encoding_pb2,
    generation_pb2,
    recommendation_pb2,
    retrieval_pb2,
)

DEFAULT_TARGET = "127.0.0.1:50551"

MediaLike = Path | types.Media
ReindexOperation = Operation[types.ReindexProgress, types.ReindexReport]


class Client:
    """A connection to one server; a context manager that closes it.

    Args:
        target: "host:port" or "unix:/path/of/socket".
        timeout_s: longest wait for one answer, in seconds; decoding a long clip takes minutes.
    """

    def __init__(self, target: str = DEFAULT_TARGET, *, timeout_s: float = 600.0) -> None:
        self.target = target
        self._server = Connection(target, timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._server.close()

    # As many as the request has fields: a caller writes those wished for by name.
    def find_music(  # noqa: PLR0913
        self,
        text: str = "",
        *,
        clip: MediaLike | None = None,
        audio: MediaLike | None = None,
        midi: MediaLike | None = None,
        like: str = "",
        balance: float | None = None,
        filter: types.TrackFilter | None = None,
        limit: int = 0,
        raw: bool = False,
        may_compose: bool = False,
        seed: int = 0,
        render: bool = False,
    ) -> types.FoundMusic:
        """Music for words, a clip, a recording, a MIDI file, a track or any mix of them.

        Args:
            text: what is wished for, in English.
            clip: the moving picture that the music is for.
            audio: a recording that the music should sound like.
            midi: a MIDI file that the music should sound like.
            like: id of a track that the music should sound like.
            balance: between words and media, 0 (only the words) to 1 (only the media).
            filter: conditions that every hit must meet.
            limit: most hits, up to the whole catalogue; 0 takes 10.
            raw: ranks by relevance alone, for measuring.
            may_compose: lets a piece be composed when nothing fits; it is labelled as generated.
            seed: the same seed and wish give the same composed piece; 0 takes 1.
            render: renders a composed piece to WAV too.
        """

        def ask(by_path: bool) -> types.FoundMusic:
            request = retrieval_pb2.FindMusicRequest(
                text=text,
                clip=self._refer(clip, by_path),
                audio=self._refer(audio, by_path),
                midi=self._refer(midi, by_path),
                like_track_id=like,
                balance=balance,
                filter=_filter_message(filter),
                limit=limit, raw=raw, may_compose=may_compose, seed=seed, render=render,
            )  # fmt: skip
            return self._find(request)

        return self._server.media.call(ask, clip, audio, midi)

    def find_similar(
        self,
        track_id: str,
        *,
        filter: types.TrackFilter | None = None,
        limit: int = 0,
        raw: bool = False,
    ) -> types.SimilarTracks:
        """Tracks that sound like one of the catalogue."""
        request = retrieval_pb2.FindSimilarRequest(
            track_id=track_id, filter=_filter_message(filter), limit=limit, raw=raw
        )
        answer = self._server.call(self._server.retrieval.FindSimilar, request)
        return from_message(types.SimilarTracks, answer)

    def continue_playlist(
        self,
        seed: Sequence[str] = (),
        *,
        playlist: str = "",
        text: str = "",
        filter: types.TrackFilter | None = None,
        limit: int = 0,
        raw: bool = False,
    ) -> types.Continuation:
        """How the tracks of a stored playlist, then those of `seed`, go on."""
        request = recommendation_pb2.ContinuePlaylistRequest(
            seed_track_ids=seed,
            playlist_id=playlist,
            text=text,
            filter=_filter_message(filter),
            limit=limit,
            raw=raw,
        )
        answer = self._server.call(self._server.recommendation.ContinuePlaylist, request)
        return from_message(types.Continuation, answer)

    def make_playlist(
        self,
        text: str,
        *,
        filter: types.TrackFilter | None = None,
        limit: int = 0,
    ) -> types.MadePlaylist:
        """A playlist from words, in the order to play it."""
        request = recommendation_pb2.MakePlaylistRequest(
            text=text, filter=_filter_message(filter), limit=limit
        )
        answer = self._server.call(self._server.recommendation.MakePlaylist, request)
        return from_message(types.MadePlaylist, answer)

    def compose(
        self,
        text: str = "",
        *,
        brief: types.Brief | None = None,
        seed: int = 0,
        num_candidates: int = 0,
        render: bool = False,
    ) -> types.ComposedMusic:
        """A piece from words, a brief or both; the brief goes before the words."""
        request = generation_pb2.ComposeMusicRequest(
            text=text, seed=seed, num_candidates=num_candidates, render=render
        )
        if brief is not None:
            request.brief.CopyFrom(to_message(brief, generation_pb2.Brief))
        answer = self._server.call(self._server.generation.ComposeMusic, request)
        return from_message(types.ComposedMusic, answer)

    def import_tracks(self, sources: Sequence[types.TrackSource]) -> ImportJob:
        """Starts an import of any number of sources, at least one.

        Raises:
            ValueError: there are no sources.
        """
        if not sources:
            raise ValueError("there is nothing to import; give at least one source")
        return ImportJob(sources, self._server, by_path=self._server.media.tries_paths)

    def get_track(self, track_id: str) -> types.Track:
        """One track."""
        request = catalogue_pb2.GetTrackRequest(id=track_id)
        answer = self._server.call(self._server.catalogue.GetTrack, request)
        return from_message(types.Track, answer.track)

    def list_tracks(
        self, words: str = "", *, page_size: int = 0, page_token: str = ""
    ) -> types.TrackPage:
        """A page of tracks in the order of their ids, or only those with the words."""
        request = catalogue_pb2.ListTracksRequest(
            words=words, page_size=page_size, page_token=page_token
        )
        answer = self._server.call(self._server.catalogue.ListTracks, request)
        return from_message(types.TrackPage, answer)

    def all_tracks(self, words: str = "") -> Iterator[types.Track]:
        """Every track, fetched page by page as it is asked for."""
        token = ""
        while True:
            page = self.list_tracks(words, page_size=1000, page_token=token)
            yield from page.tracks
            token = page.next_page_token
            if not token:
                return

    def update_track(self, track: types.Track, *, fields: Sequence[str] = ()) -> types.Track:
        """Changes the named fields (title, artist, album, tags, text, licence), or those set."""
        request = catalogue_pb2.UpdateTrackRequest(track=to_message(track, common_pb2.Track))
        request.update_mask.paths.extend(fields)
        answer = self._server.call(self._server.catalogue.UpdateTrack, request)
        return from_message(types.Track, answer.track)

    def remove_track(self, track_id: str) -> None:
        """Removes a track from the catalogue; its file stays."""
        request = catalogue_pb2.RemoveTrackRequest(id=track_id)
        self._server.call(self._server.catalogue.RemoveTrack, request)

    def download_track(self, track_id: str, folder: Path) -> Path:
        """Writes the file of a track into a folder, under its own name, and returns where."""
        request = catalogue_pb2.DownloadTrackRequest(id=track_id)
        pieces = self._server.stream(self._server.catalogue.DownloadTrack, request)
        first = next(pieces)
        file = folder / (Path(first.file_name).name or "track")
        with file.open("wb") as stream:
            stream.write(first.chunk)
            for piece in pieces:
                stream.write(piece.chunk)
        return file

    def create_playlist(
        self, title: str, track_ids: Sequence[str] = (), *, playlist_id: str = ""
    ) -> types.Playlist:
        """Makes a playlist; an empty id gets a fresh one."""
        playlist = catalogue_pb2.Playlist(id=playlist_id, title=title, track_ids=track_ids)
        request = catalogue_pb2.CreatePlaylistRequest(playlist=playlist)
        answer = self._server.call(self._server.catalogue.CreatePlaylist, request)
        return from_message(types.Playlist, answer.playlist)

    def get_playlist(self, playlist_id: str) -> types.Playlist:
        """One playlist."""
        request = catalogue_pb2.GetPlaylistRequest(id=playlist_id)
        answer = self._server.call(self._server.catalogue.GetPlaylist, request)
        return from_message(types.Playlist, answer.playlist)

    def list_playlists(self, *, page_size: int = 0, page_token: str = "") -> types.PlaylistPage:
        """A page of playlists in the order of their ids."""
        request = catalogue_pb2.ListPlaylistsRequest(page_size=page_size, page_token=page_token)
        answer = self._server.call(self._server.catalogue.ListPlaylists, request)
        return from_message(types.PlaylistPage, answer)

    def update_playlist(
        self, playlist: types.Playlist, *, fields: Sequence[str] = ()
    ) -> types.Playlist:
        """Changes the named fields (title, track_ids), or both."""
        message = to_message(playlist, catalogue_pb2.Playlist)
        request = catalogue_pb2.UpdatePlaylistRequest(playlist=message)
        request.update_mask.paths.extend(fields)
        answer = self._server.call(self._server.catalogue.UpdatePlaylist, request)
        return from_message(types.Playlist, answer.playlist)

    def remove_playlist(self, playlist_id: str) -> None:
        """Removes a playlist; its tracks stay."""
        request = catalogue_pb2.RemovePlaylistRequest(id=playlist_id)
        self._server.call(self._server.catalogue.RemovePlaylist, request)

    def upload(self, file: Path) -> types.Media:
        """Sends a file once, to be used in several questions until its handle expires."""
        return types.Media(upload=self._server.media.send(file))

    def embed_text(self, texts: Sequence[str]) -> types.TextVectors:
        """Vectors of 1 to 256 sentences."""
        request = encoding_pb2.EmbedTextRequest(texts=texts)
        answer = self._server.call(self._server.encoding.EmbedText, request)
        return from_message(types.TextVectors, answer)

    def embed_sound(self, sound: MediaLike) -> types.SoundVectors:
        """Vectors of a recording or of a MIDI file, segment by segment."""

        def ask(by_path: bool) -> types.SoundVectors:
            request = encoding_pb2.EmbedSoundRequest(media=self._refer(sound, by_path))
            answer = self._server.call(self._server.encoding.EmbedSound, request)
            return from_message(types.SoundVectors, answer)

        return self._server.media.call(ask, sound)

    def embed_clip(self, clip: MediaLike) -> types.ClipVector:
        """The vector of a clip."""

        def ask(by_path: bool) -> types.ClipVector:
            request = encoding_pb2.EmbedClipRequest(media=self._refer(clip, by_path))
            answer = self._server.call(self._server.encoding.EmbedClip, request)
            return from_message(types.ClipVector, answer)

        return self._server.media.call(ask, clip)

    def status(self) -> types.ServerStatus:
        """How the server is."""
        answer = self._server.call(self._server.admin.GetStatus, admin_pb2.GetStatusRequest())
        return from_message(types.ServerStatus, answer)

    def reindex(self, *, embed_again: bool = False) -> ReindexOperation:
        """Starts building a new generation; `embed_again` embeds every track anew first."""
        request = admin_pb2.ReindexRequest(embed_again=embed_again)
        return self._server.operation(self._server.call(self._server.admin.Reindex, request))

    # `Any`: what an operation reports is known from its kind only.
    def operation(self, name: str) -> Operation[Any, Any]:
        """One operation by its name."""
        request = operations_pb2.GetOperationRequest(name=name)
        message = self._server.call(self._server.operations.GetOperation, request)
        return self._server.operation(message)

    def operations(self) -> list[Operation[Any, Any]]:
        """The operations that the server remembers."""
        found: list[Operation[Any, Any]] = []
        request = operations_pb2.ListOperationsRequest(name="operations", page_size=1000)
        while True:
            page = self._server.call(self._server.operations.ListOperations, request)
            found.extend(self._server.operation(message) for message in page.operations)
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def _find(self, request: retrieval_pb2.FindMusicRequest) -> types.FoundMusic:
        answer = self._server.call(self._server.retrieval.FindMusic, request)
        return from_message(types.FoundMusic, answer)

    def _refer(self, media: MediaLike | None, by_path: bool) -> common_pb2.Media | None:
        return None if media is None else self._server.media.refer(media, by_path=by_path)


def _filter_message(value: types.TrackFilter | None) -> common_pb2.TrackFilter | None:
    return None if value is None else to_message(value, common_pb2.TrackFilter)
