"""How values look: as plain data for JSON, and as texts and tables for people."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from temptrack.types import AttributeReport, Hit, Understanding


def plain(value: object) -> object:
    """A value as what JSON has; dataclasses become objects, bytes are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {k: plain(v) for k, v in fields.items() if not isinstance(v, bytes)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def table(*columns: str, rows: Iterable[Sequence[str]] = (), title: str = "") -> "Table":
    """A table of texts; a column whose name begins with > is aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    result = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        result.add_column(
            column.lstrip(">"),
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
        )
    for row in rows:
        result.add_row(*(Text(cell) for cell in row))
    return result


def say(out: "Console", text: str, *, style: str = "") -> None:
    """Writes a text as it is, without markup and without breaking it into lines."""
    out.print(text, style=style, markup=False, soft_wrap=True)


def pairs(rows: Iterable[tuple[str, str]]) -> "Table":
    """Names and values; those without a value are left out."""
    from rich.table import Table
    from rich.text import Text

    result = Table(box=None, show_header=False, pad_edge=False)
    result.add_column(no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in rows:
        if value:
            result.add_row(Text(name, style="dim"), Text(value))
    return result


def minutes(seconds: float) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def about(seconds: float) -> str:
    """A length of time as a person would say it."""
    if seconds < 90:
        return f"{max(1, round(seconds)) if seconds else 0} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def hits_table(hits: Sequence["Hit"]) -> "Table":
    """Hits in order, each with its relevance, the place to start and the reasons."""
    rows = [
        (
            str(place),
            f"{hit.relevance:.2f}",
            minutes(hit.start_s),
            hit.track.title or hit.track.id,
            hit.track.artist,
            "; ".join(reason.text for reason in hit.reasons),
        )
        for place, hit in enumerate(hits, 1)
    ]
    return table(">", ">fits", ">from", "title", "artist", "why", rows=rows)


def attributes_table(attributes: Sequence["AttributeReport"]) -> "Table":
    """What was asked of a piece beside what was got."""
    met = {True: "yes", False: "no", None: ""}
    rows = [(a.name, a.asked or "-", a.got, met[a.met], a.how) for a in attributes]
    return table("attribute", "asked", "got", "met", "how", rows=rows)


def understood_line(understood: "Understanding | None", *, rest: bool = True) -> str:
    """How the words were read, in one line; `rest` adds those that were not understood."""
    if understood is None or not understood.text:
        return ""
    if not understood.language_supported:
        return "these words are not English: they are heard, but not understood"
    asked = [
        f"{'no ' if item.negated else ''}{item.value} ({item.name.replace('_', ' ')})"
        for item in understood.asked
    ]
    parts = ["understood: " + (", ".join(asked) or "nothing")]
    if understood.not_understood and rest:
        parts.append("not understood: " + ", ".join(understood.not_understood))
    return "; ".join(parts)
