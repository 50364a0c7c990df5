"""Writing so that a crash leaves the old content or the new, never a mix; knows no index."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and wait until its bytes are on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Replace a file at once: a reader sees the old content or the new one, whole."""
    new = path.with_name(f"{path.name}.new")
    write_durably(new, content)
    new.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
