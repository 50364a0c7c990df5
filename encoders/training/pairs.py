"""Recordings with the words that their makers gave them: titles, scenes, places, uses.

Hears nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.training.manifests import Track
from encoders.understanding import Understanding, understand_text


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Holds the fields of one recording's text; `owner` is its row among the sounds' tracks."""

    owner: int
    tags: str  # scene words and use
    metadata: str  # title and places
    group: str  # recordings of one group may share their words: same game and title, or versions


@dataclass(frozen=True, kw_only=True)
class PairText:
    """Holds one text drawn from a pair."""

    owner: int
    group: str
    text: str
    understanding: Understanding


def training_pairs(tracks: Sequence[Track]) -> list[Pair]:
    """Pairs of those tracks that have any words, in their order."""
    pairs = [_pair(owner, t) for owner, t in enumerate(tracks) if not t.is_score]
    return [p for p in pairs if p.tags or p.metadata]


def draw_text(pair: Pair, rng: np.random.Generator, *, dropout: float) -> PairText:
    """A random, never empty subset of the pair's fields."""
    fields = [f for f in (pair.tags, pair.metadata) if f]
    kept = [f for f in fields if rng.random() >= dropout] or [str(rng.choice(fields))]
    text = ", ".join(kept)
    return PairText(
        owner=pair.owner, group=pair.group, text=text, understanding=understand_text(text)
    )


def all_texts(pairs: Sequence[Pair]) -> list[str]:
    """Every text that `draw_text` can give."""
    texts = {", ".join(f for f in (p.tags, p.metadata) if f) for p in pairs}
    return sorted(texts | {f for p in pairs for f in (p.tags, p.metadata) if f})


def _pair(owner: int, track: Track) -> Pair:
    row = track.labels
    tags = [*row.get("scene", ()), *([row["context"]] if row.get("context") else ())]
    places = list(dict.fromkeys(row.get("places") or ()))[:3]
    return Pair(
        owner=owner,
        tags=" ".join(f"{tag} music" if i == 0 else tag for i, tag in enumerate(tags)),
        metadata=", ".join([track.title, *places]),
        group=row.get("version_of") or track.id,
    )
