"""Named training runs, each a function that returns a frozen config.

    temptrack train small --data DATA --out OUT                 and tiny
    temptrack train clmr --audio FOLDER --out OUT               and finetune
    temptrack train feedback --lists FILE [--vectors NPZ] --out OUT

The command line takes a name and where things lie; numbers are changed here. The large profile's
numbers are options of `encoders.training.distributed`.
"""

from dataclasses import dataclass, field

from encoders.training.sounds import Shares


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Holds everything that decides the result of a run beside the data."""

    name: str
    shares: Shares = field(default_factory=Shares)
    seeds: tuple[int, ...] = (0, 1, 2)  # networks that are averaged
    num_hidden: int = 128  # per seed
    dropout: float = 0.3
    num_epochs: int = 8
    batch_size: int = 256
    learning_rate: float = 2e-3
    matrix_learning_rate: float = 0.0  # of the audio matrix beyond the axes; 0 leaves it analytic
    weight_decay: float = 1e-4
    first_temperature: float = 0.07
    target_temperature: float = 0.5
    num_changed: int = 100  # recordings whose changed sounds teach the likeness
    rendered_scores: bool = False  # among the sounds that the teacher grades
    pair_weight: float = 0.2  # of the loss on true pairs beside the teacher's
    field_dropout: float = 0.5  # of each field of a text: sentence, understanding, metadata
    network_share: float = 0.1  # length of the network's part beside the understood part
    name_share: float = 0.3  # length of the likeness to the tags' names beside the two


@dataclass(frozen=True, kw_only=True)
class FeedbackConfig:
    """Holds what decides a second stage on listening feedback; see `feedback.py`."""

    name: str = "feedback"
    rank: int = 32
    temperature: float = 0.1
    geometry_weight: float = 100.0  # of the cosines' mean squared movement beside the pairs' loss
    num_epochs: int = 10
    pairs_per_list: int = 2  # drawn an epoch
    batch_size: int = 256
    learning_rate: float = 1e-2
    weight_decay: float = 1e-4
    seed: int = 0
    min_lists: int = 100
    min_pairs: int = 2_000
    least_overlap: float = 0.4  # of the ten nearest tracks
    least_order: float = 0.9  # of all cosines, Spearman


@dataclass(frozen=True, kw_only=True)
class ViewsConfig:
    """Holds what decides a self-supervised run; see `contrastive_audio.py`."""

    name: str = "clmr"
    finetune: bool = False  # the trunk's last three convolutions too
    num_directions: int = 128
    num_projected: int = 64
    num_views: int = 4  # pairs of views a recording, which epochs take in turn; 1.7 MB
    num_epochs: int = 150
    batch_size: int = 48
    learning_rate: float = 1.5e-3
    temperature: float = 0.5
    min_recordings: int = 16
    seed: int = 0


def small() -> TrainingConfig:
    """The profile that ships: minutes on two cores once the features are cached."""
    return TrainingConfig(name="small")


def tiny() -> TrainingConfig:
    """For tests: seconds."""
    return TrainingConfig(name="tiny", seeds=(0,), num_hidden=16, num_epochs=2, batch_size=8)


def feedback() -> FeedbackConfig:
    """The second stage on what users play together; off below 100 lists and 2,000 pairs."""
    return FeedbackConfig()


def clmr() -> ViewsConfig:
    """A self-supervised start on one's own recordings: the likeness of sounds alone."""
    return ViewsConfig()


def finetune() -> ViewsConfig:
    """The same, and the last layers of the audio trunk move with it, slower."""
    return ViewsConfig(name="finetune", finetune=True, num_epochs=20, learning_rate=3e-4)


PRESETS = {"small": small, "tiny": tiny}
VIEW_PRESETS = {"clmr": clmr, "finetune": finetune}
