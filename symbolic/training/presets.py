"""Training runs by name. A function returns a config; nothing else decides anything."""

from dataclasses import dataclass, field

from symbolic.model import ModelSize


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One run: size, steps, batch, learning rate and seed.

    Raises:
        ValueError: A count is not positive.
    """

    name: str
    seed: int = 0
    num_steps: int = 1_500
    rows_per_batch: int = 8
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.05
    checkpoint_every: int = 125
    num_threads: int = 1
    size: ModelSize = field(default_factory=ModelSize)

    def __post_init__(self) -> None:
        counts = (self.num_steps, self.rows_per_batch, self.checkpoint_every, self.num_threads)
        if min(counts) < 1:
            raise ValueError(f"steps, rows, checkpoint_every and threads must be >= 1: {counts}")


def small() -> TrainingConfig:
    """The shipped weights; the card says how long they took."""
    return TrainingConfig(name="small")


def smoke() -> TrainingConfig:
    """A few steps of a tiny network, to see that everything runs."""
    return TrainingConfig(
        name="smoke",
        num_steps=6,
        rows_per_batch=2,
        warmup_steps=2,
        checkpoint_every=3,
        num_threads=1,
        size=ModelSize(width=16, num_layers=1, num_heads=2, window=128),
    )


PRESETS = {"small": small, "smoke": smoke}
