"""The two measurements of the encoders.

Emotion (against listeners) and text (words to their own track).

    table = evaluate_emotion(embedder, data_dir)        # emotify.jsonl, text/emotion_prompts.json
    ... table = evaluate_text(embedder, data_dir)           # audio.jsonl or any manifest with
    words for row in table.rows: ...

Sound alone is ranked: titles, artists and tags of the tracks play no part, but in the baseline
that says so. Features are cached outside the repository. N tracks, D = 256.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from encoders.baselines import (
    Scorer,
    SentenceVectors,
    metadata_scorer,
    random_scorer,
    tag_name_scorer,
)
from encoders.emotion_truth import (
    EmotionTruth,
    Measure,
    emotion_measures,
    mean_mood_auroc,
    read_truth,
)
from encoders.metrics import Interval, bootstrap_interval, evaluate, ranks_of_answers
from encoders.training.manifests import Track, read_tracks

MODEL = "temptrack"
WORD_FIELDS = ("scene", "context", "tags", "mood", "style", "genre", "text")


class TextEmbedder(Protocol):
    """What is measured: something that places texts in the space of the shipped audio head."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (N, 256)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """Holds one measured value."""

    method: str
    metric: str
    subset: str
    num_tracks: int
    num_queries: int
    chance: float
    value: float
    low: float  # 95 % interval, bootstrap over artists
    high: float


@dataclass(frozen=True, kw_only=True)
class Table:
    """Holds the rows of one evaluation and what they are about."""

    name: str
    note: str
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackVectors:
    """Holds what the audio tower says of some tracks."""

    ids: tuple[str, ...]
    tracks: np.ndarray  # (N, 256)
    segments: tuple[np.ndarray, ...]  # N arrays (S, 256)
    tags: np.ndarray  # (N, 50) standardised


def evaluate_emotion(
    embedder: TextEmbedder, data_dir: Path, *, cache_dir: Path | None = None, progress: Any = None
) -> Table:
    """Listeners' emotions, genres, opposites and wishes on `emotify`.

    Moods on `stock` where it is there.

    Raises:
        FileNotFoundError: the folder lacks the manifest or the prompts.
    """
    truth = read_truth(data_dir)
    vectors = embed_tracks(
        read_tracks(data_dir, "emotify"), cache_dir=cache_dir, progress=progress
    )
    sentences = _sentences(cache_dir)
    scorers = {
        MODEL: vector_scorer(embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, sentences),
        "titles alone": metadata_scorer(truth.titles, sentences),
        "random features": random_scorer(len(vectors.ids)),
    }
    rows = [
        row for method, score in scorers.items() for row in _emotion_rows(method, score, truth)
    ]
    if (data_dir / "stock.jsonl").exists():
        rows += _stock_rows(embedder, data_dir, cache_dir)
    note = "zero-shot: nothing was trained on these tracks; choices were made on val"
    return Table(name="emotion", note=note, rows=tuple(rows))


def evaluate_text(
    embedder: TextEmbedder,
    data_dir: Path,
    *,
    manifest: str = "audio",
    split: str = "test",
    cache_dir: Path | None = None,
    progress: Any = None,
) -> Table:
    """Text to track by the words that a manifest gives (scene, mood, tags, text; not the title).

    Tracks with the same words are all right answers of one query. The baseline "titles alone"
    searches the titles for those words.

    Raises:
        FileNotFoundError: the folder lacks the manifest.
        ValueError: no track of the split has words.
    """
    tracks = [t for t in read_tracks(data_dir, manifest) if t.split == split]
    words = [words_of(t.labels) for t in tracks]
    queries = sorted({w for w in words if w})
    if not queries:
        raise ValueError(f"{manifest}.jsonl: no track of split {split!r} has words to search by")
    vectors = embed_tracks(tracks, cache_dir=cache_dir, progress=progress)
    right = np.array([[w == query for w in words] for query in queries])
    sentences = _sentences(cache_dir)
    scorers = {
        MODEL: vector_scorer(embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, sentences),
        "titles alone": metadata_scorer([t.title for t in tracks], sentences),
        "random features": random_scorer(len(tracks)),
    }
    rows = [
        row
        for method, score in scorers.items()
        for row in _text_rows(method, score(queries), right, subset=f"{manifest} {split}")
    ]
    note = "a query is the words of one or more tracks; sound alone is ranked"
    return Table(name="text", note=note, rows=tuple(rows))


def embed_tracks(
    tracks: Sequence[Track], *, cache_dir: Path | None = None, progress: Any = None
) -> TrackVectors:
    """Vectors of tracks by the shipped audio head, features from the cache.

    Unreadable tracks are left out.
    """
    from encoders.embed import make_unit
    from encoders.towers.audio import load_audio_head
    from encoders.training.cache import FeatureCache, default_cache_folder
    from encoders.trunks.features import segment_mean

    features = FeatureCache(cache_dir or default_cache_folder()).features(tracks, progress)
    head = load_audio_head()
    arrays = [(f.pools, f.tag_logits, f.signal) for f in features.values()]
    wholes = [[rows.mean(axis=0)[None] for rows in parts] for parts in arrays]
    pieces = [f.segments for f in features.values()]
    tags = np.concatenate([whole[1] for whole in wholes])
    return TrackVectors(
        ids=tuple(features),
        tracks=make_unit(np.concatenate([head.project(*whole) for whole in wholes])),
        segments=tuple(
            make_unit(head.project(*(segment_mean(rows, piece) for rows in parts)))
            for parts, piece in zip(arrays, pieces, strict=True)
        ),
        tags=(tags - head.mean[:50]) / head.spread[:50],
    )


def vector_scorer(embedder: TextEmbedder, tracks: np.ndarray) -> Scorer:
    """Inner products of texts with (N, 256) tracks."""

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(embedder.embed_texts(list(texts)) @ tracks.T)

    return score


def words_of(labels: Any) -> str:
    """The searchable words of a manifest's row, lower case, "" where it has none."""
    found: list[str] = []
    for name in WORD_FIELDS:
        value = labels.get(name)
        found += [str(v) for v in (value if isinstance(value, list) else [value]) if v]
    return ", ".join(dict.fromkeys(w.lower() for w in found))


def _emotion_rows(method: str, score: Scorer, truth: EmotionTruth) -> list[Row]:
    scores = dict(zip(truth.texts, score(truth.texts), strict=True))
    rows = []
    for subset, members in truth.subsets().items():
        artists = [truth.artists[i] for i in members]
        for measure in emotion_measures(scores, truth):
            interval = bootstrap_interval(artists, partial(_of_members, measure, members))
            rows.append(
                _row(method, measure.name, subset, interval, num_tracks=len(members),
                     num_queries=measure.num_queries, chance=measure.chance)
            )  # fmt: skip
    return rows


def _stock_rows(embedder: TextEmbedder, data_dir: Path, cache_dir: Path | None) -> list[Row]:
    tracks = read_tracks(data_dir, "stock")
    vectors = embed_tracks(tracks, cache_dir=cache_dir).tracks
    labels = np.array([t.labels["mood"] for t in tracks])
    moods = sorted(set(labels.tolist()))
    groups = [f"{t.labels['mood']} {t.labels['style']}" for t in tracks]
    rows = []
    for method, score in (
        (MODEL, vector_scorer(embedder, vectors)),
        ("random features", random_scorer(len(tracks))),
    ):
        scores = score([f"{mood} music" for mood in moods])
        interval = bootstrap_interval(groups, partial(_of_moods, scores, labels, moods))
        rows.append(_row(method, "mood AUROC", "stock", interval, num_tracks=len(tracks),
                         num_queries=len(moods), chance=0.5))  # fmt: skip
    return rows


def _text_rows(method: str, scores: np.ndarray, right: np.ndarray, *, subset: str) -> list[Row]:
    num_queries, num_tracks = scores.shape
    names = [str(i) for i in range(num_queries)]
    ranks = ranks_of_answers(scores, right)
    chances = chance_of(right)
    rows = []
    for metric in evaluate(scores, right):
        interval = bootstrap_interval(names, partial(_of_ranks, metric, ranks))
        rows.append(_row(method, metric, subset, interval, num_tracks=num_tracks,
                         num_queries=num_queries, chance=chances[metric]))  # fmt: skip
    return rows


def chance_of(right: np.ndarray, *, num_draws: int = 2_000) -> dict[str, float]:
    """Each metric for scores drawn at random, by drawing them."""
    rng = np.random.default_rng(0)
    draws = [evaluate(rng.random(right.shape), right) for _ in range(num_draws // 10)]
    return {metric: float(np.mean([d[metric] for d in draws])) for metric in draws[0]}


def _of_members(measure: Measure, members: np.ndarray, rows: np.ndarray) -> float:
    return measure.of(members[rows])


def _of_moods(
    scores: np.ndarray, labels: np.ndarray, moods: Sequence[str], rows: np.ndarray
) -> float:
    return mean_mood_auroc(scores[:, rows], labels[rows], moods)


def _of_ranks(metric: str, all_ranks: np.ndarray, rows: np.ndarray) -> float:
    ranks = all_ranks[rows]
    if metric == "median rank":
        return float(np.median(ranks))
    return float((ranks <= int(metric.removeprefix("R@"))).mean())


def _row(method: str, metric: str, subset: str, interval: Interval, **counts: Any) -> Row:
    return Row(
        method=method, metric=metric, subset=subset, value=interval.value,
        low=interval.low, high=interval.high, **counts,
    )  # fmt: skip


def _sentences(cache_dir: Path | None) -> SentenceVectors:
    from encoders.training.cache import default_cache_folder
    from encoders.training.sentences import SentenceCache

    return SentenceCache(cache_dir or default_cache_folder()).vectors
