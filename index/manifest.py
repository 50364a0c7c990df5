"""What a generation says of itself: its manifest as JSON, with a checksum; opens no index."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from index.errors import CorruptGeneration, UnsupportedGeneration

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One generation, as written last into its folder.

    Attributes:
        format_version: Of this layout; raised when a reader must change.
        space: The embedding space of the rows; vectors of two spaces never mix.
        engine: The name that loads the index.
        parameters: How the engine keeps its rows.
        dimension: Width of a row.
        num_rows: Rows in the index.
        newest_row: The caller's highest row number at the time of the build; later rows are fresh.
        files: SHA-256 (hex) of each file in the folder but the manifest.
        extra_files: Names among `files` that the caller added.
        recall: Recall@10 against exact search, measured after reload.
        num_queries: Queries that recall was measured with.
        created_at: ISO 8601, UTC.
    """

    space: str
    engine: str
    parameters: Mapping[str, str | int]
    dimension: int
    num_rows: int
    newest_row: int
    files: Mapping[str, str]
    extra_files: tuple[str, ...]
    recall: float
    num_queries: int
    created_at: str
    format_version: int = FORMAT_VERSION


def manifest_to_json(manifest: Manifest) -> bytes:
    """Write a manifest with a checksum over everything else in it."""
    content = {field.name: getattr(manifest, field.name) for field in fields(Manifest)} | {
        "parameters": dict(manifest.parameters),
        "files": dict(manifest.files),
        "extra_files": list(manifest.extra_files),
    }
    content["sha256"] = _digest(content)
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def manifest_from_json(text: bytes, *, name: str) -> Manifest:
    """Read a manifest of the generation `name`.

    Raises:
        CorruptGeneration: It is not whole, or was changed after it was written.
        UnsupportedGeneration: It was written by a newer program.
    """
    content = _parse(text, name)
    version = content.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UnsupportedGeneration(
            f"generation {name} has format {version}; this program reads up to {FORMAT_VERSION}: "
            "use a newer one, or reindex."
        )
    if content.pop("sha256", None) != _digest(content):
        raise CorruptGeneration(f"generation {name}: its manifest fails its own checksum.")
    _check_fields(content, name)
    return Manifest(
        **content
        | {
            "parameters": MappingProxyType(content["parameters"]),
            "files": MappingProxyType(content["files"]),
            "extra_files": tuple(content["extra_files"]),
        }
    )


# Any: what JSON holds; every field is checked before it is used.
def _parse(text: bytes, name: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CorruptGeneration(f"generation {name}: its manifest is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise CorruptGeneration(f"generation {name}: its manifest is not a JSON object.")
    return content


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check_fields(content: Mapping[str, Any], name: str) -> None:
    """The checksum proves that nothing changed; this, that it was a manifest of ours."""
    expected = {field.name for field in fields(Manifest)}
    if set(content) != expected:
        other = ", ".join(sorted(set(content) ^ expected))
        raise CorruptGeneration(f"generation {name}: manifest fields missing or unknown: {other}.")
