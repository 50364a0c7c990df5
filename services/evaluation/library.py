"""The user's own catalogue measured without labels; reads the home's database and changes nothing.

    library = read_library(config, space=str(embedder.space))
    report = measure_library(library, embedder, num_files=40, progress=report_progress)
    for finding in report.findings: print(finding.text)

Tables are made by `library_tables.py`, put into words by `library_words.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from services.catalogue.records import TrackRecord, TrackVectors
from services.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from encoders.bench.table import Table
    from encoders.embed import SoundEmbedding
    from media.audio import Sound
    from services.catalogue.store import Catalogue
    from services.config import Config

Progress = Callable[[int, int, str], None]  # done, of how many, what

LIST_LENGTH = 10
MIN_TRACKS = 20  # fewer, and every list of ten holds most of the catalogue
MIN_SEGMENTS = 3  # fewer, and the halves share sound
LONGEST_S = 600.0  # of a file that is changed and heard again
SUBSET = "my library"


class LibraryEmbedder(Protocol):
    """What a library is measured with; `encoders.embed.Embedder` is one."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (N, 256)."""
        ...

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """The vectors of a sound."""
        ...

    def fuse(self, *, sound: np.ndarray) -> np.ndarray:
        """The question (256,) that a stored vector asks as a sound."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Library:
    """Holds the tracks that have vectors; N of them, in the order of their vectors."""

    records: tuple[TrackRecord, ...]
    vectors: tuple[TrackVectors, ...]
    num_without: int = 0  # tracks with sound but without vectors of the space

    @property
    def tracks(self) -> np.ndarray:
        """(N, D) unit length."""
        return _unit(np.stack([v.track for v in self.vectors]))

    @property
    def groups(self) -> list[str]:
        """What is drawn together for an interval: the artist, or the track alone."""
        return [r.artist or r.id for r in self.records]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Holds what one measurement says, in words."""

    protocol: str
    grade: str  # "good", "fair", "poor" or "not measured"
    text: str


@dataclass(frozen=True, kw_only=True)
class LibraryReport:
    """Holds every table and what it means."""

    num_tracks: int
    findings: tuple[Finding, ...]
    tables: tuple["Table", ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def read_library(config: "Config", *, space: str) -> Library:
    """The tracks of the home's catalogue with their vectors.

    Raises:
        NotFound: no catalogue, no tracks, or no vectors of the space.
        InvalidRequest: fewer tracks than can be told apart, or a database that cannot be read.
    """
    with _catalogue(config) as catalogue:
        vectors = tuple(catalogue.rows_after(space))
        records = catalogue.get_tracks_by_key(v.track_key for v in vectors)
        num_without = len(catalogue.missing_vectors(space))
    vectors = tuple(v for v in vectors if v.track_key in records)
    _check_size(len(vectors), num_without, space)
    return Library(
        records=tuple(records[v.track_key] for v in vectors),
        vectors=vectors,
        num_without=num_without,
    )


def read_track_vectors(config: "Config", *, space: str) -> dict[str, np.ndarray]:
    """Unit vectors (D,) of the tracks of the home's catalogue by id, without their segments.

    Raises:
        NotFound: no catalogue, no tracks, or no vectors of the space.
        InvalidRequest: fewer tracks than can be told apart, or a database that cannot be read.
    """
    with _catalogue(config) as catalogue:
        rows = {v.track_key: _unit(v.track) for v in catalogue.rows_after(space)}
        records = catalogue.get_tracks_by_key(rows)
        num_without = len(catalogue.missing_vectors(space))
    _check_size(len(records), num_without, space)
    return {records[key].id: row for key, row in rows.items() if key in records}


def measure_library(
    library: Library, embedder: LibraryEmbedder, *, num_files: int, progress: Progress
) -> LibraryReport:
    """Halves, hubs, coverage, and robustness on a sample of the files.

    Args:
        library: what `read_library` gave.
        embedder: of the same space.
        num_files: how many files are changed and heard again; 0 leaves that out.
        progress: hears of each file.
    """
    from services.evaluation.library_tables import (
        coverage_table,
        halves_table,
        hubness_table,
        most_listed_titles,
        robustness_table,
    )
    from services.evaluation.library_words import explain

    tables = [
        halves_table(library, embedder),
        hubness_table(library, embedder),
        coverage_table(library, embedder),
    ]
    if num_files > 0:
        tables.append(robustness_table(library, embedder, num_files=num_files, progress=progress))
    most_listed = most_listed_titles(library, embedder)
    findings = tuple(explain(table, most_listed=most_listed) for table in tables)
    measured = tuple(table for table in tables if table.rows)
    return LibraryReport(num_tracks=len(library.records), findings=findings, tables=measured)


@contextmanager
def _catalogue(config: "Config") -> Iterator["Catalogue"]:
    from sqlalchemy.exc import SQLAlchemyError

    from services.catalogue.store import Catalogue
    from services.database import Sessions, open_database
    from services.home import Home

    home = Home(folder=config.home)
    if not config.database_url and not (home.folder / "catalogue.sqlite3").exists():
        raise NotFound(
            f"there is no catalogue in {home.folder}: import music first, temptrack import FOLDER"
        )
    engine = open_database(config.database_url or home.database_url)
    try:
        yield Catalogue(Sessions(engine))
    except SQLAlchemyError as error:
        raise InvalidRequest(
            f"the catalogue of {home.folder} cannot be read ({type(error).__name__}): "
            "temptrack doctor says more"
        ) from error
    finally:
        engine.dispose()


def _check_size(num_tracks: int, num_without: int, space: str) -> None:
    if not num_tracks and num_without:
        raise NotFound(
            f"none of {num_without} tracks has vectors of the space {space}: run temptrack reindex"
        )
    if not num_tracks:
        raise NotFound("the catalogue is empty: import music first, temptrack import FOLDER")
    if num_tracks < MIN_TRACKS:
        raise InvalidRequest(
            f"{num_tracks} tracks with sound; at least {MIN_TRACKS} are needed to tell them apart"
        )


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def halves_of(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean vectors (D,) of the segments (S, D) before and after the middle, which share no sound.

    Segments overlap, so at least one in the middle belongs to neither; None where there are fewer
    than three.
    """
    if len(segments) < MIN_SEGMENTS:
        return None
    count = (len(segments) - 1) // 2
    return _unit(segments[:count].mean(axis=0)), _unit(segments[-count:].mean(axis=0))


def readable_files(library: Library, *, count: int) -> list[tuple[int, Path]]:
    """At most `count` places with their files, evenly over the library, no long ones."""
    found = [
        (place, Path(record.source_path))
        for place, record in enumerate(library.records)
        if record.source_path
        and (record.duration_s or 0.0) <= LONGEST_S
        and Path(record.source_path).is_file()
        and Path(record.source_path).suffix.lower() not in (".mid", ".midi")
    ]
    chosen = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[i] for i in chosen]
