"""The story of a profile's training: from a folder of data to heads that may be installed.

Read `train_profile` from top to bottom. Knows no terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from encoders.bench.setting import Setting
from encoders.embed import load_embedder
from encoders.health import Check, check_towers, require_healthy, write_references
from encoders.towers.audio import load_audio_head
from encoders.training.fusion import train_seen
from encoders.training.presets import TrainingConfig
from encoders.training.run import EpochReport, Report, train
from services.training.install import HEADS, install_heads, stage_weights
from services.training.relevance import calibrate_heads


@dataclass(frozen=True, kw_only=True)
class TrainedProfile:
    """Holds what came of a training."""

    weights: Path  # a weights folder: `load_embedder(weights=...)` opens it
    space: str
    checks: tuple[Check, ...]
    installed: bool


def train_profile(
    config: TrainingConfig,
    data_dir: Path,
    out_dir: Path,
    progress: Report,
    *,
    fonts: Sequence[Path] = (),
    install: bool = False,
) -> TrainedProfile:
    """Train heads, check their towers, fit relevance to them and, if asked, install them.

    Args:
        config: a preset.
        data_dir: the training data.
        out_dir: checkpoints, heads, and a weights folder that holds them.
        progress: hears how far it is.
        fonts: SF2 files that scores are rendered with, so that instruments are learned anew;
            without any the instrument heads stay as they are.
        install: whether the heads replace those that the embedder loads.

    Raises:
        FileNotFoundError: the data lack a manifest.
        BrokenTower: the trained towers are not fit to be used; nothing is installed.
    """
    train(config, data_dir, out_dir, progress, fonts=fonts)
    if (data_dir / "scenes.jsonl").exists():
        progress(_stage("clips"))
        train_seen(data_dir, out_dir)
    staged = stage_weights(out_dir)
    embedder = load_embedder(weights=staged)
    progress(_stage("checking"))
    write_references(embedder)
    checks = check_towers(embedder)
    require_healthy(checks)
    progress(_stage("relevance"))
    head = load_audio_head(staged / HEADS / "audio")
    setting = Setting(embedder=embedder, data_dir=data_dir, audio_head=head)
    calibrate_heads(setting, staged / HEADS, space=str(embedder.space))
    if install:
        progress(_stage("installing"))
        install_heads(staged)
    return TrainedProfile(
        weights=staged, space=str(embedder.space), checks=checks, installed=install
    )


def _stage(name: str) -> EpochReport:
    return EpochReport(stage=name, done=0, total=1, loss=None, remaining_s=None)
