"""`temptrack evaluate`: figures of the towers on rated data and of one's own catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import UsageError
from services.cli.output import say, table

if TYPE_CHECKING:
    from rich.console import Console

    from encoders.bench.table import Row, Table
    from services.evaluation.evaluate import Progress
    from services.evaluation.library import LibraryReport

ALL = "all"
GRADES = {"good": "green", "fair": "yellow", "poor": "red", "not measured": "dim"}

MANUAL = """Measures how well music is found, beside chance and beside simple methods.

Each protocol prints N tracks, Q queries, chance, and 95 % intervals from a bootstrap. What is
heard is kept in the user's cache folder, so a second run is quick.

Protocols:
  emotion       rated tracks ranked by emotion words, against listeners
  text          tracks found by their own words
  moods         "nostalgic music" ranks what was made nostalgic first
  negation      "calm, not tense" served as well as "calm"
  antonyms      "calm music" and "loud music" give contrary orders
  free_queries  wishes in free words, such as "boss fight at dawn"
  halves        one half of a track finds the other
  pairs         a score finds its recording, and the other way round
  hubness       few tracks in every list, or others in none
  coverage      how much of a catalogue is ever listed
  agreement     clips agree with the music chosen for them
  probe         what a linear model could learn from the features
  scenes        filmed places of games find the music played there
  clips         a sentence finds its clip
  wishes        a clip and words together find a fitting track
  fusion        both together no worse than the better of the two
  instruments   which families of instruments sound
  tempo         estimated tempo against the stated one
  key           estimated key against the stated one
  robustness    a damaged copy finds its original
  all           each in turn, a table and a picture each below --out

--my-library needs no data: it measures the catalogue of this home and says in words what the
figures mean. A few files are changed and heard again; the catalogue stays as it is.
--dataset needs no protocol: the texts and clips of a dataset of yours find its music.

Examples:
  temptrack evaluate emotion --data data --plot emotion.png
  temptrack evaluate all --data data --out figures
  temptrack evaluate --my-library
  temptrack evaluate --dataset song-describer=/data/sdd
"""


@dataclass(frozen=True, kw_only=True)
class Library:
    """One's own catalogue instead of development data."""

    my_library: Annotated[
        bool, typer.Option("--my-library", help="Measure the catalogue of this home, no labels.")
    ] = False
    files: Annotated[
        int, typer.Option(min=0, help="Files that --my-library changes and hears again.")
    ] = 40


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Where results are written beside the answer."""

    plot: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw the table: FILE.png, .svg or .pdf.")
    ] = None
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for the tables of `all`.")
    ] = None


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "evaluate", manual=MANUAL)(evaluate)


def evaluate(
    run: Run,
    library: Library,
    pictures: Pictures,
    protocol: Annotated[
        str, typer.Argument(metavar="PROTOCOL", help="A name from the list above.")
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            envvar="TEMPTRACK_DATA", exists=True, file_okay=False, help="Development data."
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Own copy of a published dataset, or a manifest; may be given again.",
        ),
    ] = None,
) -> None:
    """Measures what was asked, and answers."""
    if dataset:
        if protocol or library.my_library or pictures.out:
            raise UsageError("--dataset goes with --plot alone: no protocol, no --my-library")
        _evaluate_datasets(run, dataset, pictures.plot)
        return
    if library.my_library:
        _refuse_both(protocol, pictures)
        _evaluate_library(run, library.files)
        return
    if not protocol or data is None:
        raise UsageError(
            "name a protocol and --data DIR, or ask for --my-library: temptrack evaluate --help "
            "lists the protocols"
        )
    if protocol == ALL:
        _evaluate_all(run, data, pictures)
    else:
        _evaluate_one(run, protocol, data, pictures.plot)


def _refuse_both(protocol: str, pictures: Pictures) -> None:
    if protocol:
        raise UsageError(f"--my-library runs its own protocols: leave out {protocol!r}")
    if pictures.plot or pictures.out:
        raise UsageError("--plot and --out draw tables of development data, not of --my-library")


def _evaluate_one(run: Run, protocol: str, data: Path, plot: Path | None) -> None:
    from encoders.bench.plot import check_name
    from services.evaluation.evaluate import evaluate_towers

    if plot is not None:
        _refuse_picture(plot, check_name(plot))
    with _listening(run) as progress:
        found = evaluate_towers(protocol, data, progress=progress)
    _answer(run, found, plot)


def _evaluate_datasets(run: Run, sources: list[str], plot: Path | None) -> None:
    from encoders.bench.plot import check_name
    from services.evaluation.datasets import evaluate_datasets

    if plot is not None:
        _refuse_picture(plot, check_name(plot))
    with _listening(run) as progress:
        found = evaluate_datasets(run.settings.load(), sources, progress=progress)
    _answer(run, found, plot)


def _answer(run: Run, found: "Table", plot: Path | None) -> None:
    from encoders.bench.plot import draw_table

    if plot is not None:
        draw_table(found, plot)
        run.note(f"drawn: {plot}")
    run.answer(found.to_dict(), lambda out: _show(out, found))


def _refuse_picture(plot: Path, wrong: str) -> None:
    if wrong:
        raise UsageError(wrong)
    if not plot.parent.is_dir():
        raise UsageError(f"{plot.parent} is no folder")


def _evaluate_all(run: Run, data: Path, pictures: Pictures) -> None:
    from services.evaluation.evaluate import evaluate_everything

    if pictures.out is None:
        raise UsageError("all writes a table and a picture each: name their folder with --out")
    left_out = {}
    written = []
    with _listening(run) as progress:
        for name, found, why in evaluate_everything(data, pictures.out, progress=progress):
            if found is None:
                left_out[name] = why
                run.note(f"{name}: left out, {why}")
            else:
                written.append(name)
                run.note(f"{name}: {len(found.rows)} rows")
    run.answer(
        {"out": pictures.out, "written": written, "left_out": left_out},
        lambda out: say(out, f"{len(written)} tables written below {pictures.out}"),
    )


def _evaluate_library(run: Run, num_files: int) -> None:
    from services.evaluation.evaluate import evaluate_library

    config = run.settings.load()
    with _listening(run) as progress:
        report = evaluate_library(config, num_files=num_files, progress=progress)
    run.answer(report.to_dict(), lambda out: _show_report(out, report))


@contextmanager
def _listening(run: Run) -> "Iterator[Progress]":
    """Progress of files on a terminal; quiet for programs."""
    with run.err.status("listening") as status:
        yield lambda done, total, what: status.update(f"{what}: {done:,} of {total:,}")


def _show(out: "Console", found: "Table") -> None:
    """One table a subset, its metrics together, methods below each other."""
    subsets = dict.fromkeys(row.subset for row in found.rows)
    for subset in subsets:
        rows = [row for row in found.rows if row.subset == subset]
        counts = sorted({row.num_tracks for row in rows})
        title = f"{found.name}: {subset}, N {' to '.join(f'{n:,}' for n in counts)}"
        columns = ("metric", "method", ">Q", ">chance", ">value", ">95 %")
        out.print(table(*columns, rows=_cells(rows), title=title))
    say(out, found.note)


def _cells(rows: "list[Row]") -> Iterator[tuple[str, ...]]:
    places = {row.metric: place for place, row in reversed([*enumerate(rows)])}
    shown = ""
    for row in sorted(rows, key=lambda row: places[row.metric]):
        yield (
            "" if row.metric == shown else row.metric,
            row.method,
            f"{row.num_queries:,}",
            _short(row.chance),
            _short(row.value),
            f"{_short(row.low)}..{_short(row.high)}",
        )
        shown = row.metric


def _short(value: float) -> str:
    """Three decimals where a hundredth would hide the value, none where it is a count."""
    if abs(value) >= 10.0:
        return f"{value:.0f}"
    return f"{value:.3f}" if 0.0 < abs(value) < 0.05 else f"{value:.2f}"


def _show_report(out: "Console", report: "LibraryReport") -> None:
    for finding in report.findings:
        out.print(f"{finding.grade:<12}", style=GRADES[finding.grade], end=" ")
        say(out, finding.text)
