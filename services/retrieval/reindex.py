"""The story of a reindex: embed what is missing, build, pass the gate, publish, retire.

An operation handler: it reports its stage, stops when it is cancelled, and goes on after a crash,
since vectors are stored track by track and an unpublished build counts for nothing.
"""

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.engine import build_index
from index.generation import GenerationStore
from index.vectors import VectorIndex
from media.errors import MediaError
from services.catalogue.ingest import Decoded, Heard
from services.catalogue.records import TrackRecord, TrackVectors
from services.catalogue.store import Catalogue
from services.errors import NotFound, TemptrackError, WrongSpace
from services.recommendation.hits import Vector
from services.retrieval.searcher import CALIBRATION_FILE, STARTS_FILE, Searcher, starts_of

if TYPE_CHECKING:
    from encoders.space import Space

logger = logging.getLogger(__name__)

# Fresh rows from which, and share of all rows above which, a reindex is worth its while.
MIN_FRESH_ROWS = 200
FRESH_SHARE = 0.2
KEPT_GENERATIONS = 2


class HearsTracks(Protocol):
    """Decodes and embeds files as an import does; `services.catalogue.ingest.Ingest` does."""

    def decode(self, path: Path) -> Decoded:
        """The sound of a file."""

    def hear(self, decoded: Decoded) -> Heard:
        """The vectors and the description of a decoded file."""


class FitsCalibration(Protocol):
    """Fits relevance to a catalogue."""

    def __call__(self, vectors: Sequence[TrackVectors]) -> bytes:
        """The calibration as a file to keep beside the index."""


class ReportsProgress(Protocol):
    """Where a handler says how far it is."""

    record: dict[str, Any]  # JSON that a resumed run reads again

    def update(self, **fields: Any) -> None:
        """Says how far the work is."""

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled when somebody cancelled."""


@dataclass(frozen=True, kw_only=True)
class ReindexTools:
    """What a reindex works with; `engine` names the index that is built.

    Refuses to build for another space than the one that is searched.
    """

    catalogue: Catalogue
    generations: GenerationStore
    searcher: Searcher
    hears: HearsTracks
    fit_calibration: FitsCalibration
    space: "Space"
    engine: str = "flat"

    def __post_init__(self) -> None:
        if str(self.space) != self.searcher.space:
            raise WrongSpace(f"a reindex of {self.space}, but {self.searcher.space} is searched")


def reindex(
    request: Mapping[str, Any], progress: ReportsProgress, tools: ReindexTools
) -> dict[str, Any]:
    """Builds and publishes a generation of every vector of the space; answers ReindexResponse.

    Raises:
        Cancelled: Somebody cancelled; vectors embedded so far stay.
        GateFailed: The new index answers worse than allowed; the old generation stays live.
    """
    refused = embed_missing(progress, tools, again=bool(request.get("embed_again", False)))
    progress.update(stage="build")
    vectors = list(tools.catalogue.rows_after(str(tools.space), 0))
    index = build_vectors(tools.engine, vectors, tools.space)
    extra_files = {
        STARTS_FILE: _as_file(starts_of(vectors)),
        CALIBRATION_FILE: tools.fit_calibration(vectors),
    }
    progress.raise_if_cancelled()
    progress.update(stage="gate")
    manifest = tools.generations.publish(
        index,
        space=str(tools.space),
        newest_row=vectors[-1].row if vectors else 0,
        extra_files=extra_files,
        reference=build_vectors("exact", vectors, tools.space),
    )
    progress.update(stage="publish")
    generation = tools.searcher.snapshot().generation
    progress.update(stage="retire")
    tools.generations.retire(keep=KEPT_GENERATIONS)
    return {
        "generation": generation,
        "num_rows": manifest.num_rows,
        "recall": manifest.recall,
        "refused": refused,
    }


def should_reindex(searcher: Searcher) -> bool:
    """Whether enough rows are fresher than the live generation for a reindex to pay."""
    snapshot = searcher.snapshot()
    num_rows = sum(len(part.index) for part in snapshot.parts)
    fresh = snapshot.num_fresh_rows
    return fresh >= MIN_FRESH_ROWS and fresh > FRESH_SHARE * num_rows


def embed_missing(progress: ReportsProgress, tools: ReindexTools, *, again: bool) -> list[str]:
    """Embeds tracks without vectors of the space, or all of them; answers one line per refusal."""
    missing = _all_again(progress, tools) if again else tools.catalogue.missing_vectors(
        str(tools.space)
    )  # fmt: skip
    progress.update(stage="embed", num_missing=len(missing), num_done=0)
    refused = []
    for num_done, track in enumerate(_tracks(missing, tools.catalogue), start=1):
        progress.raise_if_cancelled()
        try:
            _embed(track, tools)
        except (MediaError, TemptrackError) as error:
            logger.warning("track %s was not embedded: %s", track.id, error)
            refused.append(f"{track.id}: {error}")
        progress.update(num_done=num_done)
    return refused


def build_vectors(engine: str, vectors: Sequence[TrackVectors], space: "Space") -> VectorIndex:
    """An index over all parts of all vectors, in ascending order of their ids."""
    empty = np.zeros((0, space.dimension), dtype=np.float32)
    ids = np.concatenate([np.zeros(0, dtype=np.int64), *(v.index_ids for v in vectors)])
    return build_index(engine, ids, np.concatenate([empty, *(v.matrix for v in vectors)]))


def _all_again(progress: ReportsProgress, tools: ReindexTools) -> list[str]:
    """Tracks whose vectors are older than the operation: a resumed run skips those it did."""
    alive = tools.catalogue.alive_rows(str(tools.space))
    newest_row = int(alive[:, 0].max(initial=0))
    before = progress.record.setdefault("embed_up_to_row", newest_row)
    old = tools.catalogue.get_tracks_by_key(alive[alive[:, 0] <= before, 1].tolist())
    ids = [old[key].id for key in sorted(old)]
    return [*ids, *tools.catalogue.missing_vectors(str(tools.space))]


def _tracks(track_ids: Sequence[str], catalogue: Catalogue) -> Iterator[TrackRecord]:
    """The records of tracks that are still there, read just before they are needed."""
    for track_id in track_ids:
        yield from catalogue.get_tracks([track_id]).values()


def _embed(track: TrackRecord, tools: ReindexTools) -> None:
    if track.source_path is None or not Path(track.source_path).is_file():
        raise NotFound(f"its file is not at {track.source_path} any more; import it again")
    heard = tools.hears.hear(tools.hears.decode(Path(track.source_path)))
    tools.catalogue.put_vectors(
        track.id, heard.vectors, space=str(tools.space), description=heard.description
    )


def _as_file(array: Vector) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
