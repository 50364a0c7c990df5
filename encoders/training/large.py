"""A training run of the large profile: from sources of rows to heads with their card.

    run = LargeRun(sources=("tracks.jsonl", "shards/"), out_dir=Path("trained"), cache_dir=cache)
    folder = train_large(run, open_towers(...))         # trained/heads

Four stages: a survey that refuses rows which may not train; features of every row, each process
its share; statistics of the inputs; the loop of `contrastive.py`. All processes stream the same
rows in the same order and take their slice of each step's batch, so that the heads do not depend
on how many there are, dropout aside. The features' folder has to be one that all of them see. A
killed run goes on from its last whole epoch.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch

from encoders.datasets.rows import Row, is_non_commercial, trainable
from encoders.large.heads import LargeHeads, head_tensors
from encoders.large.towers import LargeTowers
from encoders.training.captions import CaptionWriter, caption_rows
from encoders.training.contrastive import ContrastiveConfig, PairBatch, Place, Process, fit
from encoders.training.large_features import FeatureStore, Reads
from encoders.training.large_heads import TrainedHeads
from encoders.training.large_relevance import pack, relevance_arrays
from encoders.training.shards import Share, parse_sources, shuffled, stream_rows
from encoders.trunks.checkpoint import write_folder

NUM_STATISTICS = 4_096  # rows that the inputs' means and spreads are of
PROFILE = "large"
RELEVANCE = "relevance.npz"
FREE = "Apache-2.0"
BOUND = "LicenseRef-NonCommercial"

Show = Callable[[str, int, int, float | None], None]  # stage, done, of how many, loss


@dataclass(frozen=True, kw_only=True)
class LargeRun:
    """Holds what a run reads and where it writes.

    Attributes:
        sources: manifests, shards, folders of shards, NAME=FOLDER; see `shards.parse_sources`.
        out_dir: gets `checkpoints/` and `heads/`.
        cache_dir: of the features.
        config: of the loop.
        licence: SPDX id of rows that state none.
        allow_noncommercial: takes rows that may not train what is given to others.
    """

    sources: tuple[str, ...]
    out_dir: Path
    cache_dir: Path
    config: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    licence: str = ""
    allow_noncommercial: bool = False

    def rows(self) -> Iterator[Row]:
        """The training rows, streamed.

        Raises:
            RefusedData: one may not train, or a source is not of its format.
        """
        return trainable(self._all_rows(), allow_noncommercial=self.allow_noncommercial)

    def held_out_rows(self) -> Iterator[Row]:
        """The validation rows, by the same rule; heads never learn from them."""
        held_out = (replace(row, split="train") for row in self._all_rows() if row.split == "val")
        return trainable(held_out, allow_noncommercial=self.allow_noncommercial)

    def _all_rows(self) -> Iterator[Row]:
        rows = stream_rows(parse_sources(self.sources), licence=self.licence)
        return caption_rows(rows, CaptionWriter())


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Holds what is known of all rows before any is heard."""

    num_rows: int  # that the heads learn from
    num_held_out: int  # that relevance is fitted on
    licences: tuple[str, ...]  # of both
    fingerprint: str  # of config, towers and the rows that the heads learn from
    is_free: bool  # every row may train what is given to others


def train_large(
    run: LargeRun,
    towers: LargeTowers,
    reader: Reads,
    *,
    process: Process | None = None,
    show: Show = lambda stage, done, total, loss: None,
) -> Path:
    """Train heads and write them below `run.out_dir`; the folder of the heads.

    Raises:
        RefusedData: a row may not train, a source is not of its format, or no row can be learned
            from.
        ValueError: there are fewer rows than one batch has.
    """
    process = process or Process()
    store = FeatureStore(run.cache_dir, towers)
    survey = survey_rows(run, store)
    mine = Share(index=process.rank, count=process.world_size)
    for done, row in enumerate(mine.of(chain(run.rows(), run.held_out_rows()))):
        show("features", done * process.world_size, survey.num_rows + survey.num_held_out, None)
        store.compute(row, reader)
    process.wait()
    heads = _start_heads(run, store, towers)
    total = run.config.num_epochs
    fit(
        heads,
        run.config,
        batches=lambda epoch: draw_pairs(run, store, towers, epoch=epoch, process=process),
        process=process,
        place=Place(folder=run.out_dir / "checkpoints", fingerprint=survey.fingerprint),
        show=lambda epochs, loss: show("training", epochs, total, loss),
    )
    if process.is_first:
        _save(run, survey, store, towers=towers, heads=heads.finished())
    process.wait()
    return run.out_dir / "heads"


def survey_rows(run: LargeRun, store: FeatureStore) -> Survey:
    """Read every row once, no media.

    Raises:
        RefusedData: a row may not train, or a source is not of its format.
    """
    digest = hashlib.sha256(f"{run.config!r}\n{store.folder.name}".encode())
    licences, num_rows, num_held_out, is_free = set(), 0, 0, True
    for row in run.rows():
        digest.update("\0".join((row.id, row.group, *row.texts)).encode())
        licences.add(row.licence)
        num_rows += 1
        is_free = is_free and _is_free(row)
    for row in run.held_out_rows():
        licences.add(row.licence)
        num_held_out += 1
        is_free = is_free and _is_free(row)
    return Survey(
        num_rows=num_rows,
        num_held_out=num_held_out,
        licences=tuple(sorted(licences)),
        fingerprint=digest.hexdigest(),
        is_free=is_free,
    )


def _is_free(row: Row) -> bool:
    return row.may_train and not is_non_commercial(row.licence)


def draw_pairs(
    run: LargeRun, store: FeatureStore, towers: LargeTowers, *, epoch: int, process: Process
) -> Iterator[PairBatch]:
    """This process's rows of every step of an epoch; what is random is the same for all."""
    config, mine = run.config, process.slice_of(run.config.batch_size)
    rng = np.random.default_rng([config.seed, epoch])
    rows = shuffled(
        _usable(run, store), buffer=config.shuffle_buffer, seed=(config.seed, epoch, 1)
    )
    while len(batch := list(islice(rows, config.batch_size))) == config.batch_size:
        chances = rng.random((config.batch_size, 4))
        drawn = [
            _draw(row, store, row_chances, config)
            for row, row_chances in zip(batch[mine], chances[mine], strict=True)
        ]
        yield _stack(drawn, towers)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawn:
    """Holds what one row gives to one step."""

    sound: np.ndarray  # (Da,)
    text: np.ndarray | None  # (Dt,)
    clip: np.ndarray | None  # (Dp,)
    groups: tuple[int, int]  # of the row's group and of its words


def _usable(run: LargeRun, store: FeatureStore) -> Iterator[Row]:
    return (row for row in run.rows() if (row.texts or row.clip) and store.has(row))


def _draw(row: Row, store: FeatureStore, chances: np.ndarray, config: ContrastiveConfig) -> _Drawn:
    """One window, one text and perhaps not both sides; chances (4,) are uniform in 0 to 1."""
    features = store.get(row)
    window, which = int(chances[0] * len(features.sounds)), int(chances[1] * len(row.texts))
    both = bool(len(row.texts)) and bool(len(features.clips))
    drops_text = both and chances[2] < config.text_dropout
    drops_clip = both and not drops_text and chances[3] < config.clip_dropout
    has_text, has_clip = bool(row.texts) and not drops_text, bool(len(features.clips))
    words = row.texts[which].lower() if has_text else row.id
    return _Drawn(
        sound=features.sounds[window],
        text=features.texts[which] if has_text else None,
        clip=features.clips[0] if has_clip and not drops_clip else None,
        groups=(_number(f"group {row.group or row.id}"), _number(f"words {words}")),
    )


def _stack(drawn: Sequence[_Drawn], towers: LargeTowers) -> PairBatch:
    seen, heard = towers.pictures.dimension, towers.audio.dimension
    no_text, no_clip = np.zeros(heard + seen, np.float32), np.zeros(seen, np.float32)
    return PairBatch(
        sounds=torch.from_numpy(np.stack([d.sound for d in drawn])),
        texts=torch.from_numpy(np.stack([no_text if d.text is None else d.text for d in drawn])),
        clips=torch.from_numpy(np.stack([no_clip if d.clip is None else d.clip for d in drawn])),
        has_text=torch.tensor([d.text is not None for d in drawn]),
        has_clip=torch.tensor([d.clip is not None for d in drawn]),
        groups=torch.tensor([d.groups for d in drawn], dtype=torch.int64),
    )


def _number(name: str) -> int:
    """A number of 63 bits that stands for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


def _start_heads(run: LargeRun, store: FeatureStore, towers: LargeTowers) -> TrainedHeads:
    seed = (run.config.seed, 0, 2)
    rows = shuffled(_usable(run, store), buffer=run.config.shuffle_buffer, seed=seed)
    found = [store.get(row) for row in islice(rows, NUM_STATISTICS)]
    seen, heard = towers.pictures.dimension, towers.audio.dimension
    widths = {"sounds": heard, "texts": heard + seen, "clips": seen}
    inputs = {
        name: np.concatenate(
            [np.zeros((0, width)), *(getattr(f, name) for f in found if len(getattr(f, name)))]
        )
        for name, width in widths.items()
    }
    return TrainedHeads(run.config, **inputs, music=heard)


def _save(
    run: LargeRun, survey: Survey, store: FeatureStore, *, towers: LargeTowers, heads: LargeHeads
) -> None:
    bound = not survey.is_free or towers.is_non_commercial
    relevance = relevance_arrays(run.rows(), run.held_out_rows(), store, heads)
    card = {
        "name": "heads of the large profile",
        "profile": PROFILE,
        "licence": BOUND if bound else FREE,
        "non_commercial": bound,
        "towers": towers.facts,
        "trained_on": {
            "sources": [source.rpartition("/")[2] for source in run.sources],
            "num_rows": survey.num_rows,
            "licences": list(survey.licences),
            "config": asdict(run.config),
            "relevance": f"{len(relevance['queries'])} pairs, held out: {relevance['held_out']}",
        },
    }
    texts = {RELEVANCE: pack(relevance)}
    write_folder(run.out_dir / "heads", head_tensors(heads), texts, card)
