"""Fixtures that every kind of test may ask for."""

import os
from pathlib import Path

import pytest

# Read by torch and by the processes that tests start, when they load: the products here are small,
# and threads that wait for each other at each one are slow where cores are shared.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of development data, or a skip where this machine has none."""
    folder = Path(os.environ.get("TEMPTRACK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"development data not found at {folder}; set TEMPTRACK_DATA to its folder")
    return folder
