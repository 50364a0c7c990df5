"""Fixtures that every kind of test may ask for."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of development data, or a skip where this machine has none."""
    folder = Path(os.environ.get("TEMPTRACK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"development data not found at {folder}; set TEMPTRACK_DATA to its folder")
    return folder
