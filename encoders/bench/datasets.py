"""Text and clips to music on a user's own copy of a published dataset, a manifest or shards.

    python -m encoders.bench.datasets song-describer=/data/sdd
    python -m encoders.bench.datasets --heads trained/heads mgsv=/data/mgsv

Conventions
    Rows of the test split (all rows where there is none) that have sound. Items are the different
    recordings; a query is a row's first text, or its clip; right (Q, N) is the row's recording.
    Higher scores are better; ties count against the model. Intervals are resampled by group.

Metrics
    R@1, R@5, R@10, median rank, as in `encoders.bench.ranking`; chance beside each.
"""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from encoders.bench.ranking import ranking_rows
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.datasets.rows import Row as Example
from encoders.embed import load_embedder
from encoders.metrics import evaluate, validate
from encoders.training.large_features import Reads, as_file, hear_media
from encoders.training.shards import parse_sources, stream_rows
from encoders.trunks.checkpoint import WEIGHTS
from media.child import MediaReader
from media.errors import MediaError

if TYPE_CHECKING:
    from encoders.embed import ClipEmbedding, SoundEmbedding, TextEmbedding
    from media.audio import Sound
    from media.video import Frames

__all__ = ["evaluate", "tabulate_rows", "validate"]

logger = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]


class Embeds(Protocol):
    """What is measured; the embedders of both profiles are."""

    def embed_text(self, text: str) -> "TextEmbedding":
        """Of words."""

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """Of a recording."""

    def embed_clip(self, frames: "Frames") -> "ClipEmbedding":
        """Of a clip."""


def tabulate_rows(
    examples: Sequence[Example],
    embedder: Embeds,
    reader: Reads,
    *,
    sample_rate: int,
    progress: Progress = lambda done, total, what: None,
) -> Table:
    """Text to music, and clip to music where there are clips.

    Raises:
        ValueError: fewer than two recordings can be heard, or none has words or a clip.
    """
    chosen = [e for e in examples if e.split == "test"] or list(examples)
    sounds = _hear_all(chosen, embedder, reader, sample_rate=sample_rate, progress=progress)
    if len(sounds) < 2:
        raise ValueError(f"{len(sounds)} recordings can be heard; at least 2 are needed")
    known = [e for e in chosen if _place(e) in sounds]
    items = np.stack([sounds[place] for place in sounds])
    rows: list[Row] = []
    worded = [e for e in known if e.texts]
    if worded:
        queries = np.stack([embedder.embed_text(e.texts[0]).vector for e in worded])
        rows += _rank("text to music", queries, items, worded, list(sounds))
    filmed = [(e, v) for e in known if (v := _see(e, embedder, reader)) is not None]
    if filmed:
        queries = np.stack([vector for _, vector in filmed])
        rows += _rank("clip to music", queries, items, [e for e, _ in filmed], list(sounds))
    if not rows:
        raise ValueError("no row has words or a clip beside its recording")
    licences = ", ".join(sorted({e.licence for e in chosen}))
    return Table(name="datasets", note=f"licences of the rows: {licences}", rows=tuple(rows))


def _rank(
    task: str,
    queries: np.ndarray,
    items: np.ndarray,
    asked: Sequence[Example],
    places: Sequence[str],
) -> list[Row]:
    right = np.array([[_place(e) == place for place in places] for e in asked])
    groups = [e.group or e.id for e in asked]
    drawn = np.random.default_rng(0).normal(size=(len(queries) + len(items), 64))
    random = drawn[: len(queries)] @ drawn[len(queries) :].T
    return [
        row
        for method, scores in ((MODEL, queries @ items.T), (RANDOM, random))
        for row in ranking_rows(method, scores, right, subset=task, groups=groups)
    ]


def _hear_all(
    examples: Sequence[Example],
    embedder: Embeds,
    reader: Reads,
    *,
    sample_rate: int,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Vectors by recording; one that cannot be read is left out and logged."""
    vectors: dict[str, np.ndarray] = {}
    for done, example in enumerate(examples):
        progress(done, len(examples), example.id)
        if example.sound is None or _place(example) in vectors:
            continue
        try:
            sound = hear_media(example.sound, reader, sample_rate)
            vectors[_place(example)] = embedder.embed_sound(sound).track
        except MediaError as error:
            logger.warning("%s is left out: %s", example.id, error)
    return vectors


def _see(example: Example, embedder: Embeds, reader: Reads) -> np.ndarray | None:
    if example.clip is None:
        return None
    try:
        with as_file(example.clip) as path:
            return embedder.embed_clip(reader.read_frames(path)).vector
    except MediaError as error:
        logger.warning("the clip of %s is left out: %s", example.id, error)
        return None


def _place(example: Example) -> str:
    """The recording, whichever rows it belongs to."""
    sound = example.sound
    return "" if sound is None else f"{sound.path}:{sound.offset}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table as JSON."""
    parser = argparse.ArgumentParser(prog="python -m encoders.bench.datasets")
    parser.add_argument("sources", nargs="+", help="NAME=FOLDER, manifest, shard")
    parser.add_argument("--heads", type=Path, help="heads of the large profile")
    options = parser.parse_args(arguments)
    profile, folder = ("large", options.heads) if options.heads else ("small", WEIGHTS)
    embedder = load_embedder(profile, folder)
    rate = int(getattr(embedder, "sample_rate", 16_000))
    rows = list(stream_rows(parse_sources(options.sources)))
    with MediaReader(sound_rate=rate) as reader:
        table = tabulate_rows(rows, embedder, reader, sample_rate=rate)
    sys.stdout.write(json.dumps(table.to_dict(), indent=2) + "\n")


if __name__ == "__main__":
    main()
