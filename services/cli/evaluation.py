"""`temptrack evaluate`: figures of the towers on data that people rated, without a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.output import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from services.evaluation.report import Row


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "evaluate")(evaluate_towers)


def evaluate_towers(
    run: Run,
    task: Annotated[str, typer.Argument(help="text or emotion.")],
    data: Annotated[
        Path,
        typer.Option(
            envvar="TEMPTRACK_DATA", exists=True, file_okay=False, help="Development data."
        ),
    ],
) -> None:
    """Measures how well the towers rank music, beside chance and two baselines.

    "emotion" ranks the rated tracks by emotion words and compares with what listeners felt;
    "text" asks with wishes in users' words. Intervals are 95 % bootstraps over artists.

    Examples:
      temptrack evaluate emotion --data data
      temptrack evaluate text --data data --json
    """
    rows = _evaluate(run, task, data)
    value = {"task": task, "rows": [_value(row) for row in rows]}
    run.answer(value, lambda out: _show(out, rows))


def _evaluate(run: Run, task: str, data: Path) -> "tuple[Row, ...]":
    from encoders.embed import load_embedder
    from encoders.training.cache import default_cache_folder
    from encoders.trunks.checkpoint import WEIGHTS
    from encoders.trunks.minilm import load_minilm
    from media.child import MediaReader
    from services.evaluation.evaluate import evaluate
    from services.evaluation.hearing import Listener

    with MediaReader() as reader, run.err.status("listening") as status:
        listener = Listener(
            reader=reader,
            embedder=load_embedder(),
            cache=default_cache_folder() / "evaluation",
        )
        return evaluate(
            task,
            data,
            listener=listener,
            sentences=load_minilm(WEIGHTS / "minilm").sentence_vectors,
            progress=lambda done, total: status.update(f"listening: {done:,} of {total:,}"),
        )


def _value(row: "Row") -> dict[str, object]:
    return {
        "metric": row.metric,
        "system": row.system,
        "N": row.num_items,
        "Q": row.num_queries,
        "chance": row.chance,
        "value": row.interval.value,
        "low": row.interval.low,
        "high": row.interval.high,
    }


def _show(out: "Console", rows: "Sequence[Row]") -> None:
    cells = [
        (
            row.metric,
            row.system,
            str(row.num_items),
            str(row.num_queries),
            f"{row.chance:.3f}",
            f"{row.interval.value:.3f}",
            f"{row.interval.low:.3f} to {row.interval.high:.3f}",
        )
        for row in sorted(rows, key=lambda row: _first(rows, row.metric))
    ]
    out.print(table("metric", "system", ">N", ">Q", ">chance", ">value", ">95 %", rows=cells))


def _first(rows: "Sequence[Row]", metric: str) -> int:
    """Where a metric first stands, so that the systems stand together under it."""
    return [row.metric for row in rows].index(metric)
