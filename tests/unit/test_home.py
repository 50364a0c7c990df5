import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.database import open_database, upgrade_database
from services.errors import HomeInUse, HomeTooNew
from services.home import HOME_FORMAT, Owner, find_owner, lock_home, open_home
from tests.conftest import REPOSITORY

OWNER = """
import sys
from pathlib import Path
from services.home import lock_home, open_home
lock = lock_home(open_home(Path(sys.argv[1])))
lock.announce("127.0.0.1:7000")
print("ready", flush=True)
sys.stdin.read()
"""


def start_owner(folder: Path) -> "subprocess.Popen[str]":
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    return owner


def end_owner(owner: "subprocess.Popen[str]", *, kill: bool = False) -> None:
    if kill:
        owner.send_signal(signal.SIGKILL)
    owner.communicate()


def test_a_fresh_home_has_its_folders_and_format(tmp_path: Path) -> None:
    home = open_home(tmp_path / "deep" / "home")
    assert home.generations.is_dir()
    assert home.media.is_dir()
    assert home.uploads.is_dir()
    assert json.loads(home.format_file.read_text())["format"] == HOME_FORMAT
    assert home.database_url == f"sqlite:///{tmp_path / 'deep' / 'home' / 'catalogue.sqlite3'}"


def test_any_folder_name_can_hold_the_database(tmp_path: Path) -> None:
    home = open_home(tmp_path / "a?b=c %20 #d Å")
    engine = open_database(home.database_url)
    upgrade_database(engine)
    engine.dispose()
    assert (home.folder / "catalogue.sqlite3").is_file()


def test_only_its_user_may_look_into_a_fresh_home(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    assert home.folder.stat().st_mode & 0o077 == 0


def test_a_home_opens_again_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    first = open_home(tmp_path)
    (first.media / "a.wav").write_bytes(b"x")
    second = open_home(tmp_path)
    assert (second.media / "a.wav").read_bytes() == b"x"


def test_a_home_of_a_later_version_is_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    home.format_file.write_text(json.dumps({"format": HOME_FORMAT + 1}))
    with pytest.raises(HomeTooNew) as caught:
        open_home(tmp_path)
    assert caught.value.details == {"format": str(HOME_FORMAT + 1), "supported": str(HOME_FORMAT)}


def test_a_second_owner_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    try:
        home = open_home(tmp_path)
        with pytest.raises(
            HomeInUse, match=rf"process {owner.pid} at 127\.0\.0\.1:7000"
        ) as caught:
            lock_home(home)
        assert caught.value.details == {"pid": str(owner.pid), "address": "127.0.0.1:7000"}
        assert find_owner(home) == Owner(pid=owner.pid, address="127.0.0.1:7000")
    finally:
        end_owner(owner)


def test_a_killed_owner_leaves_the_home_free(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    end_owner(owner, kill=True)
    home = open_home(tmp_path)
    assert home.server_file.exists()
    assert find_owner(home) is None
    with lock_home(home):
        assert find_owner(home) == Owner(pid=os.getpid())


def test_one_process_cannot_own_a_home_twice(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with lock_home(home), pytest.raises(HomeInUse):
        lock_home(home)


def test_a_released_home_is_free_and_says_nothing_of_its_owner(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    lock = lock_home(home)
    lock.announce("unix:/tmp/x")
    lock.release()
    lock.release()
    assert find_owner(home) is None
    assert not home.server_file.exists()
    lock_home(home).release()


def test_looking_for_an_owner_does_not_take_the_home(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    assert find_owner(home) is None
    lock_home(home).release()
    assert find_owner(home) is None
    lock_home(home).release()
