"""What there is to import at some places: files, folders and JSON-lines manifests."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.formats import SUFFIXES
from temptrack.types import ImportOutcome, TrackSource

MUSIC = SUFFIXES["track"] | SUFFIXES["score"]
MANIFEST = ".jsonl"

_TEXTS = ("id", "title", "artist", "album", "text", "licence")


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Sources to import, and lines of manifests that are none."""

    sources: tuple[TrackSource, ...]
    refused: tuple[ImportOutcome, ...]


class _WrongLine(Exception):
    """A line of a manifest that is no track; says why."""


def gather_sources(paths: Iterable[Path]) -> Gathered:
    """All that the paths lead to, in their order; folders with all their folders, sorted."""
    found = [item for path in paths for item in _gather(path)]
    return Gathered(
        sources=tuple(item for item in found if isinstance(item, TrackSource)),
        refused=tuple(item for item in found if isinstance(item, ImportOutcome)),
    )


def _gather(path: Path) -> Iterator[TrackSource | ImportOutcome]:
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.suffix.lower() in MUSIC)
        yield from (_source(file) for file in sorted(files) if _is_music(file, path))
    elif path.suffix.lower() == MANIFEST:
        yield from _read_manifest(path)
    else:
        yield _source(path)


def _is_music(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.is_file() and not hidden


def _source(file: Path) -> TrackSource:
    return TrackSource(media=file, label=str(file))


def _read_manifest(manifest: Path) -> Iterator[TrackSource | ImportOutcome]:
    with manifest.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            label = f"{manifest.name}:{number}"
            try:
                yield _parse_line(line, manifest.parent, label)
            except _WrongLine as error:
                yield ImportOutcome(
                    label=label,
                    track_id="",
                    state="refused",
                    message=str(error),
                    reason="WRONG_MANIFEST_LINE",
                )


def _parse_line(line: bytes, folder: Path, label: str) -> TrackSource:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _WrongLine(f"is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise _WrongLine("is not a JSON object")
    texts = {name: _text(row, name) for name in _TEXTS}
    file = _text(row, "file")
    if not file and not texts["title"]:
        raise _WrongLine("has neither a file nor a title")
    return TrackSource(
        media=folder / file if file else None,
        tags=_tags(row),
        label=file or texts["title"] or label,
        **texts,
    )


# `Any`: a parsed row holds whatever was written into it.
def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _WrongLine(f"has {name} {value!r}; it must be a text")
    return value


def _tags(row: dict[str, Any]) -> tuple[str, ...]:
    value = row.get("tags")
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise _WrongLine(f"has tags {value!r}; they must be a list of texts")
    return tuple(tag.strip() for tag in value if tag.strip())
