"""The folder of one installation: its layout, its format version and the lock of its owner."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from services.errors import HomeInUse, HomeTooNew

HOME_FORMAT = 1
# A process that only looks whether the home is free holds the lock for an instant.
NUM_LOCK_TRIES = 10
LOCK_PAUSE_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where things lie in a home."""

    folder: Path

    @property
    def database_url(self) -> str:
        """The catalogue when no other database is configured."""
        from sqlalchemy import URL

        url = URL.create("sqlite", database=str(self.folder / "catalogue.sqlite3"))
        return url.render_as_string()

    @property
    def generations(self) -> Path:
        """Built indexes."""
        return self.folder / "generations"

    @property
    def media(self) -> Path:
        """Files of tracks that were uploaded or composed: `<sha256><suffix>`."""
        return self.folder / "media"

    @property
    def uploads(self) -> Path:
        """Files on their way in."""
        return self.folder / "uploads"

    @property
    def server_file(self) -> Path:
        """Process and address of the owner."""
        return self.folder / "server.json"

    @property
    def format_file(self) -> Path:
        """Format version."""
        return self.folder / "home.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the owner as long as it lives."""
        return self.folder / "lock"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The process that owns a home; the address is empty until it listens."""

    pid: int
    address: str = ""


class HomeLock:
    """The ownership of a home, from `lock_home` until `release` or the end of the process."""

    def __init__(self, home: Home, descriptor: int) -> None:
        self.home = home
        self._descriptor = descriptor

    def announce(self, address: str) -> None:
        """Tells others where the owner listens."""
        owner = {"pid": os.getpid(), "address": address}
        _write_json(self.home.server_file, owner)

    def release(self) -> None:
        """Gives the home back; a second call does nothing."""
        if self._descriptor >= 0:
            self.home.server_file.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> HomeLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def open_home(folder: Path) -> Home:
    """The home in a folder, made when it is not there.

    Raises:
        HomeTooNew: A later version of Temptrack wrote it.
    """
    home = Home(folder=folder.expanduser().absolute())
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if home.format_file.exists():
        _refuse_later_format(home)
    else:
        _write_json(home.format_file, {"format": HOME_FORMAT})
    for part in (home.generations, home.media, home.uploads):
        part.mkdir(exist_ok=True, mode=0o700)
    return home


def lock_home(home: Home) -> HomeLock:
    """Makes this process the owner.

    Raises:
        HomeInUse: Another process, or another part of this one, is; details give pid and address.
    """
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(NUM_LOCK_TRIES):
        if _try_lock(descriptor):
            lock = HomeLock(home, descriptor)
            lock.announce("")
            return lock
        time.sleep(LOCK_PAUSE_S)
    os.close(descriptor)
    owner = _written_owner(home)
    where = f" at {owner.address}" if owner.address else ""
    raise HomeInUse(
        f"the home {home.folder} is in use by process {owner.pid}{where}",
        details={"pid": str(owner.pid), "address": owner.address},
    )


def find_owner(home: Home) -> Owner | None:
    """The process that owns the home, or None; what a killed owner left behind does not count."""
    if not home.lock_file.exists():
        return None
    descriptor = os.open(home.lock_file, os.O_RDWR)
    try:
        return None if _try_lock(descriptor) else _written_owner(home)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written_owner(home: Home) -> Owner:
    """What the owner wrote of itself; pid 0 in the instant before it does."""
    try:
        written = json.loads(home.server_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Owner(pid=0)
    return Owner(pid=int(written["pid"]), address=str(written["address"]))


def _refuse_later_format(home: Home) -> None:
    version = int(json.loads(home.format_file.read_text(encoding="utf-8"))["format"])
    if version > HOME_FORMAT:
        raise HomeTooNew(
            f"the home {home.folder} has format {version}; the highest read is {HOME_FORMAT}",
            details={"format": str(version), "supported": str(HOME_FORMAT)},
        )


def _write_json(path: Path, content: dict[str, object]) -> None:
    """Writes beside and renames, so that no reader sees half a file."""
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(path)
