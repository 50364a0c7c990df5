"""The towers over gRPC, for services that want vectors: parses, embeds, converts back."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import grpc

from encoders.understanding import understand_text
from services.catalogue.messages import description_message
from services.errors import InvalidRequest
from services.recommendation.hits import Vector
from services.requests import checked_text, clip_message, media_path, understanding_message
from services.retrieval.tools import EmbedsMusic, ReadsMedia
from services.uploads import MediaSource
from services.workload import Workload
from temptrack.v1 import encoding_pb2 as pb
from temptrack.v1 import encoding_pb2_grpc

MAX_TEXTS = 256
MIDI_SUFFIXES = (".mid", ".midi", ".rmi")


class EncodingServicer(encoding_pb2_grpc.EncodingServiceServicer):
    """Turns text, sound and clips into vectors of one space.

    Args:
        embedder: The towers.
        reader: Decodes files.
        sources: Finds the files that requests refer to.
        heavy: Runs all of it.
    """

    def __init__(
        self, embedder: EmbedsMusic, reader: ReadsMedia, *, sources: MediaSource, heavy: Workload
    ) -> None:
        self._embedder = embedder
        self._reader = reader
        self._sources = sources
        self._heavy = heavy

    async def EmbedText(  # noqa: N802 - named by the protocol
        self, request: pb.EmbedTextRequest, context: grpc.aio.ServicerContext
    ) -> pb.EmbedTextResponse:
        """Sentences as vectors, with how each was read."""
        texts = _checked_texts(request.texts)
        return await self._heavy.run(lambda: self._embed_texts(texts))

    async def EmbedSound(  # noqa: N802 - named by the protocol
        self, request: pb.EmbedSoundRequest, context: grpc.aio.ServicerContext
    ) -> pb.EmbedSoundResponse:
        """A recording or MIDI file as vectors, with what was heard."""
        path = media_path(request.media, self._sources)
        return await self._heavy.run(lambda: self._embed_sound(path))

    async def EmbedClip(  # noqa: N802 - named by the protocol
        self, request: pb.EmbedClipRequest, context: grpc.aio.ServicerContext
    ) -> pb.EmbedClipResponse:
        """A clip as a vector, with what was seen."""
        path = media_path(request.media, self._sources)
        return await self._heavy.run(lambda: self._embed_clip(path))

    def _embed_texts(self, texts: Sequence[str]) -> pb.EmbedTextResponse:
        return pb.EmbedTextResponse(
            space=str(self._embedder.space),
            vectors=vector_messages(self._embedder.embed_texts(texts)),
            understood=[understanding_message(understand_text(text)) for text in texts],
        )

    def _embed_sound(self, path: Path) -> pb.EmbedSoundResponse:
        is_midi = path.suffix.lower() in MIDI_SUFFIXES
        sound = self._reader.render(path) if is_midi else self._reader.read_sound(path)
        embedded = self._embedder.embed_sound(sound)
        return pb.EmbedSoundResponse(
            space=str(self._embedder.space),
            segments=vector_messages(embedded.segments),
            starts_s=embedded.starts_s,
            track=pb.Vector(values=embedded.track),
            heard=description_message(embedded.description),
        )

    def _embed_clip(self, path: Path) -> pb.EmbedClipResponse:
        embedded = self._embedder.embed_clip(self._reader.read_frames(path))
        return pb.EmbedClipResponse(
            space=str(self._embedder.space),
            vector=pb.Vector(values=embedded.vector),
            seen=clip_message(embedded.description),
        )


def vector_messages(vectors: Iterable[Vector]) -> list[pb.Vector]:
    """One message a vector, in order."""
    return [pb.Vector(values=vector) for vector in vectors]


def _checked_texts(texts: Iterable[str]) -> list[str]:
    checked = [checked_text(text, field="texts") for text in texts]
    if not 1 <= len(checked) <= MAX_TEXTS:
        raise InvalidRequest(
            f"{len(checked)} texts; 1 to {MAX_TEXTS} are allowed", details={"field": "texts"}
        )
    return checked
