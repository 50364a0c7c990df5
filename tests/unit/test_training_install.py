"""Trained heads come into use whole or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from encoders.embed import load_embedder
from encoders.errors import BrokenTower
from encoders.health import REFERENCES, Check
from encoders.trunks.checkpoint import WEIGHTS
from services.training import install
from services.training.install import install_heads, stage_weights
from tests.fixtures.weights import write_random_weights


def healthy(*_: object, **__: object) -> tuple[Check, ...]:
    return (Check(name="text: spread", ok=True, figure=0.1, allowed=(-1.0, 0.8)),)


def broken(*_: object, **__: object) -> tuple[Check, ...]:
    return (Check(name="text: spread", ok=False, figure=0.99, allowed=(-1.0, 0.8)),)


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A weights folder in use."""
    weights = tmp_path / "used"
    weights.mkdir()
    write_random_weights(weights, seed=0)
    (weights / "heads" / "README.md").write_text("kept", encoding="utf-8")
    (weights / REFERENCES).write_bytes(b"of seed 0")
    return weights


@pytest.fixture
def staged(tmp_path: Path, used: Path) -> Path:
    """Heads of another seed, staged over the same trunks."""
    trained, other = tmp_path / "trained", tmp_path / "other"
    other.mkdir()
    write_random_weights(other, seed=1)
    shutil.copytree(other / "heads", trained)
    staged = stage_weights(trained, used)
    (staged / REFERENCES).write_bytes(b"of seed 1")
    return staged


def contents(folder: Path) -> dict[str, bytes]:
    files = [*(folder / "heads").rglob("*"), folder / REFERENCES]
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.is_file()}


def install_with(
    monkeypatch: pytest.MonkeyPatch, checks: Callable[..., tuple[Check, ...]], *where: Path
) -> str:
    monkeypatch.setattr(install, "check_towers", checks)
    return install_heads(*where)


def test_staged_heads_open_as_a_space_of_their_own(used: Path, staged: Path) -> None:
    assert load_embedder(weights=staged).space != load_embedder(weights=used).space


def test_installed_heads_are_the_staged_ones_and_nothing_is_left_over(
    monkeypatch: pytest.MonkeyPatch, used: Path, staged: Path
) -> None:
    space = install_with(monkeypatch, healthy, staged, used)
    assert contents(used) == contents(staged)
    assert space == str(load_embedder(weights=staged).space)
    assert (used / "heads" / "README.md").read_text(encoding="utf-8") == "kept"
    assert {p.name for p in used.iterdir()} == {
        "musicnn", "minilm", "efficientnet", "heads", REFERENCES
    }  # fmt: skip


def test_a_broken_tower_brings_the_old_heads_back(
    monkeypatch: pytest.MonkeyPatch, used: Path, staged: Path
) -> None:
    before = contents(used)
    with pytest.raises(BrokenTower):
        install_with(monkeypatch, broken, staged, used)
    assert contents(used) == before
    assert not (used / "heads.before").exists()


def test_a_file_lost_on_the_way_brings_the_old_heads_back(
    monkeypatch: pytest.MonkeyPatch, used: Path, staged: Path
) -> None:
    before = contents(used)
    (staged / REFERENCES).unlink()
    with pytest.raises(FileNotFoundError):
        install_with(monkeypatch, healthy, staged, used)
    assert contents(used) == before


@pytest.mark.parametrize("is_new_in_place", [True, False])
def test_an_installation_that_was_cut_off_does_not_hinder_the_next(
    monkeypatch: pytest.MonkeyPatch, used: Path, staged: Path, is_new_in_place: bool
) -> None:
    (used / "heads").rename(used / "heads.before")
    if is_new_in_place:
        shutil.copytree(staged / "heads", used / "heads")
    install_with(monkeypatch, healthy, staged, used)
    assert contents(used) == contents(staged)
    assert not (used / "heads.before").exists()


def test_a_folder_without_trained_heads_is_refused(tmp_path: Path, used: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no trained heads"):
        stage_weights(tmp_path / "nothing", used)


def test_shipped_heads_staged_again_answer_as_they_are(tmp_path: Path) -> None:
    """The same files give the same space and the same bits."""
    trained = tmp_path / "trained"
    shutil.copytree(WEIGHTS / "heads", trained)
    staged = stage_weights(trained)
    one, other = load_embedder(), load_embedder(weights=staged)
    assert one.space == other.space
    assert (one.embed_texts(["slow sad piano"]) == other.embed_texts(["slow sad piano"])).all()
