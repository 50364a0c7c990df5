"""The `temptrack` command: its own options, and its commands in the order that help shows them.

Imports nothing heavy: a command imports what it needs when it runs.
"""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import (
    administration,
    composition,
    continuation,
    demo,
    diagnosis,
    evaluation,
    finding,
    importing,
    jobs,
    playlists,
    serving,
    tracks,
    training,
)
from services.cli.command import Settings

HELP = """Finds music in your own catalogue for a clip, words, a playlist or a tune, and composes
a sketch when nothing fits. Nothing leaves this machine.

\b
Start with:
  temptrack import ~/Music
  temptrack find "calm piano, like rain on a window"
  temptrack find --clip cut.mp4 "slower, no drums" --preview out

A command asks the server at --server, else the server that owns the home, else one of its own that
ends with it.

\b
Exit codes:
  0    done; "no match" is an answer too
  1    something failed, or a file or a query was refused
  2    the command line or a value in it is wrong
  4    no server can be reached
  130  interrupted
"""

app = typer.Typer(
    name="temptrack",
    help=HELP,
    no_args_is_help=True,
    # Drawing help with rich takes as long as everything else that help does.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def choose_server(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            envvar="TEMPTRACK_HOME", help="Folder of the catalogue, indexes and uploaded media."
        ),
    ] = None,
    server: Annotated[
        str,
        typer.Option(
            envvar="TEMPTRACK_SERVER", help="A running server: host:port or unix:/path/of/socket."
        ),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(envvar="TEMPTRACK_CONFIG", help="Settings, a TOML file."),
    ] = None,
    debug: Annotated[bool, typer.Option(help="Show where an error came from.")] = False,
) -> None:
    """Keeps what stands before the command."""
    context.obj = Settings(home=home, server=server, config_file=config, debug=debug)


serving.register(app)
demo.register(app)
importing.register(app)
tracks.register(app)
finding.register(app)
continuation.register(app)
playlists.register(app)
composition.register(app)
training.register(app)
evaluation.register(app)
jobs.register(app)
administration.register(app)
diagnosis.register(app)
