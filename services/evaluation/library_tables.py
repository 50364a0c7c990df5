"""Tables of one's own catalogue: plain vectors handed to the protocols of the bench."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.bench import robustness
from encoders.bench.baselines import random_rows, random_scorer
from encoders.bench.changes import CHANGES
from encoders.bench.coverage import WISHES, coverage_rows, first_lists
from encoders.bench.halves import halves_rows
from encoders.bench.hubness import hubness_rows, nearest_lists, occurrences
from encoders.bench.ranking import ranking_rows
from encoders.bench.table import MODEL, RANDOM, Row, Table
from media.errors import MediaError
from services.evaluation.library import (
    LIST_LENGTH,
    SUBSET,
    Library,
    LibraryEmbedder,
    Progress,
    halves_of,
    readable_files,
)

if TYPE_CHECKING:
    from media.child import MediaReader

NUM_NAMED = 3


def halves_table(library: Library, embedder: LibraryEmbedder) -> Table:
    """First halves ask for second halves; tracks without three segments are left out."""
    pairs = [halves_of(v.segments) for v in library.vectors]
    groups = [g for g, pair in zip(library.groups, pairs, strict=True) if pair is not None]
    there = [pair for pair in pairs if pair is not None]
    note = f"{len(pairs) - len(there)} tracks are too short to halve"
    if len(there) < LIST_LENGTH:
        return Table(name="halves", note=note, rows=())
    first, second = (np.stack([pair[side] for pair in there]) for side in range(2))
    asked = ask_all(first, embedder)
    chance = (random_rows(len(there)), random_rows(len(there), seed=1))
    rows = [
        row
        for method, sides in ((MODEL, (asked, second)), (RANDOM, chance))
        for row in halves_rows(*sides, method=method, subset=SUBSET, groups=groups)
    ]
    return Table(name="halves", note=note, rows=tuple(rows))


def hubness_table(library: Library, embedder: LibraryEmbedder) -> Table:
    """Each track asks for its ten nearest others."""
    lists = {
        MODEL: _lists_of_likes(library, embedder),
        RANDOM: nearest_lists(random_rows(len(library.records)), k=LIST_LENGTH),
    }
    rows = [
        row
        for method, found in lists.items()
        for row in hubness_rows(found, method=method, subset=SUBSET, groups=library.groups)
    ]
    return Table(name="hubness", note="lists of the ten nearest tracks", rows=tuple(rows))


def most_listed_titles(library: Library, embedder: LibraryEmbedder) -> list[str]:
    """The tracks that stand in most lists, each with how many."""
    counts = occurrences(_lists_of_likes(library, embedder), len(library.records))
    order = np.argsort(-counts, kind="stable")[:NUM_NAMED]
    records = [library.records[i] for i in order]
    return [f"{r.title or r.id} ({counts[i]})" for r, i in zip(records, order, strict=True)]


def coverage_table(library: Library, embedder: LibraryEmbedder) -> Table:
    """Sixty wishes in words ask for ten tracks each."""
    scores = {
        MODEL: embedder.embed_texts(WISHES) @ library.tracks.T,
        RANDOM: random_scorer(len(library.records))(WISHES),
    }
    rows = [
        row
        for method, matrix in scores.items()
        for row in coverage_rows(
            first_lists(matrix, k=LIST_LENGTH),
            method=method,
            subset=SUBSET,
            groups=library.groups,
        )
    ]
    return Table(name="coverage", note=f"{len(WISHES)} wishes, ten hits each", rows=tuple(rows))


def robustness_table(
    library: Library, embedder: LibraryEmbedder, *, num_files: int, progress: Progress
) -> Table:
    """A sample of the files is changed, heard again, and asks for its original."""
    from media.child import MediaReader

    heard: dict[str, list[np.ndarray]] = {change: [] for change in CHANGES}
    places: list[int] = []
    sample = readable_files(library, count=num_files)
    with MediaReader() as reader:
        for done, (place, file) in enumerate(sample):
            progress(done, len(sample), file.name)
            rows = _changed_vectors(file, reader, embedder)
            if rows is None:
                continue
            places.append(place)
            for change, row in rows.items():
                heard[change].append(row)
    note = f"{len(places)} of {len(library.records)} tracks changed and heard again"
    if not places:
        return Table(name="robustness", note=note, rows=())
    table_rows: list[Row] = []
    for change, changed in heard.items():
        asked = ask_all(np.stack(changed), embedder)
        table_rows += _change_rows(change, asked, np.array(places), library)
    return Table(name="robustness", note=note, rows=tuple(table_rows))


def ask_all(vectors: np.ndarray, embedder: LibraryEmbedder) -> np.ndarray:
    """(N, D) questions of stored vectors, as a search by sound asks them."""
    return np.stack([embedder.fuse(sound=vector) for vector in vectors])


def _lists_of_likes(library: Library, embedder: LibraryEmbedder) -> np.ndarray:
    questions = ask_all(library.tracks, embedder)
    return nearest_lists(library.tracks, k=LIST_LENGTH, questions=questions)


def _changed_vectors(
    file: Path, reader: "MediaReader", embedder: LibraryEmbedder
) -> dict[str, np.ndarray] | None:
    """The vector after each change; None where the file gives none any more."""
    from media.audio import TRUNK_RATE, Sound

    try:
        sound = reader.read_sound(file)
        return {
            name: embedder.embed_sound(
                Sound(samples=change(sound.samples), sample_rate=TRUNK_RATE)
            ).track
            for name, change in CHANGES.items()
        }
    except MediaError:  # no longer to be read, or silent once it was changed
        return None


def _change_rows(
    change: str, changed: np.ndarray, places: np.ndarray, library: Library
) -> list[Row]:
    originals, groups = library.tracks, [library.groups[i] for i in places]
    robustness.validate(changed, originals, places)
    right = robustness.answers(places, len(originals))
    random = random_rows(len(places), seed=1) @ random_rows(len(originals)).T
    return [
        row
        for method, scores in ((MODEL, changed @ originals.T), (RANDOM, random))
        for row in ranking_rows(method, scores, right, subset=change, groups=groups)
    ]
