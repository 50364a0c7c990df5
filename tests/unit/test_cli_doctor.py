"""Doctor says what is wrong with this machine's installation, and what to do."""

import socket
from pathlib import Path

import pytest

from services.cli import checks
from services.cli.checks import Check, run_checks, worst
from services.config import Config, ServerConfig
from services.home import lock_home, open_home


def test_a_check_that_breaks_has_failed_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> Check:
        raise RuntimeError("no such wheel")

    for name in ("packages", "faiss", "gpu", "decoder", "font", "encoder_weights"):
        monkeypatch.setattr(checks, f"check_{name}", break_down)
    monkeypatch.setattr(checks, "check_composer_weights", break_down)
    monkeypatch.setattr(checks, "check_towers", break_down)
    found = {check.name: check for check in run_checks(Config(home=tmp_path / "home"))}
    assert found["packages"].state == "fail"
    assert "no such wheel" in found["packages"].found
    assert found["packages"].advice
    assert found["home"].state == "ok"
    assert worst(list(found.values())) == "fail"


def test_two_faiss_break_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_version", lambda name: "1.15.1")
    found = checks.check_faiss()
    assert found.state == "fail"
    assert "exactly one" in found.advice


def test_the_owner_of_a_home_is_shown(tmp_path: Path) -> None:
    with lock_home(open_home(tmp_path / "home")) as lock:
        lock.announce("127.0.0.1:7")
        found = checks.check_home(Config(home=tmp_path / "home"))
    assert "in use by process" in found.found
    assert "127.0.0.1:7" in found.found


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    (home.folder / "catalogue.sqlite3").write_bytes(b"this is no database" * 100)
    found = checks.check_database(Config(home=home.folder))
    assert found.state == "fail"
    assert found.advice


def test_an_address_that_is_taken_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = Config(home=tmp_path, server=ServerConfig(address=address))
        found = checks.check_address(config)
    assert found.state == "warn"
    assert "--address" in found.advice


def test_a_changed_weight_file_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    folder = tmp_path / "musicnn"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"changed")
    (folder / "card.json").write_text(json.dumps({"files": {"model.safetensors": "0" * 64}}))
    monkeypatch.setattr("encoders.trunks.checkpoint.WEIGHTS", tmp_path)
    monkeypatch.setattr(checks, "check_faiss", lambda: Check(name="x", state="ok", found=""))
    monkeypatch.setattr(checks, "check_gpu", lambda: Check(name="x", state="ok", found=""))
    monkeypatch.setattr(checks, "check_decoder", lambda: Check(name="x", state="ok", found=""))
    monkeypatch.setattr(checks, "check_towers", lambda config: ())
    found = {check.name: check for check in run_checks(Config(home=tmp_path / "home"))}
    assert found["encoder weights"].state == "fail"
    assert "SHA-256" in found["encoder weights"].found


def test_a_tower_is_shown_by_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    import encoders.health

    sick = encoders.health.Check(
        name="text: spread", ok=False, figure=0.9993, allowed=(-1.0, 0.8), remedy="train anew"
    )
    silent = encoders.health.Check(
        name="clip: answers", ok=False, figure=float("nan"), allowed=(0.0, 1e-5), found="no file"
    )
    monkeypatch.setattr(encoders.health, "check_towers", lambda towers: (sick, silent))
    spread, answers = checks.check_towers(Config())
    assert (spread.state, spread.figure, spread.allowed) == ("fail", 0.9993, (-1.0, 0.8))
    assert (spread.name, spread.advice) == ("tower text: spread", "train anew")
    assert "0.9993, allowed is -1 to 0.8" in spread.found
    assert (answers.figure, answers.found) == (None, "no file")  # JSON knows no NaN
