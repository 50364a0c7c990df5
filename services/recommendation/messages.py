"""Turns hits into messages; the services above use it too."""

from collections.abc import Iterable

from services.catalogue.messages import track_message
from services.recommendation.hits import Hit
from temptrack.v1 import common_pb2


def hit_messages(hits: Iterable[Hit]) -> list[common_pb2.Hit]:
    """Hits in order, each with its track and reasons."""
    return [
        common_pb2.Hit(
            track=track_message(hit.track),
            relevance=hit.relevance,
            start_s=hit.start_s,
            reasons=[common_pb2.Reason(kind=r.kind, text=r.text) for r in hit.reasons],
        )
        for hit in hits
    ]
