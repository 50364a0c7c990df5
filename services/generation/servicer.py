"""Composition over gRPC: parses, calls the story, converts back."""

import grpc

from encoders.understanding import Understanding, understand_text
from services.errors import InvalidRequest
from services.generation.brief import brief_from_query
from services.generation.compose import (
    DEFAULT_NUM_CANDIDATES,
    DEFAULT_SEED,
    MAX_NUM_CANDIDATES,
    ComposesMusic,
    PieceRequest,
    RendersMusic,
    compose_music,
)
from services.generation.messages import brief_message, merge_brief, piece_message
from services.requests import checked_count, checked_text, optional_understanding
from services.workload import Workload
from temptrack.v1 import generation_pb2 as pb
from temptrack.v1 import generation_pb2_grpc


class GenerationServicer(generation_pb2_grpc.GenerationServiceServicer):
    """Composes pieces.

    Args:
        composer: Makes them.
        reader: Renders them.
        heavy: Runs both.
    """

    def __init__(self, composer: ComposesMusic, reader: RendersMusic, heavy: Workload) -> None:
        self._composer = composer
        self._reader = reader
        self._heavy = heavy

    async def ComposeMusic(  # noqa: N802 - named by the protocol
        self, request: pb.ComposeMusicRequest, context: grpc.aio.ServicerContext
    ) -> pb.ComposeMusicResponse:
        """A piece to words, a brief or both."""
        return await self._heavy.run(lambda: self._compose(request))

    def _compose(self, request: pb.ComposeMusicRequest) -> pb.ComposeMusicResponse:
        understood = _read_words(request)
        wish = _piece_request(request, understood)
        piece = compose_music(wish, composer=self._composer, reader=self._reader)
        return pb.ComposeMusicResponse(
            piece=piece_message(piece),
            understood=optional_understanding(understood),
            brief=brief_message(piece.brief),
        )


def _read_words(request: pb.ComposeMusicRequest) -> Understanding | None:
    if not request.text.strip() and not request.HasField("brief"):
        raise InvalidRequest("a composition needs words or a brief", details={"field": "text"})
    text = checked_text(request.text)
    return understand_text(text) if text.strip() else None


def _piece_request(
    request: pb.ComposeMusicRequest, understood: Understanding | None
) -> PieceRequest:
    reading = merge_brief(brief_from_query(understood), request.brief)
    return PieceRequest(
        brief=reading.brief,
        unserved=reading.unserved,
        seed=request.seed or DEFAULT_SEED,
        num_candidates=checked_count(
            request.num_candidates,
            default=DEFAULT_NUM_CANDIDATES,
            highest=MAX_NUM_CANDIDATES,
            field="num_candidates",
        ),
        render=request.render,
    )
