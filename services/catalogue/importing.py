"""The story of an import: many sources, one after another, each its own transaction.

While one is embedded, the next two are found and decoded in threads of their own, so that three
decoded files are held at most. What became of each source is written at once: an import that was
killed goes on with the next one, and at worst says "unchanged" of the one it was writing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

from services.catalogue.ingest import Ingest, Outcome, Prepared
from services.catalogue.sources import TrackSource, source_from_fields
from services.errors import Cancelled
from services.operations.progress import Progress
from services.operations.runner import Handler
from services.status import describe_error

IMPORT_KIND = "import_tracks"
NUM_AHEAD = 2  # rendering a MIDI file takes twice as long as embedding its sound

# A source with its place in the request.
Numbered = tuple[int, TrackSource]


def import_handler(ingest: Ingest) -> Handler:
    """The handler of operations of `IMPORT_KIND`; request and response as JSON of the proto."""

    def run(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        sources = [source_from_fields(fields) for fields in request.get("sources", [])]
        return ingest_tracks(sources, ingest, progress)

    return run


def ingest_tracks(
    sources: Sequence[TrackSource], ingest: Ingest, progress: Progress
) -> dict[str, Any]:
    """Imports the sources that no earlier attempt has done; answers for all of them."""
    done = progress.items()
    pace = Pace(progress, num_sources=len(sources), done=done)
    last_uses = {source.upload: number for number, source in enumerate(sources)}
    left = [(number, source) for number, source in enumerate(sources) if number not in done]
    with closing(prepare_ahead(left, ingest)) as prepared_sources, _discarding(sources, ingest):
        for number, source, prepared in prepared_sources:
            progress.raise_if_cancelled()
            pace.begin(ingest.label_of(source))
            outcome = import_source(source, prepared, ingest)
            progress.finish_item(number, asdict(outcome))
            if last_uses[source.upload] == number:
                ingest.discard_upload(source)
            pace.finish(outcome.sound_s)
    return pace.response(progress.items())


@contextmanager
def _discarding(sources: Sequence[TrackSource], ingest: Ingest) -> Iterator[None]:
    """Removes the uploads of an import that is cancelled: nobody asks for them again."""
    try:
        yield
    except Cancelled:
        for source in sources:
            ingest.discard_upload(source)
        raise


def prepare_ahead(
    sources: Iterable[Numbered], ingest: Ingest
) -> Generator[tuple[int, TrackSource, Future[Prepared]], None, None]:
    """The sources with their preparation, the next ones' begun while a caller uses this one's."""
    pool = ThreadPoolExecutor(max_workers=NUM_AHEAD, thread_name_prefix="prepare")
    waiting: deque[tuple[int, TrackSource, Future[Prepared]]] = deque()
    try:
        for number, source in sources:
            waiting.append((number, source, pool.submit(ingest.prepare, source)))
            if len(waiting) > NUM_AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def import_source(source: TrackSource, prepared: Future[Prepared], ingest: Ingest) -> Outcome:
    """What becomes of one source; an error is its outcome and stops nothing else."""
    label = ingest.label_of(source)
    try:
        return ingest.store(prepared.result())
    except Exception as error:  # noqa: BLE001 - one bad file; logged in describe_error
        failure = describe_error(error, doing=f"import of {label!r}")
        return Outcome(
            label=label, state="STATE_REFUSED", message=failure.message, reason=failure.reason
        )


class Pace:
    """Counts what is done and says it to the operation, with the time that is left."""

    def __init__(
        self, progress: Progress, *, num_sources: int, done: dict[int, dict[str, Any]]
    ) -> None:
        self._progress = progress
        self._num_sources = num_sources
        self._num_before = len(done)
        self._num_now = 0
        self._sound_s = sum(float(item["sound_s"]) for item in done.values())
        self._elapsed_before_s = float(progress.record.get("elapsed_s", 0.0))
        self._began_s = time.monotonic()

    def begin(self, label: str) -> None:
        """A source is at work."""
        self._say(current=label)

    def finish(self, sound_s: float) -> None:
        """The source is done."""
        self._num_now += 1
        self._sound_s += sound_s
        self._say()

    def response(self, items: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The fields of `ImportTracksResponse`."""
        names = ("label", "track_id", "state", "message", "reason")
        outcomes = [{name: items[number][name] for name in names} for number in sorted(items)]
        self._say(current="")
        return {
            "outcomes": outcomes,
            "sound_s": self._sound_s,
            "elapsed_s": self._elapsed_before_s + self._elapsed_s,
        }

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    def _say(self, **fields: Any) -> None:
        num_done = self._num_before + self._num_now
        each_s = self._elapsed_s / self._num_now if self._num_now else 0.0
        self._progress.record["elapsed_s"] = self._elapsed_before_s + self._elapsed_s
        self._progress.update(
            num_sources=self._num_sources,
            num_done=num_done,
            sound_s=self._sound_s,
            remaining_s=each_s * (self._num_sources - num_done),
            **fields,
        )
