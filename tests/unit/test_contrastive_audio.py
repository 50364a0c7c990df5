"""A self-supervised run: views of one recording, a loss that falls, a run that resumes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from encoders.training import contrastive_audio as audio
from encoders.training.contrastive_audio import (
    LastLayers,
    gather_views,
    nt_xent,
    run_front,
    train_views,
)
from encoders.training.presets import ViewsConfig, clmr, finetune
from encoders.training.views import CHAIN, draw_view
from encoders.trunks.checkpoint import WEIGHTS, read_tensors, verify_folder
from encoders.trunks.features import MIN_SAMPLES
from encoders.trunks.musicnn import load_musicnn

NUM_FILES = 6
LENGTH = MIN_SAMPLES + 8_000


def quick(config: ViewsConfig) -> ViewsConfig:
    return replace(
        config, num_views=2, num_epochs=6, batch_size=3, num_directions=8, num_projected=8,
        min_recordings=4, learning_rate=3e-3 if not config.finetune else 1e-3,
    )  # fmt: skip


def write_recordings(folder: Path) -> list[Path]:
    """Six sounds that differ: chords of other pitch and roughness over noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    times_s = np.arange(LENGTH) / 16_000
    files = []
    for i in range(NUM_FILES):
        tones = sum(np.sin(2 * np.pi * f * 110 * 1.3**i * times_s) / f for f in range(1, 2 + i))
        samples = 0.2 * tones + 0.02 * (i % 3) * rng.standard_normal(LENGTH)
        files.append(folder / f"{i}.wav")
        soundfile.write(files[-1], samples, 16_000)
    return files


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_recordings(tmp_path_factory.mktemp("music") / "files")


@pytest.fixture(scope="module", params=[clmr, finetune], ids=["clmr", "finetune"])
def run(
    request: pytest.FixtureRequest,
    recordings: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ViewsConfig, Path, list[float]]:
    """A whole run: its preset, its folder and its losses."""
    config, out = quick(request.param()), tmp_path_factory.mktemp("run")
    losses: list[float] = []

    def show(stage: str, done: int, total: int, loss: float | None) -> None:
        if loss is not None:
            losses.append(loss)

    train_views(config, recordings, out, show)
    return config, out, losses


def test_the_loss_falls(run: tuple[ViewsConfig, Path, list[float]]) -> None:
    config, _, losses = run
    assert len(losses) == config.num_epochs
    assert np.mean(losses[-2:]) < np.mean(losses[:2]) - 0.02


def test_a_killed_run_goes_on_to_the_same_bytes(
    run: tuple[ViewsConfig, Path, list[float]],
    recordings: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, whole, losses = run
    (tmp_path / "views").symlink_to(whole / "views")

    class Killed(Exception):
        pass

    def stop(stage: str, done: int, total: int, loss: float | None) -> None:
        if stage == "training" and done == 2:
            raise Killed

    with pytest.raises(Killed):
        train_views(config, recordings, tmp_path, stop)
    assert not (tmp_path / "likeness").exists()
    seen: list[float | None] = []
    train_views(config, recordings, tmp_path, lambda s, d, t, loss: seen.append(loss))
    assert [loss for loss in seen if loss is not None] == losses[2:]
    for name in ("likeness", *(["musicnn"] if config.finetune else [])):
        file = f"{name}/model.safetensors"
        assert (tmp_path / file).read_bytes() == (whole / file).read_bytes()


def test_the_result_is_a_folder_of_weights(
    run: tuple[ViewsConfig, Path, list[float]],
) -> None:
    config, out, _ = run
    verify_folder(out / "likeness")
    learned = read_tensors(out / "likeness" / "model.safetensors")
    assert learned["matrix"].shape == (1_506, config.num_directions)
    assert (out / "musicnn").exists() == config.finetune
    if config.finetune:
        patch = np.zeros((1, 187, 96), dtype=np.float32)
        moved, shipped = load_musicnn(out / "musicnn").run(patch), load_musicnn().run(patch)
        assert np.array_equal(moved.pools[:, :1_122], shipped.pools[:, :1_122])  # the front stays
        assert not np.array_equal(moved.pools[:, 1_122:], shipped.pools[:, 1_122:])


def test_the_last_layers_are_those_of_the_trunk() -> None:
    patches = np.random.default_rng(0).random((2, 187, 96)).astype(np.float32)
    trunk = load_musicnn()
    last = LastLayers(read_tensors(WEIGHTS / "musicnn" / "model.safetensors"))
    with torch.inference_mode():
        pools = last(torch.from_numpy(run_front(trunk, patches))).numpy()
    np.testing.assert_allclose(pools, trunk.run(patches).pools, rtol=1e-5, atol=2e-5)


def test_an_unreadable_file_is_left_out_and_few_files_are_refused(
    recordings: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    config = replace(quick(clmr()), min_recordings=3)
    with pytest.raises(ValueError, match="2 readable recordings; 3"):
        train_views(config, [recordings[0], broken, recordings[1]], tmp_path / "out")
    assert not (tmp_path / "out" / "likeness").exists()


def test_views_are_kept_and_not_made_again(
    run: tuple[ViewsConfig, Path, list[float]],
    recordings: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, out, _ = run
    monkeypatch.setattr(audio, "draw_view", None)  # a call would fail
    found = gather_views(config, recordings, out / "views", lambda *_: None)
    assert len(found) == NUM_FILES


def test_a_view_is_a_changed_part_of_the_sound() -> None:
    sound = np.random.default_rng(0).standard_normal(50_000).astype(np.float32) * 0.1
    one, same, other = (
        draw_view(sound, np.random.default_rng(seed), length=20_000) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.shape == (20_000,)
    assert one.dtype == np.float32
    assert draw_view(sound[:5_000], np.random.default_rng(0), length=20_000).shape == (20_000,)


@pytest.mark.parametrize("change", [c for _, c in CHAIN], ids=[c.__name__ for _, c in CHAIN])
def test_every_link_of_the_chain_keeps_length_and_changes_something(change: object) -> None:
    assert callable(change)
    times_s = np.arange(24_000) / 16_000
    sound = 0.2 * np.sin(2 * np.pi * 330 * times_s) + 0.1 * np.sin(2 * np.pi * 3_000 * times_s)
    changed = change(sound.astype(np.float32), np.random.default_rng(3))
    assert changed.shape == sound.shape
    assert np.isfinite(changed).all()
    assert np.abs(changed - sound).max() > 1e-3


def test_the_loss_is_that_of_chance_for_equal_rows_and_none_for_twins_apart() -> None:
    same = torch.ones(4, 8)
    assert float(nt_xent(same, same, temperature=0.5)) == pytest.approx(np.log(7), abs=1e-5)
    apart = torch.eye(8)[:4]
    assert float(nt_xent(apart, apart, temperature=0.05)) < 1e-6
