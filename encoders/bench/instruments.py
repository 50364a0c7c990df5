"""Instruments: which families sound, by trained heads and by two towers that never saw a label.

Conventions
    scores (N, 11) and labels (N, 11) have one column per family, in the order of
    `programs.FAMILIES`; the last is drums. Labels are 1, 0, or NaN where a program may be called
    either way. A family counts in the macro mean where at least three sounds have it and three
    have it not. Triplets are rows (anchor, positive, negative) of vectors.

Metrics
    macro AUROC over the ten pitched families, AUROC of drums (chance .5); expected calibration
    error of probabilities over ten equal bins, all families together; share of triplets in which
    the anchor lies nearer to an instrument of its own family than to one of another (chance .5),
    after "I can listen but cannot read" (the AudioSet ontology's families of instruments).
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from encoders.bench.baselines import random_rows, random_scorer
from encoders.bench.heard import Subset, read_subsets
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import audio_head
from encoders.metrics import auroc, bootstrap_interval
from encoders.training.programs import FAMILIES
from encoders.trunks.musicnn import TAGS
from encoders.trunks.signal import SIGNAL_NAMES

FEWEST = 3  # sounds with and without a family, below which it says nothing
HEADS = "instrument heads"
BY_AUDIOSET = f"{MODEL}, AudioSet's names"
SENTENCES = "sentence trunk alone"
ONTOLOGY = Path("text") / "audioset_music_ontology.json"
ROOT = "Musical instrument"
NUM_TRIPLETS = 2_000
MACRO, DRUMS, CALIBRATION, TRIPLETS = (
    "macro AUROC, ten families", "AUROC, drums", "calibration error", "triplets in order",
)  # fmt: skip
NAMES = {
    "keys": ("piano", "Keyboard (musical)"),
    "organ": ("organ", "Organ"),
    "guitar": ("guitar", "Guitar"),
    "bass": ("bass guitar", "Bass guitar"),
    "strings": ("strings", "Bowed string instrument"),
    "brass": ("brass", "Brass instrument"),
    "winds": ("woodwinds", "Wind instrument, woodwind instrument"),
    "voice": ("choir", "Choir"),
    "synth": ("synthesizer", "Synthesizer"),
    "mallets": ("marimba and bells", "Mallet percussion"),
    "drums": ("drums", "Drum kit"),
}


def tabulate(setting: Setting) -> Table:
    """Renders with an unseen font, recordings of known scores, and the text tower's triplets.

    Raises:
        FileNotFoundError: the folder lacks a manifest or the ontology.
    """
    rows = [row for subset in read_subsets(setting) for row in _subset_rows(subset, setting)]
    rows += triplet_rows(setting)
    note = "the heads never heard these scores, recordings and, unless it is said, this font"
    return Table(name="instruments", note=note, rows=tuple(rows))


def validate(scores: np.ndarray, labels: np.ndarray) -> None:
    """Refuse scores that are not of the same sounds and families.

    Raises:
        ValueError: other shapes, no sound, scores that are not finite, labels beyond 0, 1, NaN.
    """
    if scores.shape != labels.shape or scores.ndim != 2 or scores.shape[1] != len(FAMILIES):
        raise ValueError(f"scores {scores.shape} for labels {labels.shape} of 11 families")
    if not len(scores) or not np.isfinite(scores).all():
        raise ValueError("scores must be finite and at least one")
    if not np.isin(labels[np.isfinite(labels)], (0, 1)).all():
        raise ValueError("labels are 0, 1 or NaN")


def evaluate(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Every metric by name; NaN where no family has enough sounds. Scores are probabilities."""
    validate(scores, labels)
    everything = np.arange(len(scores))
    return {
        MACRO: macro_auroc(scores, labels, everything),
        DRUMS: drums_auroc(scores, labels, everything),
        CALIBRATION: calibration_error(scores, labels, everything),
    }


def macro_auroc(scores: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> float:
    """Mean over the pitched families that enough of the rows have and have not."""
    columns = range(len(FAMILIES) - 1)
    found = [_column_auroc(scores[rows, c], labels[rows, c]) for c in columns]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else float("nan")


def drums_auroc(scores: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> float:
    """Of the last column."""
    found = _column_auroc(scores[rows, -1], labels[rows, -1])
    return float("nan") if found is None else found


def calibration_error(
    chances: np.ndarray, labels: np.ndarray, rows: np.ndarray, *, num_bins: int = 10
) -> float:
    """Mean distance of a probability from the share that is true, over equal bins of it.

    Source: Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    said, truth = chances[rows].ravel(), labels[rows].ravel()
    said, truth = said[np.isfinite(truth)], truth[np.isfinite(truth)]
    bins = np.minimum((said * num_bins).astype(int), num_bins - 1)
    gaps = [
        np.count_nonzero(bins == b) * abs(said[bins == b].mean() - truth[bins == b].mean())
        for b in np.unique(bins)
    ]
    return float(np.sum(gaps) / len(said))


def triplets_in_order(vectors: np.ndarray, triplets: np.ndarray, rows: np.ndarray) -> float:
    """Share of (T, 3) triplets of vectors (N, D) whose positive is nearer than the negative."""
    anchors, positives, negatives = (vectors[triplets[rows, i]] for i in range(3))
    nearer = (anchors * positives).sum(axis=1) > (anchors * negatives).sum(axis=1)
    return float(nearer.mean())


def draw_triplets(families: Sequence[str], *, number: int = NUM_TRIPLETS) -> np.ndarray:
    """(T, 3) rows of named instruments: two of one family and one of another.

    Raises:
        ValueError: no family has two instruments, or there is only one.
    """
    names = np.array(families)
    paired = np.flatnonzero([np.count_nonzero(names == family) > 1 for family in names])
    if not len(paired) or len(set(families)) < 2:
        raise ValueError("triplets need two instruments of one family and one of another")
    rng = np.random.default_rng(0)
    drawn = []
    for anchor in rng.choice(paired, number):
        alike = np.flatnonzero((names == names[anchor]) & (np.arange(len(names)) != anchor))
        other = np.flatnonzero(names != names[anchor])
        drawn.append((anchor, rng.choice(alike), rng.choice(other)))
    return np.array(drawn)


def read_families(ontology: Any) -> tuple[list[str], list[str]]:
    """Names of the ontology's instruments and the families that they hang under."""
    by_id = {entry["id"]: entry for entry in ontology}
    root = next(entry for entry in ontology if entry["name"] == ROOT)
    found: dict[str, str] = {}
    for family in (by_id[child] for child in root["child_ids"]):
        found |= {name: family["name"] for name in _below(family, by_id) if name not in found}
    return list(found), list(found.values())


def triplet_rows(setting: Setting) -> list[Row]:
    """The text tower, the sentence trunk alone, and random vectors."""
    text = (setting.data_dir / ONTOLOGY).read_text(encoding="utf-8")
    names, families = read_families(json.loads(text))
    triplets = draw_triplets(families)
    sides = {
        MODEL: setting.embedder.embed_texts(names),
        SENTENCES: setting.sentence_vectors(names),
        RANDOM: random_rows(len(names)),
    }
    anchors = [names[i] for i in triplets[:, 0]]
    return [
        make_row(
            bootstrap_interval(anchors, partial(triplets_in_order, vectors, triplets)),
            method=method, metric=TRIPLETS, subset="AudioSet's instruments",
            num_tracks=len(names), num_queries=len(triplets), chance=0.5,
        )
        for method, vectors in sides.items()
    ]  # fmt: skip


def _subset_rows(subset: Subset, setting: Setting) -> Iterator[Row]:
    from encoders.towers.instruments import load_instruments

    chances = load_instruments().probabilities(subset.features)[:, : len(FAMILIES)]
    validate(chances, subset.labels)
    vectors = _vectors(subset.features, setting)
    texts = setting.embedder.embed_texts([name for pair in NAMES.values() for name in pair])
    methods = {
        HEADS: chances,
        MODEL: vectors @ texts[::2].T,
        BY_AUDIOSET: vectors @ texts[1::2].T,
        RANDOM: random_scorer(len(vectors))(list(NAMES)).T,
    }
    measures = {MACRO: macro_auroc, DRUMS: drums_auroc}
    everything = np.arange(len(vectors))
    for method, scores in methods.items():
        for metric, measure in measures.items():
            if np.isfinite(measure(scores, subset.labels, everything)):  # enough with and without
                yield _row(subset, method, metric, partial(measure, scores, subset.labels))
    yield _row(subset, HEADS, CALIBRATION, partial(calibration_error, chances, subset.labels))


def _row(subset: Subset, method: str, metric: str, statistic: Any) -> Row:
    return make_row(
        bootstrap_interval(subset.pieces, statistic),
        method=method,
        metric=metric,
        subset=subset.name,
        num_tracks=len(subset.features),
        num_queries=1 if metric == DRUMS else len(FAMILIES) - (metric == MACRO),
        chance=0.0 if metric == CALIBRATION else 0.5,
    )


def _vectors(features: np.ndarray, setting: Setting) -> np.ndarray:
    from encoders.embed import make_unit

    num_tags, num_plain = len(TAGS), len(TAGS) + len(SIGNAL_NAMES)
    tag_logits, signal = features[:, :num_tags], features[:, num_tags:num_plain]
    return make_unit(audio_head(setting).project(features[:, num_plain:], tag_logits, signal))


def _column_auroc(scores: np.ndarray, labels: np.ndarray) -> float | None:
    known = np.isfinite(labels)
    there = labels[known] == 1
    if min(there.sum(), (~there).sum()) < FEWEST:
        return None
    return auroc(scores[known], there)


def _below(entry: Any, by_id: Any) -> Iterator[str]:
    yield entry["name"]
    for child in entry["child_ids"]:
        if child in by_id:
            yield from _below(by_id[child], by_id)
