"""Trains the composer: `train(config, data_dir, out_dir, progress)`, or `python -m` this module.

Checkpoints hold weights, optimiser and step; a run that was stopped goes on where it was.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from symbolic.checkpoint import save_model
from symbolic.model import ComposerModel
from symbolic.quality import measure_sketch
from symbolic.sketch import Sketch
from symbolic.tokens import PAD
from symbolic.training.presets import PRESETS, TrainingConfig
from symbolic.training.scores import iterate_voices
from symbolic.training.sketches import make_sketches
from symbolic.training.windows import Batch, WindowSampler, cut_sketch

logger = logging.getLogger(__name__)

STATE_NAME = "training.safetensors"
STATISTICS_BARS = 16
NUM_VALIDATION_BATCHES = 12


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a caller hears after every ten steps and every checkpoint."""

    step: int
    num_steps: int
    loss: float  # nats per token, mean since the last report
    validation_loss: float | None


Piece = tuple[Sketch, str]


@dataclass
class _Run:
    """The moving parts of one training run."""

    config: TrainingConfig
    network: ComposerModel
    optimiser: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0


def train(
    config: TrainingConfig,
    data_dir: Path,
    out_dir: Path,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Train, and leave weights with their manifest in `out_dir`; resumes from its checkpoint.

    Raises:
        FileNotFoundError: `data_dir` has no `symbolic.jsonl`.
        ValueError: No usable score was found.
    """
    torch.set_num_threads(config.num_threads)
    pieces, sources = read_pieces(data_dir, "train")
    validation, _ = read_pieces(data_dir, "val")
    if not pieces:
        raise ValueError(f"no usable score for training in {data_dir}")
    run = _start(config, out_dir)
    held_out = _validation_batches(validation or pieces, config)
    _train_steps(run, WindowSampler(pieces, config.size.window), held_out, out_dir, progress)
    facts = {
        "config": asdict(config),
        "minutes": round(run.seconds / 60, 1),
        "validation_nats_per_token": round(_validate(run.network, held_out), 4),
        "sources": sources,
        "statistics": measure_statistics(pieces),
    }
    save_model(out_dir, run.network, facts)
    return out_dir


def read_pieces(data_dir: Path, split: str) -> tuple[list[Piece], dict[str, dict[str, Any]]]:
    """All sketches of a split with their styles, and per collection licences and counts."""
    pieces: list[Piece] = []
    sources: dict[str, dict[str, Any]] = {}
    for row, voices in iterate_voices(data_dir, split):
        sketches = make_sketches(voices)
        pieces += [(sketch, voices.style) for sketch in sketches]
        source = sources.setdefault(row["collection"], {"licences": [], "scores": 0, "bars": 0})
        source["licences"] = sorted({*source["licences"], row["licence"]})
        source["scores"] += 1
        source["bars"] += sum(sketch.num_bars for sketch in sketches)
    return pieces, sources


def measure_statistics(pieces: Sequence[Piece]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of the quality features over stretches of 16 bars."""
    cuts = [
        cut_sketch(sketch, first, first + STATISTICS_BARS)
        for sketch, _ in pieces
        for first in range(0, sketch.num_bars - STATISTICS_BARS + 1, STATISTICS_BARS)
    ]
    rows = [measure_sketch(cut) for cut in cuts or [s for s, _ in pieces] if cut.melody]
    return {
        name: (
            round(float(np.mean([row[name] for row in rows])), 4),
            round(float(np.std([row[name] for row in rows])) + 1e-3, 4),
        )
        for name in rows[0]
    }


def token_loss(network: ComposerModel, batch: Batch) -> Tensor:
    """Cross-entropy in nats per token, padding left out."""
    logits = network(torch.from_numpy(batch.features), torch.from_numpy(batch.controls))
    targets = torch.from_numpy(batch.targets).flatten()
    return functional.cross_entropy(logits.flatten(0, 1), targets, ignore_index=PAD)


def _start(config: TrainingConfig, out_dir: Path) -> _Run:
    torch.manual_seed(config.seed)
    network = ComposerModel(config.size)
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        betas=(0.9, 0.98),
    )
    run = _Run(config=config, network=network, optimiser=optimiser)
    if (out_dir / STATE_NAME).exists():
        _restore(run, out_dir)
        logger.info("going on from step %d", run.step)
    return run


def _train_steps(
    run: _Run,
    sampler: WindowSampler,
    held_out: Sequence[Batch],
    out_dir: Path,
    progress: Callable[[Progress], None],
) -> None:
    config, losses = run.config, []
    while run.step < config.num_steps:
        started = time.monotonic()
        losses.append(_step(run, sampler))
        run.step += 1
        run.seconds += time.monotonic() - started
        at_checkpoint = run.step % config.checkpoint_every == 0 or run.step == config.num_steps
        if at_checkpoint or run.step % 10 == 0:
            validation = _validate(run.network, held_out) if at_checkpoint else None
            progress(
                Progress(
                    step=run.step,
                    num_steps=config.num_steps,
                    loss=float(np.mean(losses)),
                    validation_loss=validation,
                )
            )
            losses = []
        if at_checkpoint:
            _store(run, out_dir)


def _step(run: _Run, sampler: WindowSampler) -> float:
    config = run.config
    # Seeded by the step, so a resumed run draws what an unbroken one would have drawn.
    torch.manual_seed(config.seed * 1_000_003 + run.step)
    batch = sampler.draw(np.random.default_rng((config.seed, run.step)), config.rows_per_batch)
    for group in run.optimiser.param_groups:
        group["lr"] = config.learning_rate * _schedule(run.step, config)
    run.network.train()
    loss = token_loss(run.network, batch)
    run.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimiser.step()
    return float(loss.detach())


def _schedule(step: int, config: TrainingConfig) -> float:
    """Linear warm-up, then a cosine down to a twentieth."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(config.num_steps - config.warmup_steps, 1)
    return float(0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * done)))


def _validation_batches(pieces: Sequence[Piece], config: TrainingConfig) -> list[Batch]:
    sampler = WindowSampler(pieces, config.size.window)
    generator = np.random.default_rng(12_345)
    return [sampler.draw(generator, config.rows_per_batch) for _ in range(NUM_VALIDATION_BATCHES)]


@torch.no_grad()
def _validate(network: ComposerModel, batches: Sequence[Batch]) -> float:
    network.eval()
    return float(np.mean([float(token_loss(network, batch)) for batch in batches]))


def _store(run: _Run, out_dir: Path) -> None:
    from safetensors.torch import save_file

    out_dir.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{name}": value for name, value in run.network.state_dict().items()}
    for index, state in run.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
    facts = {"step": str(run.step), "seconds": str(run.seconds), "config": _describe(run.config)}
    temporary = out_dir / (STATE_NAME + ".partial")
    save_file({name: value.contiguous() for name, value in tensors.items()}, temporary, facts)
    temporary.replace(out_dir / STATE_NAME)


def _restore(run: _Run, out_dir: Path) -> None:
    from safetensors import safe_open

    with safe_open(out_dir / STATE_NAME, framework="pt") as file:
        facts: Mapping[str, str] = file.metadata()
        if facts["config"] != _describe(run.config):
            raise ValueError(f"{out_dir / STATE_NAME} is of another config: {facts['config']}")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    network = {n.removeprefix("network."): t for n, t in tensors.items() if n[0] == "n"}
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, index, *rest = name.split(".")
        if kind == "optimiser":
            state.setdefault(int(index), {})[rest[0]] = tensor
    run.network.load_state_dict(network)
    groups = run.optimiser.state_dict()["param_groups"]
    run.optimiser.load_state_dict({"state": state, "param_groups": groups})
    run.step, run.seconds = int(facts["step"]), float(facts["seconds"])


def _describe(config: TrainingConfig) -> str:
    return json.dumps(asdict(config), sort_keys=True)


def _log_progress(progress: Progress) -> None:
    logger.info(
        "step %d of %d, loss %.3f, validation %s",
        progress.step,
        progress.num_steps,
        progress.loss,
        progress.validation_loss,
    )


def main() -> None:
    """Train a preset from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset", choices=sorted(PRESETS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(PRESETS[options.preset](), options.data, options.out, _log_progress)


if __name__ == "__main__":
    main()
