"""The story of a composition: from a brief to a checked piece, as MIDI and, on request, as sound.

A composed piece is always labelled as generated. Knows no transport and no catalogue.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from services.errors import InvalidRequest
from symbolic.brief import Brief

if TYPE_CHECKING:
    from media.audio import Sound
    from symbolic.compose import Composition
    from symbolic.report import AttributeReport

DEFAULT_SEED = 1
DEFAULT_NUM_CANDIDATES = 8
MAX_NUM_CANDIDATES = 32
WAV_RATE = 44_100
# Attributes that are asked for once; of instruments some may be met and others not.
ONE_VALUE = frozenset({"tempo_qpm", "metre", "bars", "length_s"})


class ComposesMusic(Protocol):
    """Makes pieces to a brief; the same seed and brief give the same piece."""

    def compose(self, brief: Brief, *, seed: int, num_candidates: int = 8) -> "Composition":
        """The best of some candidates, with a report of what was asked and got."""


class RendersMusic(Protocol):
    """Plays MIDI in a limited child."""

    def render(self, source: Path | bytes, *, sample_rate: int = WAV_RATE) -> "Sound":
        """A MIDI file as samples, so many a second."""


@dataclass(frozen=True, kw_only=True)
class PieceRequest:
    """A wish for a piece; refuses a seed below 0 and candidates outside 1 to 32.

    Attributes:
        brief: What the piece must be.
        unserved: What was asked beyond what a brief can hold, as (attribute, value).
        seed: The same seed and brief give the same piece.
        num_candidates: How many pieces are made to choose from.
        render: Whether the piece is wanted as sound too.
    """

    brief: Brief
    unserved: tuple[tuple[str, str], ...] = ()
    seed: int = DEFAULT_SEED
    num_candidates: int = DEFAULT_NUM_CANDIDATES
    render: bool = False

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidRequest(f"seed is {self.seed}; it must be 0 or more")
        if not 1 <= self.num_candidates <= MAX_NUM_CANDIDATES:
            raise InvalidRequest(
                f"num_candidates is {self.num_candidates}; "
                f"it must be between 1 and {MAX_NUM_CANDIDATES}"
            )


@dataclass(frozen=True, kw_only=True)
class ComposedPiece:
    """A sketch; `generated` is always True.

    Attributes:
        midi: Standard MIDI file.
        wav: The piece as sound; empty unless asked for.
        seed: With the same brief it gives the same piece again.
        model: Name and hash of the model.
        attributes: Asked and got, per attribute.
        num_candidates: How many candidates the piece was chosen from.
        brief: What was worked to.
    """

    midi: bytes
    wav: bytes
    seed: int
    model: str
    attributes: "tuple[AttributeReport, ...]"
    num_candidates: int
    brief: Brief
    generated: bool = True


def compose_music(
    request: PieceRequest, *, composer: ComposesMusic, reader: RendersMusic
) -> ComposedPiece:
    """Composes to a brief: candidates, check and choice by the composer, then sound on request.

    Raises:
        InvalidRequest: The brief leaves nothing to play.
    """
    composition = _compose(request, composer)
    wav = _as_wav(reader.render(composition.midi, sample_rate=WAV_RATE)) if request.render else b""
    return ComposedPiece(
        midi=composition.midi,
        wav=wav,
        seed=composition.seed,
        model=composition.model,
        attributes=_reports(request, composition),
        num_candidates=composition.num_candidates,
        brief=request.brief,
    )


def _compose(request: PieceRequest, composer: ComposesMusic) -> "Composition":
    try:
        return composer.compose(
            request.brief, seed=request.seed, num_candidates=request.num_candidates
        )
    except ValueError as error:  # what the composer says of a brief that cannot be played
        raise InvalidRequest(str(error), details={"field": "brief"}) from error


def _reports(request: PieceRequest, composition: "Composition") -> "tuple[AttributeReport, ...]":
    """The composer's own reports, with what no brief could hold as asked and not met.

    A number beyond the limits of a brief stands in place of the one that was composed to.
    """
    from symbolic.report import AttributeReport

    replaced = {name for name, _ in request.unserved if name in ONE_VALUE}
    got = {report.name: report.got for report in composition.attributes}
    kept = [report for report in composition.attributes if report.name not in replaced]
    not_met = [
        AttributeReport(
            name=name, asked=asked, got=got.get(name, "none"), met=False, how="selection"
        )
        for name, asked in request.unserved
    ]
    return (*kept, *not_met)


def _as_wav(sound: "Sound") -> bytes:
    from media.audio import encode_wav

    return encode_wav(sound)
