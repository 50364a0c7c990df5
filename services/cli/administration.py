"""`temptrack status`: how the server is."""

from typing import TYPE_CHECKING

import typer

from services.cli.command import Run, command
from services.cli.output import about, pairs

if TYPE_CHECKING:
    from rich.console import Console

    from temptrack.types import ServerStatus


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "status")(show_status)


def show_status(run: Run) -> None:
    """Shows what the server holds and how it searches.

    Examples:
      temptrack status
      temptrack --server 127.0.0.1:50551 status --json
    """
    with run.connect() as client:
        status = client.status()
        target = client.target
    run.answer({**vars(status), "address": target}, lambda out: _show(out, status, target))


def _show(out: "Console", status: "ServerStatus", target: str) -> None:
    live = f"{status.generation}: {status.generation_rows:,} rows" if status.generation else "none"
    rows = [
        ("server", f"{target}, version {status.version}"),
        ("started", f"{status.started_at:%Y-%m-%d %H:%M} UTC" if status.started_at else ""),
        ("home", f"{status.home} (format {status.home_format})"),
        ("database", status.database),
        ("tracks", f"{status.num_tracks:,}, {status.num_tracks_with_sound:,} with sound"),
        ("sound", f"{about(status.sound_s)}, {status.num_segments:,} segments"),
        ("space", status.space),
        ("generation", f"{live}; {status.fresh_rows:,} fresh rows, searched too"),
        ("searched on", status.device),
        ("operations", f"{status.num_running_operations} under way"),
    ]
    out.print(pairs(rows))
