"""Status and reindexing over gRPC: parses, calls, converts back."""

import asyncio
import functools

import grpc
from google.longrunning import operations_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from services.catalogue.store import Catalogue
from services.operations.records import OperationRecord
from services.operations.runner import OperationRunner
from services.operations.servicer import Messages, operation_message
from services.retrieval.searcher import Searcher
from services.retrieval.server_status import ServerFacts, ServerStatus, read_status
from temptrack.v1 import admin_pb2 as pb
from temptrack.v1 import admin_pb2_grpc

REINDEX_KIND = "reindex"
OPERATION_MESSAGES: Messages = {REINDEX_KIND: (pb.ReindexMetadata, pb.ReindexResponse)}


class AdminServicer(admin_pb2_grpc.AdminServiceServicer):
    """Says how the server is and starts reindexes.

    Args:
        facts: What does not change while the server runs.
        catalogue: Counted.
        searcher: Says what is live.
        runner: Runs reindexes.
    """

    def __init__(
        self,
        facts: ServerFacts,
        catalogue: Catalogue,
        *,
        searcher: Searcher,
        runner: OperationRunner,
    ) -> None:
        self._read_status = functools.partial(
            read_status, facts, catalogue, searcher=searcher, runner=runner
        )
        self._runner = runner

    async def GetStatus(  # noqa: N802 - named by the protocol
        self, request: pb.GetStatusRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetStatusResponse:
        """How the server is."""
        return status_message(await asyncio.to_thread(self._read_status))

    async def Reindex(  # noqa: N802 - named by the protocol
        self, request: pb.ReindexRequest, context: grpc.aio.ServicerContext
    ) -> operations_pb2.Operation:
        """Puts a reindex into the queue."""
        record = await asyncio.to_thread(self._start, embed_again=request.embed_again)
        return operation_message(record, OPERATION_MESSAGES)

    def _start(self, *, embed_again: bool) -> OperationRecord:
        return self._runner.get(self._runner.start(REINDEX_KIND, {"embed_again": embed_again}))


def status_message(status: ServerStatus) -> pb.GetStatusResponse:
    """How a server is."""
    started_at = Timestamp()
    started_at.FromDatetime(status.facts.started_at)
    return pb.GetStatusResponse(
        version=status.facts.version,
        home=str(status.facts.home),
        home_format=status.facts.home_format,
        space=status.facts.space,
        num_tracks=status.counts.num_tracks,
        num_tracks_with_sound=status.counts.num_with_sound,
        num_segments=status.counts.num_segments,
        sound_s=status.counts.sound_s,
        generation=status.generation,
        generation_rows=status.generation_rows,
        fresh_rows=status.fresh_rows,
        device=status.facts.device,
        started_at=started_at,
        num_running_operations=status.num_running_operations,
        database=status.facts.database,
    )
