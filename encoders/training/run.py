"""One training run from data folder to heads.

Cached features, contrastive training, checkpoints, resume.

    result = train(small(), data_dir, out_dir, progress=show)

A run that is killed goes on from its last whole epoch and ends with the same heads: what is random
in an epoch depends on the seed and the epoch's number alone. `out_dir` gets `checkpoints/<seed>/`
while it runs and `audio/` and `text/` when it is done, each with its card written last.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encoders.towers.instruments import InstrumentHeads, load_instruments
from encoders.training.batches import Batch, Material, draw_batches, gather_material
from encoders.training.cache import default_cache_folder
from encoders.training.checkpoints import load_checkpoint, save_checkpoint
from encoders.training.heads import Heads, direction_matrix, finished_audio, finished_text
from encoders.training.instruments import train_instruments
from encoders.training.losses import masked_info_nce, soft_targets_loss
from encoders.training.presets import TrainingConfig
from encoders.training.save import save_heads


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """Holds what is said after an epoch, or while features are gathered (`epoch` 0)."""

    stage: str  # "features", "sentences" or "training"
    done: int
    total: int
    loss: float | None
    remaining_s: float | None


Report = Callable[[EpochReport], None]


def train(
    config: TrainingConfig,
    data_dir: Path,
    out_dir: Path,
    progress: Report | None = None,
    *,
    fonts: Sequence[Path] = (),
    cache_dir: Path | None = None,
) -> Path:
    """Train the heads and write them below `out_dir`, which is returned.

    Args:
        config: a preset.
        data_dir: the training data.
        out_dir: where heads and checkpoints go.
        progress: hears how far it is.
        fonts: SF2 files that scores are rendered with to learn instruments from; without any the
            shipped instrument heads are taken.
        cache_dir: where features are kept; by default the user's cache folder.

    Raises:
        FileNotFoundError: the data folder lacks a manifest.
    """
    say = progress or (lambda report: None)
    instruments = _hear_instruments(data_dir, out_dir, fonts, cache_dir, _stage(say, "renders"))
    material = gather_material(
        config, data_dir, cache_dir or default_cache_folder(), instruments, _stage(say)
    )
    keys, directions = direction_matrix(config.shares)
    trained = [
        _train_seed(config, material, directions, out_dir, seed=seed, say=say)
        for seed in config.seeds
    ]
    audio = finished_audio(trained, material.audio)
    text = finished_text(
        trained, keys, familiar=material.familiar, names=material.names,
        neighbours=material.neighbours,
    )  # fmt: skip
    save_heads(out_dir, audio, text, material.sources(asdict(config)))
    return out_dir


def _hear_instruments(
    data_dir: Path,
    out_dir: Path,
    fonts: Sequence[Path],
    cache_dir: Path | None,
    progress: Callable[[int, int, str], None],
) -> InstrumentHeads:
    if not fonts:
        return load_instruments()
    return train_instruments(data_dir, fonts, out_dir, cache_dir=cache_dir, progress=progress)


def _train_seed(
    config: TrainingConfig,
    material: Material,
    directions: np.ndarray,
    out_dir: Path,
    *,
    seed: int,
    say: Report,
) -> Heads:
    torch.manual_seed(seed)
    heads = Heads(config, material.audio, directions)
    optimizer = torch.optim.AdamW(_groups(heads, config), weight_decay=config.weight_decay)
    folder = out_dir / "checkpoints" / f"{config.name}-{seed}"
    first = load_checkpoint(folder, heads, optimizer, material.fingerprint)
    started, position = time.monotonic(), config.seeds.index(seed) * config.num_epochs
    for epoch in range(first, config.num_epochs):
        loss = _train_epoch(heads, optimizer, material, seed=seed, epoch=epoch)
        save_checkpoint(folder, heads, optimizer, epoch + 1, material.fingerprint)
        done, total = position + epoch + 1, len(config.seeds) * config.num_epochs
        pace = (time.monotonic() - started) / (epoch + 1 - first)
        say(EpochReport(stage="training", done=done, total=total, loss=loss,
                        remaining_s=pace * (total - done)))  # fmt: skip
    return heads.eval()


def _train_epoch(
    heads: Heads, optimizer: torch.optim.Optimizer, material: Material, *, seed: int, epoch: int
) -> float:
    torch.manual_seed(1_000_003 * seed + epoch)  # dropout
    heads.train()
    rng = np.random.default_rng([seed, epoch])
    losses = []
    for batch in draw_batches(material, heads.config, rng):
        loss = batch_loss(heads, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def batch_loss(heads: Heads, batch: Batch) -> Tensor:
    """The teacher's graded targets on texts without sounds, and true pairs beside them."""
    config, scale = heads.config, heads.scale()
    sounds = heads.sounds(batch.sounds)
    texts = heads.texts(batch.sentences, batch.weights)
    graded = soft_targets_loss(
        scale * texts @ sounds.T, batch.teacher, temperature=config.target_temperature
    )
    if not len(batch.pair_sounds):
        return graded
    pair_texts = heads.texts(batch.pair_sentences, batch.pair_weights)
    logits = scale * pair_texts @ heads.sounds(batch.pair_sounds).T
    return graded + config.pair_weight * masked_info_nce(logits, batch.pair_masks)


def _groups(heads: Heads, config: TrainingConfig) -> list[dict[str, object]]:
    rest = [p for name, p in heads.named_parameters() if name != "moved"]
    heads.moved.requires_grad_(config.matrix_learning_rate > 0)
    return [
        {"params": rest, "lr": config.learning_rate},
        {"params": [heads.moved], "lr": config.matrix_learning_rate},
    ]


def _stage(say: Report, name: str = "features") -> Callable[[int, int, str], None]:
    def report(done: int, total: int, what: str) -> None:
        stage = what if what == "sentences" else name
        say(EpochReport(stage=stage, done=done, total=total, loss=None, remaining_s=None))

    return report
