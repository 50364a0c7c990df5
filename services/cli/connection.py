"""Finds the server that a command asks: the one named, the one that owns the home, or its own."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.command import Settings
from services.config import Config
from services.errors import HomeInUse
from services.home import Home, find_owner
from temptrack.client import Client

START_S = 120.0  # longest wait for an owner that has not said its address yet
PAUSE_S = 0.1


@contextmanager
def connect(settings: Settings, *, note: Callable[[str], None]) -> Iterator[Client]:
    """A client of the server at hand; `note` hears of waits.

    Raises:
        HomeInUse: another process owns the home and does not say where it listens.
    """
    if settings.server:
        with Client(settings.server) as client:
            yield client
        return
    config = settings.load()
    address = find_address(config.home)
    if address:
        with Client(address) as client:
            yield client
        return
    from services.server import start_private_server

    with start_private_server(private(config)) as target, Client(target) as client:
        yield client


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
