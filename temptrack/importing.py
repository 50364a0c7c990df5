"""One import of any number of sources, as one handle; knows how sources get to the server.

The server takes at most 10,000 sources a request, and a file that it cannot read where it lies is
sent to it. Both are hidden here: the outcomes come back in the order of the sources.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from temptrack.errors import TemptrackError, UnreachableError
from temptrack.media import UPLOAD_INSTEAD
from temptrack.operations import Operation
from temptrack.types import ImportOutcome, ImportProgress, ImportReport, TrackSource
from temptrack.v1 import catalogue_pb2

PATH_BATCH = 10_000  # the protocol's most a request
UPLOAD_BATCH = 50  # files that wait on the server at one time

ImportOperation = Operation[ImportProgress, ImportReport]
OnProgress = Callable[[ImportProgress], None]


class Importer(Protocol):
    """What an import needs of the client."""

    def prepare(self, source: TrackSource, *, by_path: bool) -> catalogue_pb2.TrackSource:
        """The message for one source; sends its file unless `by_path`."""

    def start(self, sources: Sequence[catalogue_pb2.TrackSource]) -> ImportOperation:
        """Starts an operation for some sources."""


class ImportJob:
    """An import under way; its first operation has been started.

    Args:
        sources: what to import.
        importer: sends files and starts operations.
        by_path: whether the server is first asked to read the files where they lie.
    """

    def __init__(
        self, sources: Sequence[TrackSource], importer: Importer, *, by_path: bool
    ) -> None:
        self._sources = tuple(sources)
        self._importer = importer
        self._by_path = by_path
        self._batches = _cut(range(len(self._sources)), by_path)
        self._sent: list[int] = []
        self._outcomes: dict[int, ImportOutcome] = {}
        self._totals = ImportProgress(num_sources=len(self._sources))
        self._elapsed_s = 0.0
        self.operation: ImportOperation | None = None
        self._start_next()

    def wait(self, progress: OnProgress | None = None) -> ImportReport:
        """The outcomes of all sources in order; `progress` hears how far the whole is.

        Raises:
            TemptrackError: the import was cancelled or failed as a whole; what it did stays.
        """
        self._run(progress)
        unread = self._unread() if self._by_path else []
        if unread:
            self._by_path = False
            self._batches = _cut(unread, False)
            self._outcomes = {i: o for i, o in self._outcomes.items() if i not in set(unread)}
            self._start_next()
            self._run(progress)
        return ImportReport(
            outcomes=tuple(self._outcomes[place] for place in sorted(self._outcomes)),
            sound_s=self._totals.sound_s,
            elapsed_s=self._elapsed_s,
        )

    def cancel(self) -> None:
        """Asks the server to stop; tracks that were imported stay."""
        self._batches = iter(())
        if self.operation is not None:
            self.operation.cancel()

    def _run(self, progress: OnProgress | None) -> None:
        while self.operation is not None:
            report = self.operation.wait(lambda seen: self._hear(seen, progress))
            self._outcomes.update(zip(self._sent, report.outcomes, strict=True))
            sound_s = self._totals.sound_s + report.sound_s
            self._totals = dataclasses.replace(self._totals, sound_s=sound_s)
            self._elapsed_s += report.elapsed_s
            self._start_next()

    def _hear(self, seen: ImportProgress, progress: OnProgress | None) -> None:
        if progress is None:
            return
        total = dataclasses.replace(
            seen,
            num_sources=self._totals.num_sources,
            num_done=len(self._outcomes) + seen.num_done,
            sound_s=self._totals.sound_s + seen.sound_s,
        )
        progress(total)

    def _unread(self) -> list[int]:
        """Places of files that are here but that the server may not, or cannot, read."""
        return [
            place
            for place, outcome in sorted(self._outcomes.items())
            if outcome.state == "refused" and outcome.reason in UPLOAD_INSTEAD
            if _is_here(self._sources[place])
        ]

    def _start_next(self) -> None:
        """Starts the next batch that has anything to send; none leaves no operation."""
        self.operation = None
        for batch in self._batches:
            self._sent, messages = [], []
            for place in batch:
                message = self._prepare(place)
                if message is not None:
                    self._sent.append(place)
                    messages.append(message)
            if messages:
                self.operation = self._importer.start(messages)
                return

    def _prepare(self, place: int) -> catalogue_pb2.TrackSource | None:
        """The message for one source; None, and its outcome kept, where it cannot be sent."""
        source = self._sources[place]
        try:
            return self._importer.prepare(source, by_path=self._by_path)
        except UnreachableError:
            raise
        except (TemptrackError, OSError) as error:
            reason = error.reason if isinstance(error, TemptrackError) else "NOT_FOUND"
            self._outcomes[place] = ImportOutcome(
                label=source.label or str(source.media),
                track_id="",
                state="refused",
                message=str(error),
                reason=reason,
            )
            return None


def _is_here(source: TrackSource) -> bool:
    return isinstance(source.media, Path) and source.media.is_file()


def _cut(places: Sequence[int], by_path: bool) -> Iterator[Sequence[int]]:
    size = PATH_BATCH if by_path else UPLOAD_BATCH
    return (places[i : i + size] for i in range(0, len(places), size))
