"""`temptrack doctor`: looks at everything that Temptrack needs, and says what to do."""

from typing import TYPE_CHECKING

import typer

from services.cli.command import Run, command
from services.cli.failures import FAILED
from services.cli.output import say

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.checks import Check

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "doctor")(diagnose)


def diagnose(run: Run) -> None:
    """Looks at the packages, the weights, the towers, the home, the database and the address.

    Each tower answers fixed sentences, sounds and clips; its figures must lie where those of a
    healthy tower lie. A server makes the quick part of this when it starts, and does not start
    with a broken tower. Ends with 1 when something failed. ffmpeg is not needed.

    Examples:
      temptrack doctor
      temptrack --home /srv/temptrack doctor --json
    """
    from services.cli.checks import run_checks, worst

    config = run.settings.load()
    checks = []
    for check in run_checks(config):
        checks.append(check)
        if not run.as_json:
            _show(run.out, check)
    state = worst(checks)
    if run.as_json:
        run.write_json({"state": state, "checks": checks})
    if state == "fail":
        raise typer.Exit(FAILED)


def _show(out: "Console", check: "Check") -> None:
    out.print(f"{check.state:<5}", style=_STYLES[check.state], end=" ")
    say(out, f"{check.name}: {check.found}")
    if check.advice:
        say(out, f"      {check.advice}", style="dim")
