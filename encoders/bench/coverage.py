"""Coverage: how much of a catalogue does anybody ever get to hear?

Needs no labels, so it runs on any catalogue.

Conventions
    lists (Q, k) places of the first k tracks of Q questions among N tracks; k is 10. Questions
    are the 60 wishes below ("words") or the tracks themselves ("sounds", each without itself).

Metrics
    reached: share of the N tracks that stand in at least one list.
    Gini: inequality of how often tracks are listed, 0 (all alike) to 1 (one track gets it all).
    Chance is what lists drawn at random give. More questions reach more: compare only tables with
    the same Q, N and k.
"""

from collections.abc import Callable, Sequence

import numpy as np

from encoders.bench.baselines import (
    MFCC,
    mfcc_rows,
    random_rows,
    random_scorer,
    tag_name_scorer,
    vector_scorer,
)
from encoders.bench.hubness import nearest_lists, occurrences
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import TrackVectors, ask_for_likes, embed_tracks, read_recordings
from encoders.metrics import bootstrap_interval
from encoders.training.manifests import Track

LIST_LENGTH = 10
SUBSET = "audio + emotify"
NUM_CHANCE_DRAWS = 20
SPELT = (
    "calm piano|sad strings|an energetic rock song|dreamy synths|a tense thriller cue|happy folk"
    "|dark ambient|a triumphant fanfare|slow acoustic guitar|fast electronic dance music"
    "|a tender lullaby|aggressive metal|cheerful children's music|a lonely flute|epic orchestra"
    "|lo-fi beats to study to|music for a chase|music for falling asleep|a solemn choir"
    "|funky bass and drums|a romantic ballad|mysterious harp|upbeat pop for a party"
    "|a nostalgic waltz|minimal techno|a medieval dance|jazz for a late bar|menacing drones"
    "|bright ukulele|a quiet solo cello|a heroic march|bouncy chiptune|spacious pads"
    "|angry punk|a baroque concerto|a gentle morning|a storm at sea|desert blues"
    "|a slow build to a climax|relaxed reggae|virtuoso violin|an eerie music box"
    "|music for a workout|a peaceful garden|a bustling market|hypnotic percussion"
    "|soft vocals over guitar|a funeral|the final boss|rain on a window|a victory screen"
    "|walking through snow|a tavern at night|flying over mountains|a haunted house"
    "|instrumental hip hop|a celtic jig|romantic piano by candlelight|an old organ"
    "|playful pizzicato"
)
WISHES = tuple(SPELT.split("|"))  # 60


def tabulate(setting: Setting) -> Table:
    """Lists from `audio` and `emotify` for 60 wishes and for each of the tracks.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = read_recordings(setting)
    vectors = embed_tracks(tracks, setting)
    tracks = [t for t in tracks if t.id in set(vectors.ids)]
    groups = [t.artist or t.id for t in tracks]
    lists = {
        **{(m, f"words, {SUBSET}"): v for m, v in _word_lists(vectors, setting).items()},
        **{(m, f"sounds, {SUBSET}"): v for m, v in _sound_lists(vectors, tracks, setting).items()},
    }
    rows = [
        row
        for (method, subset), found in lists.items()
        for row in coverage_rows(found, method=method, subset=subset, groups=groups)
    ]
    note = "how many tracks stand in at least one list of ten; Gini: lower is better"
    return Table(name="coverage", note=note, rows=tuple(rows))


def validate(lists: np.ndarray, num_tracks: int) -> None:
    """Refuse lists that are not of the catalogue.

    Raises:
        ValueError: not (Q, k), empty, or places that are not there.
    """
    if lists.ndim != 2 or not lists.size:
        raise ValueError(f"lists of shape {lists.shape}; (Q, k) with something in it is needed")
    if lists.min() < 0 or lists.max() >= num_tracks:
        raise ValueError(f"places must be 0 to {num_tracks - 1}")


def evaluate(lists: np.ndarray, num_tracks: int) -> dict[str, float]:
    """Every metric by name."""
    validate(lists, num_tracks)
    counts = occurrences(lists, num_tracks)
    return {"reached": float((counts > 0).mean()), "Gini": gini(counts)}


def gini(counts: np.ndarray) -> float:
    """Inequality of (N,) counts: 0 where all are alike, near 1 where one has everything."""
    total = counts.sum()
    if total == 0:
        return 0.0
    ordered, places = np.sort(counts), np.arange(1, len(counts) + 1)
    return float((2 * places - len(counts) - 1) @ ordered / (len(counts) * total))


def first_lists(scores: np.ndarray, *, k: int = LIST_LENGTH) -> np.ndarray:
    """(Q, k) places of the k highest of (Q, N) scores, in no order."""
    return np.argpartition(-scores, k - 1, axis=1)[:, :k]


def coverage_rows(
    lists: np.ndarray, *, method: str, subset: str, groups: Sequence[str]
) -> list[Row]:
    """Rows with intervals over the N tracks, whose lists stay as they are; N = len(groups)."""
    num_tracks = len(groups)
    validate(lists, num_tracks)
    counts = occurrences(lists, num_tracks)
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "reached": lambda rows: float((counts[rows] > 0).mean()),
        "Gini": lambda rows: gini(counts[rows]),
    }
    chances = _chance_of_lists(lists.shape, num_tracks)
    return [
        make_row(
            bootstrap_interval(groups, statistic),
            method=method,
            metric=metric,
            subset=subset,
            num_tracks=num_tracks,
            num_queries=len(lists),
            chance=chances[metric],
        )
        for metric, statistic in statistics.items()
    ]


def _chance_of_lists(shape: tuple[int, ...], num_tracks: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    draws = [
        evaluate(rng.integers(0, num_tracks, size=shape), num_tracks)
        for _ in range(NUM_CHANCE_DRAWS)
    ]
    return {name: float(np.mean([d[name] for d in draws])) for name in draws[0]}


def _word_lists(vectors: TrackVectors, setting: Setting) -> dict[str, np.ndarray]:
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        RANDOM: random_scorer(len(vectors.ids)),
    }
    return {method: first_lists(score(WISHES)) for method, score in scorers.items()}


def _sound_lists(
    vectors: TrackVectors, tracks: Sequence[Track], setting: Setting
) -> dict[str, np.ndarray]:
    plain = mfcc_rows(tracks, setting)
    standard = (plain - plain.mean(axis=0)) / (plain.std(axis=0) + 1e-6)
    points = {
        MODEL: vectors.tracks,
        MFCC: standard / np.linalg.norm(standard, axis=1, keepdims=True),
        RANDOM: random_rows(len(tracks)),
    }
    questions = {MODEL: ask_for_likes(vectors.tracks, setting)}
    return {
        method: nearest_lists(rows, k=LIST_LENGTH, questions=questions.get(method))
        for method, rows in points.items()
    }
