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
    """Looks whether all that Temptrack needs is here and works, and says what to do if not.

    One line each, ok, warn (it works, but read the advice) or fail. Nothing is changed and no
    server is needed. Ends with 1 when something failed.

    Looked at:
      platform          Python and the machine
      packages          the packages that Temptrack stands on
      FAISS             exactly one of its two packages
      GPU               what torch and FAISS see; none is needed
      memory            enough for the models
      decoder           a sound is read; ffmpeg is not needed
      sound font        what MIDI files are played with
      encoder weights   unchanged since they were released or trained
      composer weights  likewise
      towers            fixed words, sounds and clips answered as by
                        healthy models; a server checks the quick part
                        when it starts, and refuses broken ones
      home              the folder of the catalogue: may be written, has room
      database          answers
      address           free for temptrack serve

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
