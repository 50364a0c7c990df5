"""One channel to a server with the stubs of its services; turns failed calls into our errors."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc

from temptrack.errors import from_call
from temptrack.importing import ImportOperation
from temptrack.media import MediaSender, as_text
from temptrack.operations import Operation
from temptrack.types import Media, TrackSource
from temptrack.v1 import (
    admin_pb2_grpc,
    catalogue_pb2,
    catalogue_pb2_grpc,
    encoding_pb2_grpc,
    generation_pb2_grpc,
    recommendation_pb2_grpc,
    retrieval_pb2,
    retrieval_pb2_grpc,
)

MAX_MESSAGE_BYTES = 1 << 29  # 512 MiB: a whole catalogue of 100,000 hits of about 3 KB

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


# `Any`: the methods of generated stubs, and what they take and give, have no types.
Method = Callable[..., Any]


class Connection:
    """A channel and the stubs over it.

    Args:
        target: "host:port" or "unix:/path/of/socket".
        timeout_s: longest wait for one answer, in seconds.
    """

    def __init__(self, target: str, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._channel = grpc.insecure_channel(target, options=_OPTIONS)
        self.catalogue = self._stub(catalogue_pb2_grpc.CatalogueServiceStub)
        self.encoding = self._stub(encoding_pb2_grpc.EncodingServiceStub)
        self.retrieval = self._stub(retrieval_pb2_grpc.RetrievalServiceStub)
        self.recommendation = self._stub(recommendation_pb2_grpc.RecommendationServiceStub)
        self.generation = self._stub(generation_pb2_grpc.GenerationServiceStub)
        self.admin = self._stub(admin_pb2_grpc.AdminServiceStub)
        self.operations = self._stub(operations_pb2_grpc.OperationsStub)
        self.media = MediaSender(self._upload, target)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def call(self, method: Method, request: object) -> Any:
        """The answer of one call; raises the error that the server sent."""
        try:
            return method(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise from_call(error, self._target) from error

    def stream(self, method: Method, request: object) -> Iterator[Any]:
        """The messages that a call answers with; raises the error that the server sent."""
        try:
            yield from method(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise from_call(error, self._target) from error

    def operation(self, message: operations_pb2.Operation) -> Operation[Any, Any]:
        """The handle of an operation that a call answered with."""
        return Operation(message, self._call_operations)

    def prepare(self, source: TrackSource, *, by_path: bool) -> catalogue_pb2.TrackSource:
        """The message for one source of an import; sends its file unless `by_path`."""
        message = catalogue_pb2.TrackSource(tags=[as_text(tag) for tag in source.tags])
        for name in ("id", "title", "artist", "album", "text", "licence", "label"):
            setattr(message, name, as_text(getattr(source, name)))
        if source.media is not None:
            message.media.CopyFrom(self.media.refer(source.media, by_path=by_path))
            name = source.media.path if isinstance(source.media, Media) else source.media.name
            message.label = message.label or as_text(name)
        return message

    def start(self, sources: Sequence[catalogue_pb2.TrackSource]) -> ImportOperation:
        """Starts the import of some sources."""
        request = catalogue_pb2.ImportTracksRequest(sources=sources)
        return self.operation(self.call(self.catalogue.ImportTracks, request))

    def _stub(self, stub: Method) -> Any:
        return stub(self._channel)

    def _call_operations(self, method: str, request: object) -> Any:
        return self.call(getattr(self.operations, method), request)

    def _upload(
        self, pieces: Iterator[retrieval_pb2.UploadMediaRequest]
    ) -> retrieval_pb2.UploadMediaResponse:
        answer: retrieval_pb2.UploadMediaResponse = self.call(self.retrieval.UploadMedia, pieces)
        return answer
