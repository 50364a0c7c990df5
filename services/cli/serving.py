"""`temptrack serve`: a server for this home."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.output import say

if TYPE_CHECKING:
    from services.config import Config


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """What goes before the settings of the file."""

    address: Annotated[str, typer.Option(help="IP address and port, or unix:/path/of/socket.")] = (
        ""
    )
    allow_public: Annotated[
        bool,
        typer.Option(
            "--allow-public", help="Let other machines reach it, without encryption or password."
        ),
    ] = False
    reflection: Annotated[
        bool, typer.Option("--reflection", help="Let tools ask which services there are.")
    ] = False
    allow_root: Annotated[
        list[Path], typer.Option(help="Folder whose files may be named by path; again for more.")
    ] = field(default_factory=list)

    def apply(self, config: "Config") -> "Config":
        """The settings with these in their place."""
        server = dataclasses.replace(
            config.server,
            address=self.address or config.server.address,
            allow_public=self.allow_public or config.server.allow_public,
            reflection=self.reflection or config.server.reflection,
        )
        roots = (
            *config.media.allowed_roots,
            *(root.expanduser().absolute() for root in self.allow_root),
        )
        media = dataclasses.replace(config.media, allowed_roots=roots)
        return dataclasses.replace(config, server=server, media=media)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "serve")(serve)


def serve(run: Run, options: ServeOptions) -> None:
    """Serves this home until it is interrupted; other commands then use this server.

    Examples:
      temptrack serve
      temptrack --home /srv/temptrack serve --allow-root /srv/music
      temptrack --config config.toml serve --address 0.0.0.0:50551 --allow-public
    """
    from services.server import configure_logging
    from services.server import serve as serve_home

    config = options.apply(run.settings.load())
    configure_logging(config.log_level)
    if config.server.is_public:
        run.err.print(
            f"warning: {config.server.address} is open to other machines, without encryption or "
            "password",
            style="yellow",
            markup=False,
        )

    def ready(address: str) -> None:
        run.answer(
            {"address": address, "home": str(config.home)},
            lambda out: say(out, f"serving {config.home} at {address}"),
        )

    serve_home(config, ready=ready)
