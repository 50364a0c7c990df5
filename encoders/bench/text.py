"""Text to track by the words that a manifest gives (scene, mood, tags, text; not the title).

Conventions
    Sound alone is ranked. A query is the words of one or more tracks, (Q,) texts; tracks with the
    same words are all right answers, right (Q, N) bool. Higher scores (Q, N) are better; ties
    count against the model.

Metrics
    R@k: share of queries with a right track among the first k. Median rank: of the best right
    track. Chance knows how many right answers each query has.

The baseline "titles alone" searches the titles for those words.
"""

from typing import Any

import numpy as np

from encoders.bench.baselines import (
    metadata_scorer,
    random_scorer,
    tag_name_scorer,
    vector_scorer,
)
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Table
from encoders.bench.tracks import embed_tracks
from encoders.metrics import evaluate, validate
from encoders.training.manifests import read_tracks

__all__ = ["evaluate", "tabulate", "validate", "words_of"]

WORD_FIELDS = ("scene", "context", "tags", "mood", "style", "genre", "text")
MANIFEST, SPLIT = "audio", "test"


def tabulate(setting: Setting, *, manifest: str = MANIFEST, split: str = SPLIT) -> Table:
    """Words to their tracks in one split of a manifest.

    Raises:
        FileNotFoundError: the folder lacks the manifest.
        ValueError: no track of the split has words.
    """
    tracks = [t for t in read_tracks(setting.data_dir, manifest) if t.split == split]
    words = [words_of(t.labels) for t in tracks]
    queries = sorted({w for w in words if w})
    if not queries:
        raise ValueError(f"{manifest}.jsonl: no track of split {split!r} has words to search by")
    vectors = embed_tracks(tracks, setting)
    right = np.array([[w == query for w in words] for query in queries])
    scorers = {
        MODEL: vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, setting.sentence_vectors),
        "titles alone": metadata_scorer([t.title for t in tracks], setting.sentence_vectors),
        RANDOM: random_scorer(len(tracks)),
    }
    rows = [
        row
        for method, score in scorers.items()
        for row in ranking_rows(method, score(queries), right, subset=f"{manifest} {split}")
    ]
    note = "a query is the words of one or more tracks; sound alone is ranked"
    return Table(name="text", note=note, rows=tuple(rows))


def words_of(labels: Any) -> str:
    """The searchable words of a manifest's row, lower case, "" where it has none."""
    found: list[str] = []
    for name in WORD_FIELDS:
        value = labels.get(name)
        found += [str(v) for v in (value if isinstance(value, list) else [value]) if v]
    return ", ".join(dict.fromkeys(w.lower() for w in found))
