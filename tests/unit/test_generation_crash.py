"""A publish that is interrupted anywhere leaves the old generation or the new one, whole."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from index.generation import GenerationStore
from tests.conftest import REPOSITORY
from tests.unit.generation_rows import QUERIES, publish

OLD_ROWS, NEW_ROWS = 10, 20
STEPS = ("mkdir", "open", "fsync", "rename")


class InterruptionError(OSError):
    """Stands for a full disk or a lost device."""


class Interrupter:
    """Lets a number of steps on the disk pass, then breaks every later one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.num_left = -1
        self.steps: list[str] = []
        monkeypatch.setattr(os, "fsync", self._counted("fsync", os.fsync))
        monkeypatch.setattr(Path, "replace", self._counted("rename", Path.replace))
        monkeypatch.setattr(Path, "mkdir", self._counted("mkdir", Path.mkdir))
        monkeypatch.setattr(Path, "open", self._counted("open", Path.open))

    def _counted(self, name: str, step: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **options: object) -> object:
            if self.num_left == 0:
                raise InterruptionError(f"no more {name}")
            self.num_left -= 1
            self.steps.append(name)
            return step(*args, **options)

        return counted


def rows_live(root: Path) -> int:
    generation = GenerationStore(root).live()
    assert generation is not None
    answered = generation.index.search(QUERIES, 1000).ids
    assert int((answered[0] >= 0).sum()) == len(generation.index)
    return len(generation.index)


def folders(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir()}


def count_steps(tmp_path: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        store = GenerationStore(tmp_path / "counted")
        publish(store, OLD_ROWS)
        interrupter = Interrupter(monkeypatch)
        publish(store, NEW_ROWS, extra_files={"floor.json": b"{}"})
    return interrupter.steps


def test_a_publish_broken_at_any_step_leaves_one_whole_generation_live(tmp_path: Path) -> None:
    steps = count_steps(tmp_path)
    assert set(steps) == set(STEPS)
    assert len(steps) > 15
    last_rename = len(steps) - steps[::-1].index("rename") - 1
    for num_passed in range(len(steps)):
        root = tmp_path / f"after-{num_passed}"
        store = GenerationStore(root)
        publish(store, OLD_ROWS)
        with pytest.MonkeyPatch.context() as monkeypatch:
            Interrupter(monkeypatch).num_left = num_passed
            with pytest.raises(InterruptionError):
                publish(store, NEW_ROWS, extra_files={"floor.json": b"{}"})
        assert rows_live(root) == (OLD_ROWS if num_passed <= last_rename else NEW_ROWS)
        publish(store, NEW_ROWS + 1)
        assert rows_live(root) == NEW_ROWS + 1
        assert folders(root) == set(store.names())


CHILD = """
import os, sys
from pathlib import Path
from index.generation import GenerationStore
from tests.unit.generation_rows import publish

num_left = int(sys.argv[2])

def dying(step):
    def die_or_do(*args, **options):
        global num_left
        if num_left == 0:
            os._exit(9)
        num_left -= 1
        return step(*args, **options)
    return die_or_do

os.fsync = dying(os.fsync)
Path.replace = dying(Path.replace)
publish(GenerationStore(Path(sys.argv[1])), 20, extra_files={"floor.json": b"{}"})
"""


def publish_in_child(root: Path, num_left: int) -> int:
    command = [sys.executable, "-c", CHILD, str(root), str(num_left)]
    return subprocess.run(command, cwd=REPOSITORY, check=False, timeout=60).returncode


def test_a_writer_killed_between_any_two_steps_leaves_one_whole_generation_live(
    tmp_path: Path,
) -> None:
    returncode, num_passed, outcomes = 9, 0, []
    while returncode == 9:
        root = tmp_path / f"after-{num_passed}"
        publish(GenerationStore(root), OLD_ROWS)
        returncode = publish_in_child(root, num_passed)
        outcomes.append(rows_live(root))
        assert len(folders(root)) == 2  # what the dead writer left is still there
        publish(GenerationStore(root), NEW_ROWS + 1)
        assert rows_live(root) == NEW_ROWS + 1
        assert folders(root) == set(GenerationStore(root).names())
        num_passed += 1
    assert returncode == 0
    assert outcomes == [OLD_ROWS] * (num_passed - 2) + [NEW_ROWS, NEW_ROWS]
    assert num_passed > 9


def test_retiring_broken_half_way_is_finished_by_the_next_publish(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    for num_rows in (1, 2, 3, 4):
        publish(store, num_rows)
    with pytest.MonkeyPatch.context() as monkeypatch:

        def fail(_: Path) -> None:
            raise InterruptionError("no more removing")

        monkeypatch.setattr(shutil, "rmtree", fail)
        with pytest.raises(InterruptionError):
            store.retire()
    assert rows_live(tmp_path) == 4
    assert len(folders(tmp_path)) == 4
    publish(store, 5)
    assert folders(tmp_path) == set(store.names())
    assert len(store.names()) == 3


READER = """
import sys
from pathlib import Path
from index.generation import GenerationStore

store = GenerationStore(Path(sys.argv[1]))
print("ready", flush=True)
newest, num_opened = 0, 0
while newest < int(sys.argv[2]):
    generation = store.live()
    assert generation is not None
    assert generation.manifest.num_rows == len(generation.index) == generation.manifest.newest_row
    assert generation.manifest.num_rows >= newest
    newest = generation.manifest.num_rows
    num_opened += 1
print(num_opened)
"""


def test_readers_in_other_processes_always_open_a_whole_generation(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    publish(store, 1)
    command = [sys.executable, "-c", READER, str(tmp_path), "40"]
    readers = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for num_rows in range(2, 41):
        publish(store, num_rows)
        store.retire()
    for reader in readers:
        num_opened = int(reader.communicate(timeout=60)[0])
        assert reader.returncode == 0
        assert num_opened > 0


def test_a_reader_whose_generation_is_retired_while_it_opens_takes_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GenerationStore(tmp_path)
    publish(store, 10)
    real, moved = GenerationStore.live_name, threading.Event()

    def name_then_move(self: GenerationStore) -> str | None:
        name = real(self)
        if not moved.is_set():
            moved.set()
            publish(store, 20)
            publish(store, 30)
            store.retire()
        return name

    monkeypatch.setattr(GenerationStore, "live_name", name_then_move)
    assert rows_live(tmp_path) == 30
