"""`temptrack evaluate`: figures of the towers on data that people rated, without a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.output import say, table

if TYPE_CHECKING:
    from rich.console import Console

    from encoders.bench.table import Table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "evaluate")(evaluate)


def evaluate(
    run: Run,
    task: Annotated[str, typer.Argument(help="The protocol: emotion, text ...")],
    data: Annotated[
        Path,
        typer.Option(
            envvar="TEMPTRACK_DATA", exists=True, file_okay=False, help="Development data."
        ),
    ],
) -> None:
    """Measures how well the towers rank music, beside chance and baselines.

    "emotion" ranks rated tracks by emotion words, genres and wishes and compares with what
    listeners said; "text" finds tracks by their own words. Intervals are 95 % bootstraps. What is
    heard is kept in the user's cache folder, so that a second run is quick.

    Examples:
      temptrack evaluate emotion --data data
      temptrack evaluate text --data data --json
    """
    from services.evaluation.evaluate import evaluate_towers

    with run.err.status("listening") as status:
        found = evaluate_towers(
            task,
            data,
            progress=lambda done, total, what: status.update(f"{what}: {done:,} of {total:,}"),
        )
    run.answer(found.to_dict(), lambda out: _show(out, found))


def _show(out: "Console", found: "Table") -> None:
    places = {(row.subset, row.metric): place for place, row in reversed([*enumerate(found.rows)])}
    ordered = sorted(found.rows, key=lambda row: places[row.subset, row.metric])
    cells = [
        (
            row.subset,
            row.metric,
            row.method,
            str(row.num_tracks),
            str(row.num_queries),
            f"{row.chance:.2f}",
            f"{row.value:.2f}",
            f"{row.low:.2f}..{row.high:.2f}",
        )
        for row in ordered
    ]
    columns = ("tracks", "metric", "method", ">N", ">Q", ">chance", ">value", ">95 %")
    out.print(table(*columns, rows=cells))
    say(out, found.note)
