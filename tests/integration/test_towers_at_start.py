"""A server with a broken tower does not start, says why, and leaves the home to others."""

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import encoders.health
from encoders.embed import load_embedder
from encoders.errors import BrokenTower
from encoders.health import Check
from services.bootstrap import Models, build_application, build_private_application, load_models
from services.cli.app import app
from services.cli.failures import BROKEN
from services.config import Config
from services.home import find_owner, open_home
from services.server import start_private_server
from services.status import describe_error
from services.towers import check_at_start, state_of
from tests.fixtures.applications import fake_config, fake_models

SICK = Check(
    name="sound: spread", ok=False, figure=0.9993, allowed=(-1.0, 0.8), remedy="train anew"
)
WELL = Check(name="sound: spread", ok=True, figure=0.1, allowed=(-1.0, 0.8))


class Watched:
    """Takes the place of `check_towers`, counts its calls and answers with one check."""

    def __init__(self, answer: Check) -> None:
        self.answer = answer
        self.num_calls = 0

    def __call__(self, towers: object, *, quick: bool = False) -> tuple[Check, ...]:
        assert quick
        self.num_calls += 1
        return (self.answer,)


def watch(monkeypatch: pytest.MonkeyPatch, cache: Path, answer: Check) -> Watched:
    watched = Watched(answer)
    monkeypatch.setattr(encoders.health, "check_towers", watched)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return watched


def checked_models(config: Config) -> Models:
    """Fakes that are checked as the real towers are."""
    check = load_models(config).check
    return dataclasses.replace(fake_models(config), check=check)


def test_a_broken_tower_stops_the_server_and_frees_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(monkeypatch, tmp_path, SICK)
    config = fake_config(tmp_path / "home")
    with (
        pytest.raises(BrokenTower, match=r"sound: spread: 0\.9993.*train anew"),
        start_private_server(config, build=lambda c: build_application(c, load=checked_models)),
    ):
        pass
    assert find_owner(open_home(config.home)) is None


@pytest.mark.parametrize("words", [["serve"], ["list"]])
def test_every_command_that_serves_ends_with_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    watch(monkeypatch, tmp_path, SICK)
    monkeypatch.delenv("TEMPTRACK_SERVER", raising=False)
    monkeypatch.setattr("services.bootstrap.load_models", checked_models)
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), *words, "--json"])
    assert result.exit_code == BROKEN == 3
    failure = json.loads(result.stdout)["error"]
    assert failure["reason"] == "BROKEN_TOWER"
    assert "train anew" in failure["message"]


def test_a_server_that_stays_checks_at_every_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch, tmp_path, WELL)
    for _ in range(2):
        build_application(fake_config(tmp_path / "home"), load=checked_models).close()
    assert watched.num_calls == 2


def test_the_server_of_one_command_checks_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch, tmp_path, WELL)
    monkeypatch.setattr("services.bootstrap.load_models", checked_models)
    for _ in range(3):
        build_private_application(fake_config(tmp_path / "home")).close()
    assert watched.num_calls == 1


def test_a_broken_tower_is_never_remembered_as_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch, tmp_path, SICK)
    for _ in range(2):
        with pytest.raises(BrokenTower):
            check_at_start(load_embedder(), always=False)
    assert watched.num_calls == 2


def test_other_weights_or_references_are_checked_anew(tmp_path: Path) -> None:
    towers = load_embedder()
    other = load_embedder()
    other.space = dataclasses.replace(towers.space, hash="f" * 16)
    moved = load_embedder()
    moved.weights = tmp_path
    assert state_of(towers) == state_of(load_embedder())
    states = {state_of(towers), state_of(other), state_of(moved)}
    (tmp_path / "heads" / "clip").mkdir(parents=True)
    (tmp_path / "heads" / "clip" / "card.json").write_text("{}")
    states.add(state_of(moved))
    assert len(states) == 4


def test_a_cache_that_cannot_be_written_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch, tmp_path, WELL)
    (tmp_path / "file").write_text("no folder")
    for _ in range(2):
        check_at_start(load_embedder(), always=False, folder=tmp_path / "file" / "healthy")
    assert watched.num_calls == 2


def test_a_broken_tower_has_its_status() -> None:
    failure = describe_error(BrokenTower("sound: spread"), doing="a test")
    assert (failure.reason, failure.code.name) == ("BROKEN_TOWER", "FAILED_PRECONDITION")
