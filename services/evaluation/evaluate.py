"""The story of an evaluation: which protocol, on which data; measures nothing itself."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from encoders.bench.table import Table
    from services.config import Config
    from services.evaluation.library import LibraryReport

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


def evaluate_everything(
    data_dir: Path, out: Path, *, progress: Progress
) -> Iterator[tuple[str, "Table | None", str]]:
    """Every protocol in turn: its name, its table, or why there is none.

    Writes `<name>.json` and `<name>.png` below `out`.
    """
    from encoders.bench.plot import draw_table
    from encoders.bench.protocols import PROTOCOLS
    from encoders.errors import EncoderError

    out.mkdir(parents=True, exist_ok=True)
    for name in PROTOCOLS:
        try:
            table = evaluate_towers(name, data_dir, progress=progress)
        except (NotFound, ValueError, EncoderError) as error:
            yield name, None, str(error)
            continue
        (out / f"{name}.json").write_text(json.dumps(table.to_dict()) + "\n", encoding="utf-8")
        draw_table(table, out / f"{name}.png")
        yield name, table, ""


def evaluate_library(config: "Config", *, num_files: int, progress: Progress) -> "LibraryReport":
    """What the protocols that need no labels say of the user's own catalogue, by its profile.

    Raises:
        NotFound: no catalogue, no tracks, or no vectors of the space.
        InvalidRequest: too few tracks, or a catalogue that cannot be read.
    """
    from services.evaluation.library import measure_library, read_library
    from services.profiles import open_embedder

    embedder = open_embedder(config.encoders)
    library = read_library(config, space=str(embedder.space))
    return measure_library(library, embedder, num_files=num_files, progress=progress)
