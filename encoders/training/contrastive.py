"""One loop for heads on frozen features: paired queries and sounds, one process or many.

    loss = fit(heads, config, batches=batches, process=process, out_dir=out_dir)

`heads` maps a batch to queries and sounds; the loss is masked InfoNCE (`losses.py`) over all
processes' rows with a learnable clamped temperature. Each process holds its slice of a global
batch; rows are gathered with their gradients (open_clip's `gather_features`), so that loss and
gradients are those of one process with the whole batch. Knows no towers and no files but its
checkpoints, which process 0 writes.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from encoders.training.checkpoints import load_checkpoint, save_checkpoint
from encoders.training.losses import masked_info_nce
from encoders.trunks.open_clip_modules import import_open_clip

MIN_SCALE = 1.0  # of the inverse temperature
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class ContrastiveConfig:
    """Holds everything that decides the result of a run beside the data.

    Attributes:
        name: of the run.
        num_hidden: hidden units of each head's perceptron; 0 leaves the heads linear.
        dropout: of features.
        num_epochs: passes over the rows.
        batch_size: rows of a step over all processes.
        learning_rate, weight_decay: of AdamW.
        first_temperature: learnable from here on, kept within 0.01 to 1.
        text_dropout, clip_dropout: probability that a query lacks the side, never both.
        shuffle_buffer: rows that the shuffle holds.
        precision: "bfloat16" autocasts the forward pass, "float32" does not, "auto" does on a GPU
            that can.
        seed: of the start, the order and the dropouts.
    """

    name: str = "large"
    num_hidden: int = 512
    dropout: float = 0.1
    num_epochs: int = 20
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    first_temperature: float = 0.07
    text_dropout: float = 0.3
    clip_dropout: float = 0.3
    shuffle_buffer: int = 65_536
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; one of {', '.join(PRECISIONS)}")
        if self.batch_size < 2:
            raise ValueError(f"batch_size is {self.batch_size}; a contrast needs at least 2 rows")


@dataclass(frozen=True, kw_only=True)
class Process:
    """Holds which of the processes this is."""

    rank: int = 0
    world_size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this one writes."""
        return self.rank == 0

    def slice_of(self, batch_size: int) -> slice:
        """This process's rows of a global batch.

        Raises:
            ValueError: it does not divide by the number of processes.
        """
        size, rest = divmod(batch_size, self.world_size)
        if rest:
            raise ValueError(
                f"batch_size {batch_size} does not divide by {self.world_size} processes"
            )
        return slice(self.rank * size, (self.rank + 1) * size)

    def wait(self) -> None:
        """Until every process has come here."""
        if self.world_size > 1:
            torch.distributed.barrier()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Holds where checkpoints lie and of which run they are: another run's are not taken up."""

    folder: Path
    fingerprint: str


@dataclass(frozen=True, kw_only=True, eq=False)
class PairBatch:
    """Holds this process's rows of one step; B rows. What is absent is all zeros."""

    sounds: Tensor  # (B, Da)
    texts: Tensor  # (B, Dt)
    clips: Tensor  # (B, Dp)
    has_text: Tensor  # (B,) bool
    has_clip: Tensor  # (B,) bool
    groups: Tensor  # (B, G) int64: rows that share any of the G may match each other

    def to(self, device: str) -> "PairBatch":
        """The same on a device."""
        return PairBatch(**{n: getattr(self, n).to(device) for n in self.__dataclass_fields__})


class PairHeads(Protocol):
    """What the loop trains."""

    def __call__(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Unit queries (B, D), unit sounds (B, D) and the inverse temperature."""


Batches = Callable[[int], Iterator[PairBatch]]  # of an epoch
Show = Callable[[int, float], None]  # epochs done, mean loss


def fit(
    heads: nn.Module,
    config: ContrastiveConfig,
    *,
    batches: Batches,
    process: Process,
    place: Place,
    show: Show = lambda epochs, loss: None,
) -> None:
    """Train heads in place; a killed run goes on from its last whole epoch.

    Args:
        heads: a module that is a `PairHeads`.
        config: of the run.
        batches: the steps of an epoch, the same for one number of it whenever asked.
        process: which of the processes this is.
        place: of the checkpoints.
        show: is told of every epoch.

    Raises:
        ValueError: an epoch has no whole batch.
    """
    heads.to(process.device)
    optimizer = torch.optim.AdamW(
        heads.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    first = load_checkpoint(place.folder, heads, optimizer, place.fingerprint)
    wrapped = _wrap(heads, process)
    for epoch in range(first, config.num_epochs):
        torch.manual_seed(1_000_003 * config.seed + 1_009 * epoch + process.rank)  # dropout
        heads.train()
        losses = [
            _step(wrapped, optimizer, batch.to(process.device), config=config, process=process)
            for batch in batches(epoch)
        ]
        if not losses:
            raise ValueError(f"no whole batch of {config.batch_size} rows: give more rows")
        if process.is_first:
            save_checkpoint(place.folder, heads, optimizer, epoch + 1, place.fingerprint)
        process.wait()
        show(epoch + 1, sum(losses) / len(losses))
    heads.eval()


def global_loss(
    outputs: tuple[Tensor, Tensor, Tensor], groups: Tensor, process: Process
) -> Tensor:
    """Masked InfoNCE over the rows of all processes, with their gradients.

    Args:
        outputs: this process's unit queries (B, D) and sounds (B, D), and the inverse temperature.
        groups: this process's (B, G) groups; rows that share one count neither way.
        process: which of the processes this is.
    """
    queries, sounds, scale = outputs
    if process.world_size > 1:
        queries, sounds = _gather(queries, sounds, process)
        everybody = [torch.empty_like(groups) for _ in range(process.world_size)]
        torch.distributed.all_gather(everybody, groups)
        groups = torch.cat(everybody)
    logits = scale.float() * queries.float() @ sounds.float().T
    return masked_info_nce(logits, (groups[:, None] == groups[None, :]).any(dim=2))


def autocast(precision: str, device: str) -> AbstractContextManager[None]:
    """The forward pass's precision on a device; half precision is bfloat16 and never float16."""
    kind = torch.device(device).type
    able = kind == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bfloat16" or (precision == "auto" and able):
        return torch.autocast(kind, dtype=torch.bfloat16)
    return nullcontext()


def _gather(queries: Tensor, sounds: Tensor, process: Process) -> tuple[Tensor, Tensor]:
    """The rows of all processes, through which gradients flow back to each."""
    with warnings.catch_warnings():
        # open_clip 3.3 calls the older of torch's two names for it.
        warnings.simplefilter("ignore", FutureWarning)
        gathered = import_open_clip("loss").gather_features(
            queries, sounds, gather_with_grad=True, rank=process.rank,
            world_size=process.world_size,
        )  # fmt: skip
    return gathered[0], gathered[1]


def _wrap(heads: nn.Module, process: Process) -> nn.Module:
    if process.world_size == 1:
        return heads
    ids = None if process.device == "cpu" else [torch.device(process.device)]
    return nn.parallel.DistributedDataParallel(heads, device_ids=ids)


def _step(
    heads: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: PairBatch,
    *,
    config: ContrastiveConfig,
    process: Process,
) -> float:
    with autocast(config.precision, process.device):
        outputs = heads(batch)
    loss = global_loss(outputs, batch.groups, process)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())
