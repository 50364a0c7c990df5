"""Finds the server that a command asks: the one named, the one that owns the home, or its own."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.cli.command import Settings
from services.config import Config
from services.errors import HomeInUse
from services.home import Home, find_owner
from temptrack.client import Client
from temptrack.errors import UnreachableError

START_S = 120.0  # longest wait for an owner that has not said its address yet
PAUSE_S = 0.1


@contextmanager
def connect(settings: Settings, *, note: Callable[[str], None]) -> Iterator[Client]:
    """A client of the server at hand; `note` hears of waits.

    Raises:
        HomeInUse: another process owns the home and does not say where it listens.
        UnreachableError: no server answers, or the command that served this one has ended.
    """
    with ExitStack() as resources:
        target = settings.server or _find_or_start(settings, resources)
        client = resources.enter_context(Client(target))
        try:
            yield client
        except UnreachableError as error:
            if settings.server or not _is_gone(target):
                raise
            raise UnreachableError(
                "the command that served this one has ended, and its server with it; run this "
                "again (temptrack serve keeps a server for many commands)",
                code=error.code,
            ) from error


def _find_or_start(settings: Settings, resources: ExitStack) -> str:
    """Where the owner of the home listens; a server of our own where nobody owns it."""
    config = settings.load()
    while not (address := find_address(config.home)):
        from services.server import start_private_server

        try:
            return resources.enter_context(start_private_server(private(config)))
        except HomeInUse:  # another command was quicker in this instant, and serves this one too
            continue
    return address


def _is_gone(target: str) -> bool:
    """Whether a target is the socket of a command that has ended."""
    return target.startswith("unix:") and not Path(target.removeprefix("unix:")).exists()


def find_address(folder: Path, *, wait_s: float = START_S) -> str:
    """Where the owner of a home listens; empty where nobody owns it.

    Raises:
        HomeInUse: the owner has not said where it listens after `wait_s`.
    """
    home = Home(folder=folder)
    end = time.monotonic() + wait_s
    while (owner := find_owner(home)) is not None:
        if owner.address:
            return owner.address
        if time.monotonic() > end:
            raise HomeInUse(
                f"the home {folder} is in use by process {owner.pid}, which does not say where "
                f"it listens; wait for it, or use another home",
                details={"pid": str(owner.pid)},
            )
        time.sleep(PAUSE_S)
    return ""


def private(config: Config) -> Config:
    """The settings for a server of our own: it reads whatever this user may read."""
    media = dataclasses.replace(config.media, allowed_roots=(Path("/"),))
    return dataclasses.replace(config, media=media)
