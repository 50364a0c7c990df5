"""The story of an evaluation: which protocol, on which data; measures nothing itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from encoders.bench.table import Table

Progress = Callable[[int, int, str], None]  # done, of how many, what


def evaluate_towers(protocol: str, data_dir: Path, *, progress: Progress) -> "Table":
    """The figures of the shipped towers, beside chance and the baselines that they must beat.

    Args:
        protocol: a name of `encoders.bench.protocols`.
        data_dir: the folder of development data.
        progress: hears how many tracks were heard.

    Raises:
        InvalidRequest: no such protocol.
        NotFound: the folder lacks the data of the protocol.
    """
    from encoders.bench.protocols import PROTOCOLS

    if protocol not in PROTOCOLS:
        names = ", ".join(PROTOCOLS)
        raise InvalidRequest(f"there is no protocol {protocol!r}; there are {names}")
    from encoders.bench.setting import Setting
    from encoders.embed import load_embedder

    setting = Setting(embedder=load_embedder(), data_dir=data_dir, progress=progress)
    try:
        return PROTOCOLS[protocol](setting)
    except FileNotFoundError as error:
        raise NotFound(
            f"{data_dir} is no folder of development data: {error.filename} is not there"
        ) from error
