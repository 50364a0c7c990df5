"""`temptrack operations` and `temptrack reindex`: long-running work on the server."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.command import Run, command
from services.cli.output import say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from temptrack.operations import Operation
    from temptrack.types import ReindexProgress, ReindexReport

OperationName = Annotated[str, typer.Argument(help="Name of the operation.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Shows and stops long-running work.")
    command(group, "list")(list_operations)
    command(group, "show")(show_operation)
    command(group, "cancel")(cancel_operation)
    command(group, "wait")(wait_for_operation)
    command(app, "reindex")(reindex)
    app.add_typer(group, name="operations")


def list_operations(run: Run) -> None:
    """Lists imports and reindexes, under way and ended.

    Example:
      temptrack operations list
    """
    with run.connect() as client:
        found = client.operations()
    run.answer({"operations": [_value(item) for item in found]}, lambda out: _show(out, found))


def show_operation(run: Run, operation: OperationName) -> None:
    """Shows how far an operation is.

    Example:
      temptrack operations show operations/7
    """
    with run.connect() as client:
        found = client.operation(operation)
        value = _value_with_result(found)
    run.answer(value, lambda out: _show(out, [found]))


def cancel_operation(run: Run, operation: OperationName) -> None:
    """Stops an operation; what it has done stays.

    Example:
      temptrack operations cancel operations/7
    """
    with run.connect() as client:
        client.operation(operation).cancel()
    run.answer(
        {"cancelled": operation},
        lambda out: say(out, f"asked {operation} to stop"),
    )


def wait_for_operation(
    run: Run,
    operation: OperationName,
    timeout: Annotated[float | None, typer.Option(help="Longest wait, seconds.")] = None,
) -> None:
    """Waits until an operation has ended; fails when it failed.

    Example:
      temptrack operations wait operations/7 --timeout 600
    """
    with run.connect() as client:
        found = client.operation(operation)
        found.wait(timeout_s=timeout)
        value = _value_with_result(found)
    run.answer(value, lambda out: _show(out, [found]))


def reindex(
    run: Run,
    embed_again: Annotated[
        bool, typer.Option("--embed-again", help="Embed every track anew first.")
    ] = False,
) -> None:
    """Builds a new index of the catalogue and puts it live; searches go on meanwhile.

    Examples:
      temptrack reindex
      temptrack reindex --embed-again
    """
    with run.connect() as client:
        operation = client.reindex(embed_again=embed_again)
        try:
            with run.err.status("reindexing", spinner="dots") as status:
                report = operation.wait(lambda seen: status.update(_stage(seen)))
        except KeyboardInterrupt:
            operation.cancel()
            raise
    run.answer(report, lambda out: _show_report(out, report))


def _stage(seen: "ReindexProgress") -> str:
    embedded = f" ({seen.num_done:,} of {seen.num_missing:,})" if seen.stage == "embed" else ""
    return f"{seen.stage}{embedded}"


def _show_report(out: "Console", report: "ReindexReport") -> None:
    for line in report.refused:
        say(out, f"not embedded: {line}", style="red")
    say(
        out,
        f"{report.generation} is live: {report.num_rows:,} rows, recall {report.recall:.3f}",
    )


# `Any`: what an operation reports is known from its kind only.
def _value(operation: "Operation[Any, Any]") -> dict[str, object]:
    return {
        "name": operation.name,
        "kind": operation.kind,
        "state": operation.state,
        "progress": operation.progress,
        "error": operation.error or None,
    }


# `Any`: as above.
def _value_with_result(operation: "Operation[Any, Any]") -> dict[str, object]:
    result = operation.result() if operation.state == "done" else None
    return {**_value(operation), "result": result}


def _show(out: "Console", operations: "Sequence[Operation[Any, Any]]") -> None:
    rows = [(item.name, item.kind, item.state, _how_far(item)) for item in operations]
    out.print(table("operation", "kind", "state", "how far", rows=rows))


def _how_far(operation: "Operation[Any, Any]") -> str:
    if operation.error:
        return operation.error
    seen = operation.progress
    if seen is None:
        return ""
    if operation.kind == "import":
        return f"{seen.num_done:,} of {seen.num_sources:,}"
    return _stage(seen)
