"""Free wishes: do words outside every template ("boss fight at dawn") get sensible tracks?

Conventions
    scores (Q, N) of N tracks for Q wishes, sound alone; heard (N, T) what is measured of the
    tracks without any text: the audio trunk's 50 tag logits and the five affect axes, each
    standardised over the N tracks. wanted (Q, T) and unwanted (Q, T), bool, are written by hand
    (`free_queries.tsv`), before the word lists last grew; the wishes train nothing.

Metrics
    margin: mean of the wanted columns over the first ten tracks less that of the unwanted ones,
    in spreads. wanted above unwanted: share of wishes with a margin above 0. Random scores reach
    0 and 0.5. Intervals draw wishes; "A minus B" rows are on the same wishes.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.bench.baselines import (
    metadata_scorer,
    random_scorer,
    tag_name_scorer,
    vector_scorer,
)
from encoders.bench.pool import POOL, pool_tracks
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import audio_head, embed_tracks, read_features
from encoders.lexicon.vocabulary import AXES
from encoders.metrics import mean_interval
from encoders.training.manifests import Track

WISHES = Path(__file__).with_name("free_queries.tsv")
FIRST = 10  # tracks that are looked at
ABOVE, MARGIN = "wanted above unwanted", "margin"
CHANCES = {ABOVE: 0.5, MARGIN: 0.0}


@dataclass(frozen=True, kw_only=True)
class FreeWish:
    """Holds one wish with what its music should and should not be, by names of `heard_names`."""

    text: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


def tabulate(setting: Setting) -> Table:
    """Every free wish over the pool.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = pool_tracks(setting.data_dir)
    vectors = embed_tracks(tracks, setting)
    titles = {t.id: t.title for t in tracks}
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        "titles alone": metadata_scorer(
            [titles[i] for i in vectors.ids], setting.sentence_vectors
        ),
        RANDOM: random_scorer(len(vectors.ids)),
    }
    wishes = read_wishes()
    heard = measure_tracks(tracks, setting)
    wanted, unwanted = masks(wishes, heard_names())
    texts = [w.text for w in wishes]
    found = {m: margins(score(texts), heard, wanted, unwanted) for m, score in scorers.items()}
    note = f"first {FIRST} tracks of {len(wishes)} wishes in words of no list or template"
    return Table(name="free_queries", note=note, rows=tuple(_rows(found, len(heard))))


def validate(
    scores: np.ndarray, heard: np.ndarray, wanted: np.ndarray, unwanted: np.ndarray
) -> None:
    """Refuse arrays that do not fit each other.

    Raises:
        ValueError: other shapes, a wish without wanted or unwanted columns, or values that are
            not finite.
    """
    if scores.shape != (len(wanted), len(heard)) or wanted.shape != unwanted.shape:
        raise ValueError(f"scores {scores.shape} for {len(wanted)} wishes, {len(heard)} tracks")
    if wanted.shape[1] != heard.shape[1]:
        raise ValueError(f"{wanted.shape[1]} columns wanted of {heard.shape[1]}")
    if not (wanted.any(axis=1).all() and unwanted.any(axis=1).all()):
        raise ValueError("a wish wants nothing or rules out nothing")
    if not (np.isfinite(scores).all() and np.isfinite(heard).all()):
        raise ValueError("scores and what is heard must be finite")


def margins(
    scores: np.ndarray, heard: np.ndarray, wanted: np.ndarray, unwanted: np.ndarray
) -> np.ndarray:
    """(Q,) how far the wanted columns lie above the unwanted ones among the first tracks."""
    validate(scores, heard, wanted, unwanted)
    found = []
    for row, ours, theirs in zip(scores, wanted, unwanted, strict=True):
        first = heard[np.argsort(-row, kind="stable")[:FIRST]].mean(axis=0)
        found.append(first[ours].mean() - first[theirs].mean())
    return np.array(found)


def evaluate(
    scores: np.ndarray, heard: np.ndarray, wanted: np.ndarray, unwanted: np.ndarray
) -> dict[str, float]:
    """Every metric by name."""
    found = margins(scores, heard, wanted, unwanted)
    return {ABOVE: float((found > 0).mean()), MARGIN: float(found.mean())}


def read_wishes(path: Path = WISHES) -> list[FreeWish]:
    """The wishes as written."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            FreeWish(
                text=row["text"],
                wanted=tuple(row["wanted"].split(",")),
                unwanted=tuple(row["unwanted"].split(",")),
            )
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def heard_names() -> tuple[str, ...]:
    """Names of the columns that are measured of a track."""
    from encoders.trunks.musicnn import TAGS

    return (*TAGS, *AXES)


def measure_tracks(tracks: Sequence[Track], setting: Setting) -> np.ndarray:
    """(N, 55) tag logits and affect axes, standardised over the tracks."""
    features = read_features(tracks, setting).values()
    tags = np.stack([f.track_mean(f.tag_logits) for f in features])
    signal = np.stack([f.track_mean(f.signal) for f in features])
    heard = np.concatenate([tags, audio_head(setting).concepts(tags, signal)], axis=1)
    return np.asarray((heard - heard.mean(axis=0)) / np.maximum(heard.std(axis=0), 1e-9))


def masks(wishes: Sequence[FreeWish], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which columns each wish wants and rules out, two (Q, T) bool.

    Raises:
        ValueError: a wish names a column that is not measured.
    """
    place = {name: i for i, name in enumerate(names)}
    found = []
    for asked in ([w.wanted for w in wishes], [w.unwanted for w in wishes]):
        mask = np.zeros((len(wishes), len(names)), dtype=bool)
        for row, columns in enumerate(asked):
            for name in columns:
                if name not in place:
                    raise ValueError(f"{wishes[row].text!r}: {name!r} is not measured")
                mask[row, place[name]] = True
        found.append(mask)
    return found[0], found[1]


def _rows(found: Mapping[str, np.ndarray], num_tracks: int) -> list[Row]:
    rows = []
    for metric, chance in CHANCES.items():
        values = {m: (v > 0).astype(float) if metric == ABOVE else v for m, v in found.items()}
        differences = {
            f"{MODEL} minus {m}": values[MODEL] - v for m, v in values.items() if m != MODEL
        }
        for method, per_wish in {**values, **differences}.items():
            row = make_row(
                mean_interval(per_wish),
                method=method, metric=metric, subset=POOL, num_tracks=num_tracks,
                num_queries=len(per_wish), chance=0.0 if method in differences else chance,
            )  # fmt: skip
            rows.append(row)
    return rows
