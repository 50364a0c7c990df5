"""Playlists over gRPC: parses, calls the stories, converts back."""

import functools
from dataclasses import replace

import grpc

from services.catalogue.records import TrackFilter
from services.errors import InvalidRequest
from services.recommendation.messages import hit_messages
from services.recommendation.playlists import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MAX_SEED,
    MadePlaylist,
    PlaylistSeed,
    PlaylistTools,
    continue_playlist,
    make_playlist,
)
from services.requests import checked_count, checked_filter, checked_text, optional_understanding
from services.workload import Workload
from temptrack.v1 import recommendation_pb2 as pb
from temptrack.v1 import recommendation_pb2_grpc


class RecommendationServicer(recommendation_pb2_grpc.RecommendationServiceServicer):
    """Continues playlists and makes them from words.

    Args:
        tools: What the stories work with.
        searches: Runs them.
    """

    def __init__(self, tools: PlaylistTools, searches: Workload) -> None:
        self._tools = tools
        self._searches = searches

    async def ContinuePlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.ContinuePlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.ContinuePlaylistResponse:
        """The tracks that go on from those of a list."""
        answer = await self._searches.run(
            lambda: continue_playlist(self._seed(request), self._tools)
        )
        return pb.ContinuePlaylistResponse(
            hits=hit_messages(answer.hits),
            ignored_seed_ids=answer.ignored_seed_ids,
            understood=optional_understanding(answer.understood),
        )

    async def MakePlaylist(  # noqa: N802 - named by the protocol
        self, request: pb.MakePlaylistRequest, context: grpc.aio.ServicerContext
    ) -> pb.MakePlaylistResponse:
        """A list for words."""
        story = functools.partial(
            make_playlist,
            checked_text(request.text),
            conditions=checked_filter(request.filter),
            limit=checked_count(request.limit, default=DEFAULT_LIMIT, highest=MAX_LIMIT),
            tools=self._tools,
        )
        return _made_message(await self._searches.run(story))

    def _seed(self, request: pb.ContinuePlaylistRequest) -> PlaylistSeed:
        if len(request.seed_track_ids) > MAX_SEED:
            raise InvalidRequest(
                f"the seed has {len(request.seed_track_ids)} tracks; at most {MAX_SEED}",
                details={"field": "seed_track_ids"},
            )
        before: tuple[str, ...] = ()
        if request.playlist_id:
            before = self._tools.catalogue.get_playlist(request.playlist_id).track_ids
        together = (*before, *request.seed_track_ids)
        return PlaylistSeed(
            track_ids=together[-MAX_SEED:],
            text=checked_text(request.text),
            filter=_without(checked_filter(request.filter), together[:-MAX_SEED]),
            limit=checked_count(request.limit, default=DEFAULT_LIMIT, highest=None),
            raw=request.raw,
        )


def _without(conditions: TrackFilter, track_ids: tuple[str, ...]) -> TrackFilter:
    """The conditions, beside which the beginning of a long playlist is not answered again."""
    return replace(conditions, exclude_ids=(*conditions.exclude_ids, *track_ids))


def _made_message(made: MadePlaylist) -> pb.MakePlaylistResponse:
    return pb.MakePlaylistResponse(
        hits=hit_messages(made.hits),
        understood=optional_understanding(made.understood),
        no_match=made.no_match,
    )
