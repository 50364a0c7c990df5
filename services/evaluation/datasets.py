"""The story of an evaluation on one's own copy of published datasets; measures nothing itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from encoders.bench.table import Table
    from services.config import Config
    from services.evaluation.evaluate import Progress


def evaluate_datasets(
    config: "Config", sources: Sequence[str], *, progress: "Progress"
) -> "Table":
    """Text and clips to music by the towers of the profile that the settings name.

    Args:
        config: names the profile.
        sources: NAME=FOLDER of a published dataset, a manifest, a shard.
        progress: hears how many rows were heard.

    Raises:
        InvalidRequest: a source is not of its format, or has nothing to rank.
        NotFound: a folder lacks its table.
    """
    from encoders.bench.datasets import tabulate_rows
    from encoders.errors import RefusedData
    from encoders.training.shards import parse_sources, stream_rows
    from media.child import MediaReader
    from services.profiles import open_profile

    try:
        rows = list(stream_rows(parse_sources(sources)))
        profile = open_profile(config.encoders)
        rate = profile.sample_rate
        with MediaReader(sound_rate=rate) as reader:
            return tabulate_rows(
                rows, profile.embedder, reader, sample_rate=rate, progress=progress
            )
    except (RefusedData, ValueError) as error:
        raise InvalidRequest(str(error)) from error
    except FileNotFoundError as error:
        raise NotFound(str(error)) from error
