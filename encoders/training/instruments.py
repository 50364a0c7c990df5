"""Trains the heads that hear instruments from scores whose instruments are known by construction.

    fonts = [default_font(), Path("FluidR3_GM.sf2")]
    heads = train_instruments(data_dir, fonts, out, progress=report)     # writes out/instruments/

Scores of the training split are orchestrated anew by chance, rendered with the fonts in turn,
roughened, and heard by the audio trunk; one linear head per instrument is fitted to all of them.
Its probabilities are fitted on scores of the validation split: with several fonts, each font's
renders are judged by heads that never heard that font. Scores that have a recording among the
data are left out, so that recordings can test.

N excerpts, F = 1565 features, H heads.
"""

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from encoders.metrics import auroc
from encoders.towers.audio import AudioHead, load_audio_head
from encoders.towers.instruments import Doubt, InstrumentHeads
from encoders.training.cache import default_cache_folder
from encoders.training.logistic import fit_logistic, fit_probabilities
from encoders.training.manifests import MULTI_INSTRUMENT, SOLO_COLLECTIONS, Track, read_tracks
from encoders.training.orchestrate import (
    EXCERPT_S,
    Excerpt,
    as_written,
    drum_windows,
    note_rows,
    orchestrate,
)
from encoders.training.programs import DRUMS, FAMILIES, HEADS
from encoders.training.renders import Planned, Progress, RenderCache, Renders
from encoders.trunks.checkpoint import file_sha256, write_folder
from media.limits import Limits
from media.midi import read_score

FOLDER = "instruments"
LICENCE = "Apache-2.0"
COMMAND = "encoders.training.instruments.train_instruments(DATA, FONTS, OUT)"
MULTI_SHARE = 0.6  # of the excerpts; the others are notes of POP909 and Nottingham
FEWEST_NOTES = 20
FONT_EVERY = 4  # every so many excerpts are heard with all fonts
ABSENT_ERROR, THERE_PRECISION = 0.06, 0.75
ABSENT_RANGE, THERE_RANGE = (0.03, 0.3), (0.5, 0.9)
FEWEST_POSITIVES = 8  # of a single instrument among the validation excerpts
WORKS_FROM = 0.7  # AUROC with fonts left out; families are kept whatever theirs
OSCILLATED_SHARE = 0.2  # excerpts with plain oscillators beside the others
ALONE_SHARE = 0.4  # of them without any sampled instrument but drums
LOW_PITCH = 50


@dataclass(frozen=True, kw_only=True)
class InstrumentRecipe:
    """Holds the choices of a run; docs/experiments/instruments.md says how they were made."""

    num_train: int = 600  # new orchestrations for each pair of fonts
    num_validation: int = 80
    strength: float = 1.0  # of the squared weights
    nuisance: float = 1.0  # how much more a direction costs by which fonts differ
    num_steps: int = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Holds the notes of one split by score."""

    multi: dict[str, np.ndarray]
    solo: dict[str, np.ndarray]
    drum_pool: list[np.ndarray]
    tracks: tuple[Track, ...]


def train_instruments(
    data_dir: Path,
    fonts: Sequence[Path],
    out_dir: Path,
    *,
    recipe: InstrumentRecipe | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> InstrumentHeads:
    """Fit the heads and write them to `out_dir`/instruments, card last.

    Raises:
        FileNotFoundError: the folder has no `symbolic.jsonl`.
        ValueError: no font.
    """
    if not fonts:
        raise ValueError("no font: name at least one SF2 file to render scores with")
    started, recipe = time.monotonic(), recipe or InstrumentRecipe()
    cache = RenderCache(cache_dir or default_cache_folder())
    scores = {split: read_scores(data_dir, split) for split in ("train", "val")}
    train = cache.renders(training_plan(scores["train"], fonts, recipe.num_train), progress)
    checks = validation_plan(scores["val"], fonts, recipe.num_validation)
    validation = cache.renders(checks, progress)
    heads = fit_heads(train, validation, recipe, load_audio_head())
    tracks = [t for s in scores.values() for t in s.tracks]
    _write(out_dir / FOLDER, heads, round((time.monotonic() - started) / 60, 1), {
        "recipe": asdict(recipe), "num_excerpts": len(train.features),
        "num_validation": len(validation.features),
        "fonts": {font.name: file_sha256(font) for font in fonts},
        "scores": sorted({t.labels["collection"] for t in tracks}),
        "licences": sorted({t.licence for t in tracks}),
    })  # fmt: skip
    return heads


def training_plan(scores: Scores, fonts: Sequence[Path], number: int) -> list[Planned]:
    """New orchestrations, `number` for each pair of fonts, and every score once as written.

    The fonts of a pair take turns; every fourth excerpt is heard with all fonts. Another pair of
    fonts adds excerpts and changes none.
    """
    plan = []
    for i in range(number * math.ceil(len(fonts) / 2)):
        pair = fonts[2 * (i // number) :][:2]
        chosen = fonts if i % FONT_EVERY == 0 else [pair[i % len(pair)]]
        plan += [orchestrated(scores, f"re-train-{i:05d}", font) for font in chosen]
    plan += [
        _oscillated(scores, f"chip-train-{i:05d}", fonts[i % len(fonts)])
        for i in range(round(number * OSCILLATED_SHARE))
    ]
    for score_id in scores.multi:
        digest = hashlib.md5(score_id.encode(), usedforsecurity=False).digest()
        font = fonts[digest[0] % len(fonts)]
        plan.append(_written(scores, f"nat-train-{score_id}", score_id, font))
    return plan


def validation_plan(scores: Scores, fonts: Sequence[Path], number: int) -> list[Planned]:
    """Every excerpt with every font."""
    plan = [orchestrated(scores, f"re-val-{i:05d}", font) for i in range(number) for font in fonts]
    return plan + [
        _written(scores, f"nat-val-{s}", s, font) for s in scores.multi for font in fonts
    ]


def fit_heads(
    train: Renders, validation: Renders, recipe: InstrumentRecipe, audio: AudioHead
) -> InstrumentHeads:
    """Heads from renders: weights on all training fonts, probabilities on fonts left out."""
    standard = audio.standardise(train.features).astype(np.float64)
    cost = _cost(standard, train, recipe)
    left_out = _judged_by_others(audio, train, validation, recipe)
    weights, bias = fit_logistic(standard, train.labels, cost, num_steps=recipe.num_steps)
    slopes, offsets = fit_probabilities(left_out, validation.labels)
    chances = 0.5 + 0.5 * np.tanh(0.5 * (left_out * slopes + offsets))
    doubts = [_doubt(chances[:, i], validation.labels[:, i]) for i in range(len(HEADS))]
    return InstrumentHeads(
        names=tuple(HEADS),
        weights=(weights * slopes).astype(np.float32),
        bias=(bias * slopes + offsets).astype(np.float32),
        mean=audio.mean,
        spread=audio.spread,
        doubts=dict(zip(HEADS, doubts, strict=True)),
        spoken=_that_work(left_out, validation.labels),
    )


def _cost(standard: np.ndarray, train: Renders, recipe: InstrumentRecipe) -> np.ndarray:
    """(F, F) cost of squared weights: dear where two fonts differ over the same notes.

    The rows of one piece of music played by two fonts differ by what is no instrument.
    """
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(train.names):
        rows.setdefault(name, []).append(row)
    pairs = [(r[0], other) for r in rows.values() for other in r[1:]]
    cost = np.eye(standard.shape[1])
    if pairs:
        one, other = np.array(pairs).T
        apart = standard[one] - standard[other]
        cost += recipe.nuisance * (apart.T @ apart) / (2 * len(apart))
    return recipe.strength * cost


def _judged_by_others(
    audio: AudioHead, train: Renders, validation: Renders, recipe: InstrumentRecipe
) -> np.ndarray:
    """(N, H) log odds of the validation excerpts by heads that never heard their font.

    With one font there are no others, and the heads that know it are asked.
    """
    heard, asked = np.array(train.fonts), np.array(validation.fonts)
    odds = np.zeros((len(asked), len(HEADS)))
    for font in np.unique(asked):
        others = heard != font if (heard != font).any() else heard == font
        standard = audio.standardise(train.features[others]).astype(np.float64)
        cost = recipe.strength * np.eye(standard.shape[1])
        fitted = fit_logistic(standard, train.labels[others], cost, num_steps=recipe.num_steps)
        rows = asked == font
        odds[rows] = audio.standardise(validation.features[rows]) @ fitted[0] + fitted[1]
    return odds


def _that_work(odds: np.ndarray, labels: np.ndarray) -> tuple[str, ...]:
    """All families, and the instruments that are told from others well enough."""
    kept = list(FAMILIES)
    for column, name in list(enumerate(HEADS))[len(FAMILIES) :]:
        known = np.isfinite(labels[:, column])
        there = labels[known, column] == 1
        enough = FEWEST_POSITIVES <= there.sum() < len(there)
        if enough and auroc(odds[known, column], there) >= WORKS_FROM:
            kept.append(name)
    return tuple(kept)


def _doubt(chances: np.ndarray, labels: np.ndarray) -> Doubt:
    """Where few of the instruments below are there, and where most of those above are."""
    known = np.isfinite(labels)
    order = np.argsort(chances[known])
    sorted_chances, there = chances[known][order], labels[known][order] == 1
    if there.sum() < FEWEST_POSITIVES:
        return Doubt(absent=ABSENT_RANGE[0], there=THERE_RANGE[1])
    below = np.cumsum(there) / np.arange(1, len(there) + 1)
    above = np.cumsum(there[::-1])[::-1] / np.arange(len(there), 0, -1)
    quiet = sorted_chances[below <= ABSENT_ERROR]
    sure = sorted_chances[above >= THERE_PRECISION]
    return Doubt(
        absent=float(np.clip(quiet.max(initial=0.0), *ABSENT_RANGE)),
        there=float(np.clip(sure.min(initial=1.0), *THERE_RANGE)),
    )


def read_scores(data_dir: Path, split: str) -> Scores:
    """Scores of a split; training leaves out those whose recordings test the heads."""
    tracks = tuple(
        t for t in read_tracks(data_dir, "symbolic")
        if t.is_score and t.may_train and t.split == split
        and not (split == "train" and t.labels.get("audio_id"))
        and t.labels["collection"] in (*MULTI_INSTRUMENT, *SOLO_COLLECTIONS)
    )  # fmt: skip
    notes = {t.id: note_rows(read_score(t.file.read_bytes(), Limits(), t.id)) for t in tracks}
    multi = {t.id: notes[t.id] for t in tracks if t.labels["collection"] in MULTI_INSTRUMENT}
    return Scores(
        multi=multi,
        solo={score_id: rows for score_id, rows in notes.items() if score_id not in multi},
        drum_pool=[cut for rows in multi.values() for cut in drum_windows(rows)],
        tracks=tracks,
    )


def orchestrated(scores: Scores, name: str, font: Path) -> Planned:
    """A new orchestration of a score drawn by chance."""
    return Planned(name=name, font=font, compose=partial(_compose, scores))


def _compose(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """An orchestration of a score drawn by chance, one with enough notes that have a pitch."""
    for _ in range(20):
        some = scores.multi if rng.random() < MULTI_SHARE or not scores.solo else scores.solo
        notes = list(some.values())[int(rng.integers(len(some)))]
        if (notes[:, 4] != DRUMS).sum() >= FEWEST_NOTES:
            break
    return orchestrate(notes, scores.drum_pool, rng)


def _oscillated(scores: Scores, name: str, font: Path) -> Planned:
    """An orchestration with synthesizers in every other place, played by oscillators."""

    def compose(rng: np.random.Generator) -> Excerpt:
        excerpt = _compose(scores, rng)
        notes, alone = excerpt.notes.copy(), rng.random() < ALONE_SHARE
        for channel in np.unique(notes[:, 5]):
            part = notes[:, 5] == channel
            if notes[part][0, 4] != DRUMS and (alone or rng.random() < 0.5):
                low = np.median(notes[part, 2]) < LOW_PITCH
                notes[part, 4] = 38 if low else rng.integers(80, 96)
        return replace(excerpt, notes=notes)

    return Planned(name=name, font=font, compose=compose, oscillators=True)


def _written(scores: Scores, name: str, score_id: str, font: Path) -> Planned:
    """The middle of a score as it is."""
    notes = scores.multi[score_id]
    start_s = max(0.0, (float((notes[:, 0] + notes[:, 1]).max()) - EXCERPT_S) / 2)
    return Planned(name=name, font=font, compose=lambda _: as_written(notes, start_s))


def _write(
    folder: Path, heads: InstrumentHeads, minutes: float, trained_on: dict[str, object]
) -> None:
    doubts = [(heads.doubts[name].absent, heads.doubts[name].there) for name in heads.names]
    write_folder(
        folder,
        {
            "weights": heads.weights.astype(np.float16),
            "bias": heads.bias,
            "mean": heads.mean,
            "spread": heads.spread,
            "doubts": np.array(doubts, dtype=np.float32),
        },
        {},
        {
            "name": "instrument heads of the small profile",
            "licence": LICENCE,
            "origin": "trained here from nothing, over the frozen audio trunk",
            "command": COMMAND,
            "seeds": [0],  # of nothing but the names of the excerpts, see `renders`
            "minutes": minutes,
            "heads": list(heads.names),
            "spoken": list(heads.spoken),
            "trained_on": trained_on,
        },
    )
