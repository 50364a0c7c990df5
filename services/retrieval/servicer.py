"""Finding music over gRPC: parses, calls the stories, converts back."""

import asyncio
from collections.abc import AsyncIterator

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from services.errors import InvalidRequest
from services.generation.messages import piece_message
from services.recommendation.messages import hit_messages
from services.requests import (
    checked_count,
    checked_filter,
    checked_text,
    optional_clip,
    optional_media,
    optional_understanding,
)
from services.retrieval.find import find_music, find_similar
from services.retrieval.query import (
    DEFAULT_BALANCE,
    DEFAULT_LIMIT,
    DEFAULT_SEED,
    Answer,
    MusicQuery,
    SimilarQuery,
)
from services.retrieval.tools import Tools
from services.uploads import MediaSource, Upload, UploadWriter
from services.workload import Workload
from temptrack.v1 import retrieval_pb2 as pb
from temptrack.v1 import retrieval_pb2_grpc

MAX_FILE_NAME = 255


class RetrievalServicer(retrieval_pb2_grpc.RetrievalServiceServicer):
    """Finds music and takes the files to find it for.

    Args:
        tools: What the stories work with.
        sources: Finds the files that requests refer to.
        searches: Runs what needs no file.
        heavy: Runs what decodes or composes.
    """

    def __init__(
        self, tools: Tools, sources: MediaSource, *, searches: Workload, heavy: Workload
    ) -> None:
        self._tools = tools
        self._sources = sources
        self._searches = searches
        self._heavy = heavy

    async def FindMusic(  # noqa: N802 - named by the protocol
        self, request: pb.FindMusicRequest, context: grpc.aio.ServicerContext
    ) -> pb.FindMusicResponse:
        """Music for words, a clip, a recording, a MIDI file, a track or any mix."""
        query = await asyncio.to_thread(query_from_message, request, self._sources)
        work = self._heavy if query.has_media or query.may_compose else self._searches
        return await work.run(lambda: answer_message(find_music(query, self._tools)))

    async def FindSimilar(  # noqa: N802 - named by the protocol
        self, request: pb.FindSimilarRequest, context: grpc.aio.ServicerContext
    ) -> pb.FindSimilarResponse:
        """Tracks that sound like one of the catalogue."""
        query = SimilarQuery(
            track_id=request.track_id,
            filter=checked_filter(request.filter),
            limit=checked_count(request.limit, default=DEFAULT_LIMIT, highest=None),
            raw=request.raw,
        )
        answer = await self._searches.run(lambda: find_similar(query, self._tools))
        return pb.FindSimilarResponse(hits=hit_messages(answer.hits), no_match=answer.no_match)

    async def UploadMedia(  # noqa: N802 - named by the protocol
        self,
        request_iterator: AsyncIterator[pb.UploadMediaRequest],
        context: grpc.aio.ServicerContext,
    ) -> pb.UploadMediaResponse:
        """A handle for a file that comes in pieces, header first."""
        header = await _first_header(request_iterator)
        with await asyncio.to_thread(self._start_upload, header) as writer:
            async for piece in request_iterator:
                await asyncio.to_thread(writer.write, _chunk_of(piece))
            return _upload_message(await asyncio.to_thread(writer.finish))

    def _start_upload(self, header: pb.UploadHeader) -> UploadWriter:
        return self._sources.uploads.writer(
            header.file_name, size_bytes=header.size_bytes, sha256=header.sha256
        )


def query_from_message(request: pb.FindMusicRequest, sources: MediaSource) -> MusicQuery:
    """The query of a request, its files found and its limits checked.

    Raises:
        InvalidRequest: A field is outside its limits, or nothing is asked.
        NotFound: An upload or file is not there.
        PathNotAllowed: A path is outside the allowed roots.
    """
    return MusicQuery(
        text=checked_text(request.text),
        clip=optional_media(request, "clip", sources),
        audio=optional_media(request, "audio", sources),
        midi=optional_media(request, "midi", sources),
        like_track_id=request.like_track_id,
        balance=request.balance if request.HasField("balance") else DEFAULT_BALANCE,
        filter=checked_filter(request.filter),
        limit=checked_count(request.limit, default=DEFAULT_LIMIT, highest=None),
        raw=request.raw,
        may_compose=request.may_compose,
        seed=request.seed or DEFAULT_SEED,
        render=request.render,
    )


def answer_message(answer: Answer) -> pb.FindMusicResponse:
    """What a search answers."""
    return pb.FindMusicResponse(
        hits=hit_messages(answer.hits),
        understood=optional_understanding(answer.understood),
        seen=optional_clip(answer.seen),
        no_match=answer.no_match,
        floor=answer.floor,
        best_relevance=answer.best_relevance,
        composed=piece_message(answer.composed),
        plan=answer.plan,
        remarks=answer.remarks,
    )


async def _first_header(pieces: AsyncIterator[pb.UploadMediaRequest]) -> pb.UploadHeader:
    first = await anext(aiter(pieces), None)
    if first is None or first.WhichOneof("piece") != "header":
        raise InvalidRequest("the first message of an upload must be its header")
    name = first.header.file_name
    if not 1 <= len(name) <= MAX_FILE_NAME or "/" in name or "\\" in name or "\0" in name:
        raise InvalidRequest(
            f"file_name must be 1 to {MAX_FILE_NAME} characters without folders",
            details={"field": "header.file_name"},
        )
    return first.header


def _chunk_of(piece: pb.UploadMediaRequest) -> bytes:
    if piece.WhichOneof("piece") != "chunk":
        raise InvalidRequest("after its header an upload has chunks only")

    return piece.chunk


def _upload_message(upload: Upload) -> pb.UploadMediaResponse:
    expires_at = Timestamp()
    expires_at.FromDatetime(upload.expires_at)
    return pb.UploadMediaResponse(
        upload=upload.handle, size_bytes=upload.size_bytes, expires_at=expires_at
    )
