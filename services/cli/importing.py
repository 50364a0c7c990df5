"""`temptrack import`: files, folders and manifests into the catalogue."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import FAILED, UsageError
from services.cli.output import about, say

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.manifest import Gathered
    from temptrack.client import Client
    from temptrack.importing import ImportJob
    from temptrack.types import ImportOutcome, ImportProgress, ImportReport

MIN_DONE = 3  # tracks after the first ones that make a pace


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "import")(import_tracks)


def import_tracks(
    run: Run,
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files, folders or .jsonl manifests.", exists=True),
    ],
) -> None:
    """Imports music: recordings and MIDI files.

    A folder is searched with all its folders. A manifest has one JSON object a line: id, file
    (relative to the manifest), title, artist, album, tags, text and licence, all optional but
    file or title. What is in the catalogue already is left as it is, so that an import which
    was interrupted can be repeated.

    Examples:
      temptrack import ~/Music
      temptrack import song.flac tune.mid
      temptrack import catalogue.jsonl
    """
    from services.cli.manifest import gather_sources
    from temptrack.types import ImportReport

    gathered = gather_sources(paths)
    if not gathered.sources and not gathered.refused:
        raise UsageError("there is no music at these places; recordings and MIDI files are read")
    if gathered.sources:
        with run.connect() as client:
            report = import_sources(run, client, gathered)
    else:
        report = ImportReport()
    outcomes = (*gathered.refused, *report.outcomes)
    summary = _summarise(outcomes, report)
    run.answer({**summary, "outcomes": outcomes}, lambda out: _show(out, run, outcomes, summary))
    if summary["refused"]:
        raise typer.Exit(FAILED)


def import_and_show(run: Run, client: "Client", gathered: "Gathered") -> "ImportReport":
    """Imports through a client with progress, and says in words what became of it."""
    report = import_sources(run, client, gathered)
    outcomes = (*gathered.refused, *report.outcomes)
    if not run.as_json:
        _show(run.out, run, outcomes, _summarise(outcomes, report))
    return report


def import_sources(run: Run, client: "Client", gathered: "Gathered") -> "ImportReport":
    """Imports through a client with progress; an interrupt stops the import on the server."""
    count = len(gathered.sources)
    run.note(f"{count:,} track{'' if count == 1 else 's'} to look at")
    job = client.import_tracks(gathered.sources)
    try:
        with _Bar(run) as bar:
            return job.wait(bar.show)
    except KeyboardInterrupt:
        _cancel(run, job)
        raise


def _cancel(run: Run, job: "ImportJob") -> None:
    """Stops the import on the server and waits until it has stopped."""
    from temptrack.errors import CancelledError

    run.note("stopping after the track at work; what is imported stays")
    job.cancel()
    try:
        job.wait()
    except CancelledError:
        return


class _Bar:
    """Progress on a terminal; elsewhere one line once the time it takes is known."""

    def __init__(self, run: Run) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._run = run
        self._said = False
        self._pace = _Pace()
        self._progress = Progress(
            TextColumn("importing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}"),
            TextColumn("{task.fields[current]}", style="dim", markup=False),
            console=run.err,
            transient=True,
            disable=run.as_json or not run.err.is_terminal,
        )
        self._task = self._progress.add_task("import", total=None, rest="", current="")

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, seen: "ImportProgress") -> None:
        """Takes a report of the import."""
        left_s = self._pace.left_s(seen.num_done, seen.num_sources)
        if left_s is not None and not self._said:
            self._said = True
            self._run.note(f"this will take about {about(self._pace.elapsed_s + left_s)}")
        self._progress.update(
            self._task,
            total=seen.num_sources,
            completed=seen.num_done,
            rest="" if left_s is None else f"about {about(left_s)} left",
            current=seen.current,
        )


class _Pace:
    """How long the rest takes, at the pace since the first tracks: those wait for the models."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_s = clock()
        self._first: tuple[float, int] | None = None

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._started_s

    def left_s(self, num_done: int, num_sources: int) -> float | None:
        """Seconds that the rest will take; None as long as nobody can say."""
        if not num_done:
            return None
        if self._first is None:
            self._first = (self._clock(), num_done)
        first_s, num_first = self._first
        if num_done - num_first < MIN_DONE:
            return None
        return (self._clock() - first_s) / (num_done - num_first) * (num_sources - num_done)


def _summarise(
    outcomes: Sequence["ImportOutcome"], report: "ImportReport"
) -> dict[str, float | int]:
    states = [outcome.state for outcome in outcomes]
    counts = {name: states.count(name) for name in ("added", "updated", "unchanged", "refused")}
    return {**counts, "sound_s": report.sound_s, "elapsed_s": report.elapsed_s}


def _show(
    out: "Console",
    run: Run,
    outcomes: Sequence["ImportOutcome"],
    summary: dict[str, float | int],
) -> None:
    for outcome in outcomes:
        if outcome.state == "refused":
            line = f"refused: {outcome.label}: {outcome.message} [{outcome.reason}]"
            run.err.print(line, style="red", markup=False)
        elif outcome.message:
            run.note(f"{outcome.label}: {outcome.message}")
    counts = ", ".join(
        f"{summary[name]:,} {name}" for name in ("added", "updated", "unchanged", "refused")
    )
    line = f"{counts}; {about(summary['sound_s'])} of sound"
    if summary["elapsed_s"] and summary["sound_s"]:
        pace = summary["sound_s"] / summary["elapsed_s"]
        line += f" in {about(summary['elapsed_s'])} ({pace:.0f} times as fast as it plays)"
    say(out, line)
