"""Help is quick, and says what every command does."""

import subprocess
import sys
import time

import pytest

from encoders.bench.protocols import MODULES
from services.cli import checks
from services.cli.checks import run_checks
from services.cli.training_options import LARGE, TAKEN
from services.config import Config

COMMANDS = (
    *(
        "serve",
        "demo",
        "import",
        "list",
        "show",
        "remove",
        "find",
        "continue",
        "playlist",
        "compose",
    ),
    *("train", "evaluate", "reindex", "operations", "status", "doctor"),
)
HEAVY = ("torch", "faiss", "librosa", "sqlalchemy", "grpc", "numpy", "rich", "transformers")
# Half a second on an idle machine; here other work may be under way.
HELP_S = 0.5
NUM_TRIES = 5

RUN = "import sys; sys.argv = ['temptrack', *sys.argv[1:]]; from services.cli import main; main()"


def run_help(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *words, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_help_is_answered_in_half_a_second() -> None:
    taken_s = []
    for _ in range(NUM_TRIES):
        began_s = time.perf_counter()
        run_help()
        taken_s.append(time.perf_counter() - began_s)
    assert min(taken_s) < HELP_S, taken_s


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['temptrack', '--help']\n"
        "from services.cli.app import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_help_names_every_command_and_exit_code() -> None:
    text = run_help().stdout
    for command in COMMANDS:
        assert f"\n  {command} " in text
    for code in ("0 ", "1 ", "2 ", "4 ", "130 "):
        assert f"\n    {code}" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    text = run_help(command).stdout
    assert text.startswith(f"Usage: temptrack {command}")
    if command not in ("playlist", "operations", "demo"):
        assert "Example" in text
        assert "--json" in text


def listed(text: str, heading: str) -> list[str]:
    """Names of a list in a help text, each alone on its line with a few words beside it."""
    lines = text.partition(f"\n  {heading}:\n")[2].partition("\n\n")[0].splitlines()
    names = [line[4:].partition("  ") for line in lines if line[4] != " "]
    assert all(rest.strip() for _, _, rest in names), names
    return [name for name, _, _ in names]


def test_help_of_evaluate_lists_every_protocol() -> None:
    assert listed(run_help("evaluate").stdout, "Protocols") == [*MODULES, "all"]


def test_help_of_train_lists_every_run() -> None:
    assert sorted(listed(run_help("train").stdout, "Runs")) == sorted([*TAKEN, LARGE])


def test_help_of_doctor_lists_every_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError

    for name in [name for name in vars(checks) if name.startswith("check_")]:
        monkeypatch.setattr(checks, name, break_down)
    made = [check.name for check in run_checks(Config())]
    assert listed(run_help("doctor").stdout, "Looked at") == made
