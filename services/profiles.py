"""Opens the profile that the settings name: its towers, its relevance, the rate it hears at."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from media.audio import TRUNK_RATE
from services.config import EncodersConfig

if TYPE_CHECKING:
    from encoders.embed import Embedder
    from encoders.large.embedder import LargeEmbedder
    from index.calibration import Calibration

RELEVANCE = "relevance.npz"  # beside the large profile's heads


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Holds what depends on the profile."""

    embedder: "Embedder | LargeEmbedder"
    calibration: "Calibration"
    fit_calibration: Callable[..., bytes]
    sample_rate: int


def open_profile(config: EncodersConfig) -> Profile:
    """The profile of the settings; checks hashes and licences, loads no tower yet.

    Raises:
        BrokenWeights: weights are missing or changed, or heads are of other towers.
        RefusedCheckpoint: a checkpoint is broken, or forbids commercial use and is not allowed.
        MissingCheckpoint: a checkpoint is not on this machine and not to be had.
    """
    return _open_large(config) if config.profile == "large" else _open_small()


def open_embedder(config: EncodersConfig) -> "Embedder | LargeEmbedder":
    """The towers of the settings' profile without its relevance; loads none of them yet.

    Raises:
        BrokenWeights, RefusedCheckpoint, MissingCheckpoint: as `open_profile`.
    """
    if config.profile == "large":
        return _load_large(config)
    from encoders.embed import load_embedder

    return load_embedder()


def _open_small() -> Profile:
    from encoders.embed import load_embedder
    from services.retrieval.calibrate import fit_calibration, load_calibration

    embedder = load_embedder()
    space = str(embedder.space)
    return Profile(
        embedder=embedder,
        calibration=load_calibration(space=space),
        fit_calibration=partial(fit_calibration, space=space),
        sample_rate=TRUNK_RATE,
    )


def _open_large(config: EncodersConfig) -> Profile:
    from services.retrieval.calibrate import calibrate_large, fit_calibration

    embedder = _load_large(config)
    relevance = Path(config.heads).expanduser() / RELEVANCE
    calibration = calibrate_large(relevance, space=str(embedder.space))
    return Profile(
        embedder=embedder,
        calibration=calibration,
        fit_calibration=partial(fit_calibration, calibration=calibration),
        sample_rate=embedder.sample_rate,
    )


def _load_large(config: EncodersConfig) -> "LargeEmbedder":
    from encoders.large.checkpoints import Wanted
    from encoders.large.embedder import load_large

    audio, pictures = (
        Wanted(name=name, allow_noncommercial=config.allow_noncommercial) if name else None
        for name in (config.audio, config.pictures)
    )
    return load_large(
        Path(config.heads).expanduser(),
        audio=audio,
        pictures=pictures,
        allow_noncommercial=config.allow_noncommercial,
    )
