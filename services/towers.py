"""Checks the towers before anything is answered with them, and remembers where they were healthy.

A server that stays checks them at every start. The server inside a single command checks them
once for each state of weights, packages and code on this machine: what was healthy is written down
in the user's cache folder. The check is the quick one; `temptrack doctor` makes the whole.
"""

import hashlib
import importlib.metadata
import logging
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import encoders

if TYPE_CHECKING:
    from encoders.health import Towers

logger = logging.getLogger(__name__)

PACKAGES = (
    "numpy",
    "torch",
    "torchvision",
    "open_clip_torch",
    "timm",
    "transformers",
    "tokenizers",
)


def check_at_start(towers: "Towers", *, always: bool = True, folder: Path | None = None) -> None:
    """Let healthy towers pass; loads every one of them unless it was seen healthy before.

    Args:
        towers: what is checked.
        always: whether they are checked even where they were healthy before.
        folder: where that is remembered; by default in the user's cache folder.

    Raises:
        BrokenTower: a tower does not answer as a healthy one does.
    """
    seen = (folder or healthy_folder()) / state_of(towers)
    if seen.exists() and not always:
        return
    from encoders.health import check_towers, require_healthy

    require_healthy(check_towers(towers, quick=True))
    try:
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.touch()
    except OSError as error:  # a cache that cannot be written costs time, nothing else
        logger.info("healthy towers are not remembered: %s", error)


def healthy_folder() -> Path:
    """`$XDG_CACHE_HOME/temptrack/healthy`, by default below `~/.cache`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "temptrack" / "healthy"


def state_of(towers: "Towers") -> str:
    """A name for all that decides the towers' answers: weights, references, packages, code."""
    from encoders.health import REFERENCES
    from encoders.trunks.checkpoint import CARD

    source = Path(next(iter(encoders.__path__)))
    # The space's hash leaves out what only makes questions (clip, fusion) or names tempo and key.
    cards = {*source.rglob(CARD), *towers.weights.rglob(CARD)}
    files = [*sorted(source.rglob("*.py")), *sorted(cards), towers.weights / REFERENCES]
    lines = [str(towers.space), sys.version, platform.machine()]
    lines += [f"{name} {_version(name)}" for name in PACKAGES]
    lines += [f"{file} {_stamp(file)}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _stamp(file: Path) -> str:
    """Size and time of a file; empty where it is not there."""
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"
