"""Trains the large profile's heads in one process or many; reads no settings file.

    python -m encoders.training.distributed --out trained tracks.jsonl
    torchrun --nproc-per-node 8 -m encoders.training.distributed --out trained shards/

Under `torchrun` each process has a GPU where there are as many (NCCL) and a part of the CPU where
not (gloo); the first one writes. Run the same command again to go on from the last whole epoch.
"""

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import torch

from encoders.errors import BrokenTower, EncoderError
from encoders.large.checkpoints import Wanted
from encoders.large.towers import DEFAULT_AUDIO, DEFAULT_PICTURES, open_towers
from encoders.training.cache import default_cache_folder
from encoders.training.contrastive import PRECISIONS, ContrastiveConfig, Process
from encoders.training.large import LargeRun, train_large
from media.child import MediaReader

logger = logging.getLogger("encoders.training.distributed")  # run as a module it is __main__

LONGEST_WAIT = timedelta(days=7)  # for the one whose share of the features takes longest
NUMBERS = ("num_hidden", "dropout", "num_epochs", "batch_size", "learning_rate", "seed")


@contextmanager
def join_processes() -> Iterator[Process]:
    """This process among those that `torchrun` started, or alone; joins them once."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    rank, local = (int(os.environ.get(name, "0")) for name in ("RANK", "LOCAL_RANK"))
    here = int(os.environ.get("LOCAL_WORLD_SIZE", str(world_size)))
    has_gpu = torch.cuda.is_available() and torch.cuda.device_count() >= here
    device = f"cuda:{local}" if has_gpu else "cpu"
    process = Process(rank=rank, world_size=world_size, device=device)
    if world_size == 1 or torch.distributed.is_initialized():
        yield process
        return
    if has_gpu:
        torch.cuda.set_device(local)
    torch.distributed.init_process_group("nccl" if has_gpu else "gloo", timeout=LONGEST_WAIT)
    try:
        yield process
    finally:
        torch.distributed.destroy_process_group()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a training; 0 once the heads are written, 2 where something was refused."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("encoders").setLevel(logging.INFO)
    try:
        with join_processes() as process, MediaReader() as reader:
            towers = open_towers(
                audio=_wanted(options.audio, options, options.audio_licence),
                pictures=_wanted(options.pictures, options, options.pictures_licence),
                device=process.device,
            )
            show = _show if process.is_first else _say_nothing
            folder = train_large(_run(options), towers, reader, process=process, show=show)
    except (EncoderError, ValueError, FileNotFoundError) as error:
        logger.error("%s", error)
        return 2
    if process.is_first:
        logger.info("heads written to %s", folder)
        if not options.no_check:
            _check(folder, options)
    return 0


def _check(folder: Path, options: argparse.Namespace) -> None:
    """Records what the towers answer to fixed inputs; says so where they are not fit to serve."""
    from encoders.health import write_references
    from encoders.large.embedder import load_large

    try:
        write_references(load_large(folder, allow_noncommercial=options.allow_noncommercial))
    except BrokenTower as error:
        logger.warning("a server will refuse these towers: %s", error)


def _run(options: argparse.Namespace) -> LargeRun:
    config = replace(
        ContrastiveConfig(), precision=options.precision,
        **{name: getattr(options, name) for name in NUMBERS},
    )  # fmt: skip
    return LargeRun(
        sources=tuple(options.sources),
        out_dir=options.out,
        cache_dir=options.cache or default_cache_folder(),
        config=config,
        licence=options.licence,
        allow_noncommercial=options.allow_noncommercial,
    )


def _wanted(name: str, options: argparse.Namespace, licence: str) -> Wanted:
    return Wanted(name=name, licence=licence, allow_noncommercial=options.allow_noncommercial)


def _show(stage: str, done: int, total: int, loss: float | None) -> None:
    if stage == "training":
        logger.info("epoch %d of %d: loss %.4f", done, total, loss or 0.0)
    elif done % 100 == 0:
        logger.info("%s: %d of %d", stage, done, total)


def _say_nothing(stage: str, done: int, total: int, loss: float | None) -> None:
    pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m encoders.training.distributed")
    parser.add_argument(
        "sources", nargs="+", help="manifest, shard, folder of shards, NAME=FOLDER"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and heads")
    parser.add_argument("--cache", type=Path, help="folder of features that all processes see")
    parser.add_argument("--audio", default=DEFAULT_AUDIO.name, help="CLAP: name or folder")
    parser.add_argument("--pictures", default=DEFAULT_PICTURES.name, help="OpenCLIP: name, folder")
    parser.add_argument("--audio-licence", default="", help="SPDX id, where no card states it")
    parser.add_argument("--pictures-licence", default="", help="SPDX id, where no card states it")
    parser.add_argument("--licence", default="", help="SPDX id of rows that state none")
    parser.add_argument("--allow-noncommercial", action="store_true")
    parser.add_argument("--no-check", action="store_true", help="do not try the towers at the end")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    defaults = {f.name: f.default for f in fields(ContrastiveConfig)}
    for name in NUMBERS:
        kind = type(defaults[name])
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=defaults[name], help=str(kind)
        )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
