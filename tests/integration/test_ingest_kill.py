"""An import whose process is killed goes on where it was."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.database import Sessions
from tests.conftest import REPOSITORY
from tests.fakes import write_tone
from tests.fixtures.databases import database_url, empty_engine, engine  # noqa: F401 - fixtures
from tests.unit.ingest_rig import WAIT_S, make_rig

NUM_TRACKS = 7
NUM_BEFORE_KILL = 3


@pytest.fixture
def killed(tmp_path: Path, engine: Engine, database_url: str) -> Path:  # noqa: F811 - fixtures
    """A folder with seven tones, of which a killed import has stored three."""
    (tmp_path / "music").mkdir()
    for number in range(NUM_TRACKS):
        write_tone(tmp_path / "music" / f"{number}.wav", 300.0 + number)
    arguments = [str(tmp_path), database_url, str(NUM_BEFORE_KILL)]
    importer = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.ingest_process", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert importer.stdout is not None
    assert importer.stdout.readline() == "ready\n"
    importer.kill()
    importer.communicate()
    return tmp_path


def test_a_killed_import_goes_on_and_embeds_only_the_rest(killed: Path, engine: Engine) -> None:  # noqa: F811 - a fixture
    rig = make_rig(killed, Sessions(engine))
    assert rig.catalogue.list_tracks().total == NUM_BEFORE_KILL
    runner = rig.runner()
    assert runner.resume_unfinished() == 1
    (operation,) = runner.list().operations
    record = runner.wait(operation.id, WAIT_S)
    runner.close()
    assert record.response is not None
    states = [outcome["state"] for outcome in record.response["outcomes"]]
    assert states == ["STATE_ADDED"] * NUM_TRACKS
    assert rig.embedder.num_sounds == NUM_TRACKS - NUM_BEFORE_KILL
    assert rig.catalogue.list_tracks().total == NUM_TRACKS
    assert record.response["sound_s"] == 12.0 * NUM_TRACKS
