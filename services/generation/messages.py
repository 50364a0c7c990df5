"""Turns briefs and composed pieces into messages and back; the services above use it too."""

from dataclasses import replace
from typing import Any

from services.errors import InvalidRequest
from services.generation.brief import BriefReading, without_asked
from services.generation.compose import ComposedPiece
from symbolic.brief import Brief
from temptrack.v1 import common_pb2
from temptrack.v1 import generation_pb2 as pb

MAX_BARS = 128


def piece_message(piece: ComposedPiece | None) -> common_pb2.ComposedPiece | None:
    """A composed piece, labelled as generated; None where there is none."""
    if piece is None:
        return None
    return common_pb2.ComposedPiece(
        midi=piece.midi,
        wav=piece.wav,
        seed=piece.seed,
        model=piece.model,
        attributes=[
            common_pb2.AttributeReport(
                name=report.name,
                asked=report.asked or "",
                got=report.got,
                met=report.met,
                how=report.how,
            )
            for report in piece.attributes
        ],
        num_candidates=piece.num_candidates,
        generated=piece.generated,
    )


def brief_message(brief: Brief) -> pb.Brief:
    """What a piece must be."""
    return pb.Brief(
        tempo_bpm=brief.tempo_qpm,
        key=brief.key or "",
        metre=brief.metre or "",
        bars=brief.bars,
        length_s=brief.length_s,
        instruments=brief.instruments,
        valence=brief.valence,
        energy=brief.energy,
    )


def merge_brief(reading: BriefReading, message: pb.Brief) -> BriefReading:
    """The reading of the words with the fields of a brief in place of theirs.

    Raises:
        InvalidRequest: A field is outside what is allowed.
    """
    fields = _fields(message)
    if "bars" in fields:
        fields.setdefault("length_s", None)
    if "length_s" in fields and "bars" not in fields:
        fields["bars"] = None
    try:
        brief = without_asked(reading.brief, fields.get("instruments", ()))
        return BriefReading(
            brief=replace(brief, **fields),
            unserved=tuple(pair for pair in reading.unserved if pair[0] not in fields),
        )
    except ValueError as error:
        raise InvalidRequest(str(error), details={"field": "brief"}) from error


# Any: the values of a brief, each of its own type; `Brief` checks them.
def _fields(message: pb.Brief) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if message.HasField("tempo_bpm"):
        fields["tempo_qpm"] = message.tempo_bpm
    for name in ("bars", "length_s", "valence", "energy"):
        if message.HasField(name):
            fields[name] = getattr(message, name)
    for name in ("key", "metre"):
        if getattr(message, name):
            fields[name] = getattr(message, name)
    if message.instruments:
        fields["instruments"] = tuple(message.instruments)
    if not 1 <= fields.get("bars", 1) <= MAX_BARS:
        raise InvalidRequest(
            f"bars is {message.bars}; it must be 1 to {MAX_BARS}", details={"field": "brief.bars"}
        )
    return fields
