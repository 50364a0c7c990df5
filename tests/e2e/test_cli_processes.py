"""The command line in processes of its own: who serves whom, signals and interrupts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import REPOSITORY
from tests.fakes import write_tone

WAIT_S = 60.0
# The command with fakes in place of the models; a slow embedder leaves time to interrupt.
RUN = """
import sys, time
sys.argv = ["temptrack", *sys.argv[1:]]
import services.bootstrap
from tests.fakes import FakeEmbedder
from tests.fixtures.applications import fake_models
services.bootstrap.load_models = fake_models
if {slow}:
    hear = FakeEmbedder.embed_sound
    FakeEmbedder.embed_sound = lambda self, sound: time.sleep(1.0) or hear(self, sound)
from services.cli import main
main()
"""

Popen = subprocess.Popen[str]
Start = Callable[..., Popen]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts commands over one home, and ends those that are left."""
    started: list[Popen] = []

    def run(*words: object, slow: bool = False) -> Popen:
        code = RUN.format(slow=slow)
        command = [sys.executable, "-c", code, "--home", str(tmp_path / "home"), *map(str, words)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TEMPTRACK_")}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(20):
        write_tone(folder / f"{number:02}.wav", 220.0 * 2 ** (number / 12))
    return folder


def finish(process: Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=WAIT_S)
    return process.returncode, out, err


def first_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def test_commands_use_the_server_that_owns_the_home(start: Start, music: Path) -> None:
    server = start("serve", "--address", "127.0.0.1:0", "--json")
    address = json.loads(first_line(server.stdout))["address"]
    assert address.startswith("127.0.0.1:")
    code, out, _ = finish(start("status", "--json"))
    assert code == 0
    assert json.loads(out)["address"] == address
    code, out, _ = finish(start("import", music / "00.wav", "--json"))
    assert (code, json.loads(out)["added"]) == (0, 1)
    code, _, err = finish(start("serve", "--address", "127.0.0.1:0"))
    assert code == 1
    assert f"process {server.pid} at {address}" in err
    server.send_signal(signal.SIGTERM)
    code, _, err = finish(server)
    assert code == 0
    assert "Traceback" not in err
    code, out, _ = finish(start("status", "--json"))
    assert json.loads(out)["num_tracks"] == 1
    assert json.loads(out)["address"].startswith("unix:")


def test_commands_that_start_at_once_share_one_server(start: Start, music: Path) -> None:
    assert finish(start("import", music / "00.wav"))[0] == 0
    for process in [start("show", "nobody", "--json") for _ in range(3)]:
        code, out, err = finish(process)
        reason = json.loads(out)["error"]["reason"]
        # Whoever was served by a command that ended first is told so; nobody finds the home taken.
        assert (code, reason) in ((1, "NOT_FOUND"), (4, "UNAVAILABLE")), err


def test_an_interrupted_import_stops_cleanly_and_can_be_repeated(
    start: Start, music: Path
) -> None:
    importing = start("import", music, slow=True)
    while "this will take about" not in (line := first_line(importing.stderr)):
        assert line, "the import ended before it said how long it takes"
    importing.send_signal(signal.SIGINT)
    code, _, err = finish(importing)
    assert code == 130
    assert "what is imported stays" in err
    assert "Traceback" not in err
    code, out, _ = finish(start("operations", "list", "--json"))
    (operation,) = json.loads(out)["operations"]
    assert operation["state"] == "cancelled"
    code, out, _ = finish(start("import", music, "--json"))
    report = json.loads(out)
    assert code == 0
    assert report["added"] + report["unchanged"] == 20
    assert report["unchanged"] > 0


def test_a_killed_import_goes_on_with_the_next_command(start: Start, music: Path) -> None:
    importing = start("import", music, slow=True)
    while "this will take about" not in (line := first_line(importing.stderr)):
        assert line, "the import ended before it said how long it takes"
    importing.kill()
    finish(importing)
    code, out, _ = finish(start("operations", "list", "--json"))
    (operation,) = json.loads(out)["operations"]
    code, _, err = finish(start("operations", "wait", operation["name"]))
    assert code == 0, err
    code, out, _ = finish(start("status", "--json"))
    assert json.loads(out)["num_tracks"] == 20


def test_a_public_address_must_be_asked_for(start: Start) -> None:
    code, _, err = finish(start("serve", "--address", "0.0.0.0:0"))
    assert code == 2
    assert "--allow-public" in err
    server = start("serve", "--address", "0.0.0.0:0", "--allow-public")
    assert "warning: 0.0.0.0:0 is open to other machines" in first_line(server.stderr)
    assert "serving" in first_line(server.stdout)
    server.send_signal(signal.SIGINT)
    assert finish(server)[0] == 0
