"""Asked and got, attribute by attribute: what the brief wished beside what the checker measured.

Judges numbers only; it knows no notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from symbolic.brief import Brief, parse_key
from symbolic.check import KEY_TONICS, Measurements
from symbolic.instruments import find_programs, instrument_name
from symbolic.plan import Plan, quarters_per_bar

How = Literal["construction", "mask", "selection"]

TEMPO_TOLERANCE = 0.01  # share; a MIDI tempo is a whole number of microseconds a quarter
MOOD_TOLERANCE = 0.5  # on scales from -1 to 1


@dataclass(frozen=True, kw_only=True)
class AttributeReport:
    """One attribute of a piece.

    Attributes:
        name: tempo_qpm, key, metre, bars, length_s, instruments, without, valence, energy, style.
        asked: The wish as words, None where it was left open.
        got: What the checker measured in the written file.
        met: Whether they agree; None where nothing was asked, and for style, which no
            checker measures.
        how: By construction, by a mask while sampling, or by choosing among candidates.
    """

    name: str
    asked: str | None
    got: str
    met: bool | None
    how: How


def report_attributes(
    brief: Brief, plan: Plan, measured: Measurements
) -> tuple[AttributeReport, ...]:
    """Every attribute of a piece, the ones that nobody asked for too."""
    return (
        _report_tempo(brief, measured),
        _report_key(brief, measured),
        _compare("metre", brief.metre, measured.metre, "mask"),
        _compare("bars", _text(brief.bars), str(measured.bars), "mask"),
        _report_length(brief, plan, measured),
        _report_instruments(brief, plan, measured),
        _report_refused(brief, measured),
        _report_mood("valence", brief.valence, measured.valence),
        _report_mood("energy", brief.energy, measured.energy),
        # Nobody has measured what makes a style, so this one is told, never claimed.
        AttributeReport(
            name="style", asked=brief.style, got=plan.controls.style, met=None, how="construction"
        ),
    )


def count_missed(reports: Sequence[AttributeReport]) -> int:
    """How many wishes were not met."""
    return sum(report.met is False for report in reports)


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _compare(name: str, asked: str | None, got: str, how: How) -> AttributeReport:
    met = None if asked is None else asked == got
    return AttributeReport(name=name, asked=asked, got=got, met=met, how=how)


def _report_tempo(brief: Brief, measured: Measurements) -> AttributeReport:
    asked = brief.tempo_qpm
    met = None if asked is None else abs(measured.tempo_qpm / asked - 1) <= TEMPO_TOLERANCE
    return AttributeReport(
        name="tempo_qpm",
        asked=_text(asked),
        got=f"{measured.tempo_qpm:.5g}",
        met=met,
        how="construction",
    )


def _report_key(brief: Brief, measured: Measurements) -> AttributeReport:
    """Enharmonic spellings of one key are the same key."""
    met = None
    if brief.key is not None:
        key = parse_key(brief.key)
        met = measured.key == f"{KEY_TONICS[key.tonic]} {key.mode}"
    return AttributeReport(name="key", asked=brief.key, got=measured.key, met=met, how="selection")


def _report_length(brief: Brief, plan: Plan, measured: Measurements) -> AttributeReport:
    """A length is met within half a bar, since pieces end with a bar."""
    asked = brief.length_s
    half_bar_s = quarters_per_bar(plan.metre) * 60 / plan.tempo_qpm / 2
    met = None if asked is None else abs(measured.length_s - asked) <= half_bar_s + 0.01
    return AttributeReport(
        name="length_s",
        asked=_text(asked),
        got=f"{measured.length_s:.1f}",
        met=met,
        how="construction",
    )


def _report_instruments(brief: Brief, plan: Plan, measured: Measurements) -> AttributeReport:
    """All that were asked sound, and nothing else does."""
    planned = {instrument_name(program) for program in plan.programs}
    met = planned == set(measured.instruments) if brief.instruments else None
    return AttributeReport(
        name="instruments",
        asked=", ".join(brief.instruments) or None,
        got=", ".join(measured.instruments),
        met=met,
        how="construction",
    )


def _report_refused(brief: Brief, measured: Measurements) -> AttributeReport:
    refused = {instrument_name(p) for name in brief.without for p in find_programs(name)}
    heard = sorted(refused & set(measured.instruments))
    return AttributeReport(
        name="without",
        asked=", ".join(brief.without) or None,
        got=", ".join(heard) or "none of them",
        met=not heard if brief.without else None,
        how="construction",
    )


def _report_mood(
    name: Literal["valence", "energy"], asked: float | None, got: float
) -> AttributeReport:
    met = None if asked is None else abs(asked - got) <= MOOD_TOLERANCE
    return AttributeReport(
        name=name, asked=_text(asked), got=f"{got:.2f}", met=met, how="selection"
    )
