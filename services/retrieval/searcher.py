"""Keeps a snapshot of the catalogue's vectors: the live generation, newer rows, no removed track.

The database is the truth and a generation is a cache of it. A snapshot is made again when the
catalogue's revision or the live generation changes, and is swapped in one assignment, so that
a query keeps the snapshot that it began with.
"""

import io
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from index.engine import build_index
from index.errors import CorruptGeneration
from index.generation import Generation, GenerationStore
from services.catalogue.records import TrackVectors
from services.catalogue.store import Catalogue
from services.errors import WrongSpace
from services.recommendation.hits import Vector
from services.retrieval.snapshot import CalibratesRelevance, Part, Snapshot

if TYPE_CHECKING:
    from encoders.space import Space

logger = logging.getLogger(__name__)

CALIBRATION_FILE = "calibration.npz"
STARTS_FILE = "starts.npy"
# Fewer fresh rows than this are searched by numpy, which costs nothing to build.
SMALL_FRESH_ROWS = 4096


class Searcher:
    """Holds the snapshot that answers queries and makes a new one when something has changed.

    Args:
        catalogue: The truth.
        generations: The built indexes.
        space: The space served; rows of other spaces are never searched.
        default_calibration: Used until a generation brings its own.
        read_calibration: Reads the calibration kept in a generation.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        generations: GenerationStore,
        *,
        space: "Space",
        default_calibration: CalibratesRelevance,
        read_calibration: Callable[[bytes], CalibratesRelevance],
    ) -> None:
        self._catalogue = catalogue
        self._generations = generations
        self._space = space
        self._default_calibration = default_calibration
        self._read_calibration = read_calibration
        self._lock = threading.Lock()
        self._live: Generation | None = None
        self._live_name: str | None = None
        self._fresh: tuple[TrackVectors, ...] = ()
        self._snapshot: Snapshot | None = None

    @property
    def space(self) -> str:
        """Name and hash of the space served."""
        return str(self._space)

    def snapshot(self) -> Snapshot:
        """A snapshot that shows every change made to the catalogue and its generations so far."""
        if self._is_stale():
            with self._lock:
                if self._is_stale():
                    self._take_up_live()
                    self._snapshot = self._take()
        assert self._snapshot is not None
        return self._snapshot

    def _is_stale(self) -> bool:
        snapshot = self._snapshot
        return (
            snapshot is None
            or snapshot.revision != self._catalogue.revision()
            or self._live_name != self._generations.live_name()
        )

    def _take_up_live(self) -> None:
        name = self._generations.live_name()
        if name == self._live_name:
            return
        self._live, self._fresh = self._load_live(), ()
        self._live_name = name

    def _load_live(self) -> Generation | None:
        """The live generation; None where it cannot be used and the database must serve."""
        try:
            generation = self._generations.live()
        except CorruptGeneration:
            logger.exception(
                "the live generation is damaged; searching the database's rows instead"
            )
            return None
        if generation is None or generation.manifest.space == str(self._space):
            return generation
        logger.warning(
            "generation %s is of space %s, not %s; reindex to use one",
            generation.name,
            generation.manifest.space,
            self._space,
        )
        return None

    def _take(self) -> Snapshot:
        """Reads the revision first: what changes meanwhile makes it stale, never wrong."""
        revision = self._catalogue.revision()
        alive = self._catalogue.alive_rows(str(self._space))  # (tracks, 2)
        newest_row = self._fresh[-1].row if self._fresh else self._newest_live_row
        newer = tuple(self._catalogue.rows_after(str(self._space), newest_row))
        living = set(alive[:, 0].tolist())
        self._fresh = tuple(v for v in (*self._fresh, *newer) if v.row in living)
        fresh = [fresh_part(self._fresh)] if self._fresh else []
        return Snapshot(
            revision=revision,
            space=str(self._space),
            dimension=self._space.dimension,
            generation=self._live.name if self._live else "",
            parts=(*([live_part(self._live)] if self._live else []), *fresh),
            rows=alive[:, 0],
            keys=alive[:, 1],
            num_fresh_rows=sum(len(part.index) for part in fresh),
            calibration=self._calibration(),
            find_records=self._catalogue.get_tracks_by_key,
        )

    @property
    def _newest_live_row(self) -> int:
        return self._live.manifest.newest_row if self._live else 0

    def _calibration(self) -> CalibratesRelevance:
        stored = self._live.extra_files.get(CALIBRATION_FILE) if self._live else None
        return self._read_calibration(stored) if stored else self._default_calibration


def live_part(generation: Generation) -> Part:
    """The index of a generation with the starts that were published beside it.

    Raises:
        WrongSpace: The starts are not those of its rows.
    """
    starts_s = np.load(io.BytesIO(generation.extra_files[STARTS_FILE]), allow_pickle=False)
    if starts_s.shape != (len(generation.index),):
        raise WrongSpace(
            f"generation {generation.name} has {len(starts_s)} starts for "
            f"{len(generation.index)} rows; reindex to repair it"
        )
    return Part(index=generation.index, starts_s=starts_s)


def fresh_part(vectors: Sequence[TrackVectors]) -> Part:
    """An exact index in memory over vectors in ascending order of their rows."""
    ids = np.concatenate([v.index_ids for v in vectors])
    engine = "exact" if len(ids) <= SMALL_FRESH_ROWS else "flat"
    index = build_index(engine, ids, np.concatenate([v.matrix for v in vectors]))
    return Part(index=index, starts_s=starts_of(vectors))


def starts_of(vectors: Sequence[TrackVectors]) -> Vector:
    """Where each row starts, in seconds, in the order of index ids: the whole track at 0."""
    starts_s = [np.append(np.float32(0), v.starts_s) for v in vectors]
    return np.concatenate([np.zeros(0, np.float32), *starts_s]).astype(np.float32)
