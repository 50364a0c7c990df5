"""Says how a server is, in one value; reads counts and changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.catalogue.records import CatalogueCounts
from services.catalogue.store import Catalogue
from services.operations.runner import OperationRunner
from services.retrieval.searcher import Searcher


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """What does not change while a server runs.

    Attributes:
        version: Of the server.
        home: Folder of the installation.
        home_format: Format version of the home.
        space: Name and hash of the space served.
        device: Where vectors are searched: "cpu" or the name of the GPU.
        database: "sqlite" or "postgresql".
        started_at: When the server started, with its time zone.
    """

    version: str
    home: Path
    home_format: int
    space: str
    device: str
    database: str
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """How a server is at one moment; rows are those of the index, whole tracks and segments."""

    facts: ServerFacts
    counts: CatalogueCounts
    generation: str
    generation_rows: int
    fresh_rows: int
    num_running_operations: int


def read_status(
    facts: ServerFacts, catalogue: Catalogue, *, searcher: Searcher, runner: OperationRunner
) -> ServerStatus:
    """How the server is now."""
    snapshot = searcher.snapshot()
    num_rows = sum(len(part.index) for part in snapshot.parts)
    return ServerStatus(
        facts=facts,
        counts=catalogue.counts(facts.space),
        generation=snapshot.generation,
        generation_rows=num_rows - snapshot.num_fresh_rows,
        fresh_rows=snapshot.num_fresh_rows,
        num_running_operations=runner.count_unfinished(),
    )
