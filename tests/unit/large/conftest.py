"""Tiny checkpoints and heads trained over them, once for all tests of the large profile."""

from pathlib import Path

import pytest

from encoders.embed import load_embedder
from encoders.large.embedder import LargeEmbedder
from encoders.large.towers import LargeTowers
from encoders.training.large import train_large
from tests.fixtures.large import (
    Checkpoints,
    PlainReader,
    tiny_run,
    write_checkpoints,
    write_manifest,
)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    return write_checkpoints(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def towers(checkpoints: Checkpoints) -> LargeTowers:
    return checkpoints.towers()


@pytest.fixture(scope="session")
def trained(towers: LargeTowers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    return train_large(tiny_run(folder, write_manifest(folder / "data")), towers, PlainReader())


@pytest.fixture(scope="session")
def embedder(trained: Path) -> LargeEmbedder:
    loaded = load_embedder("large", trained)
    assert isinstance(loaded, LargeEmbedder)
    return loaded
