"""What listeners said of the `emotify` tracks, and the measures that compare scores with it.

Knows no model.

The protocol is the data's own: a track's relevance for an emotion is the sum of (N - rank) over
its prompts; a track takes the genre whose summed relevance, standardised over the tracks, is
highest.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.metrics import auroc, ndcg_at_k, spearman, wish_gains, worst_ranks

SHORT_NAMES = {"joy": "joyful_activation"}
DENYING = ("no", "not", "nothing", "without", "but")  # words by which a wish counts as a denial


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Holds one wish of the data with the emotions it wants and avoids."""

    text: str
    wanted: tuple[str, ...]
    avoided: tuple[str, ...]
    genre: str
    group: str  # "emotion", "genre and emotion", "genre or denial"


@dataclass(frozen=True, kw_only=True, eq=False)
class EmotionTruth:
    """Holds labels and prompts; N tracks."""

    titles: tuple[str, ...]
    artists: tuple[str, ...]
    splits: tuple[str, ...]
    genres: np.ndarray  # (N,) str
    shares: Mapping[str, np.ndarray]  # emotion -> (N,)
    emotion_prompts: Mapping[str, tuple[str, ...]]
    genre_prompts: Mapping[str, tuple[str, ...]]
    opposites: tuple[tuple[str, str], ...]
    wishes: tuple[Wish, ...]

    @property
    def texts(self) -> list[str]:
        """Every text that is scored, once."""
        prompts = [*self.emotion_prompts.values(), *self.genre_prompts.values()]
        found = [text for group in prompts for text in group]
        found += [f"{word} music" for pair in self.opposites for word in pair]
        return list(dict.fromkeys([*found, *(w.text for w in self.wishes)]))

    def subsets(self) -> dict[str, np.ndarray]:
        """Positions of all tracks and of each split."""
        splits = np.array(self.splits)
        parts = {name: np.flatnonzero(splits == name) for name in sorted(set(self.splits))}
        return {"all": np.arange(len(splits)), **parts}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Holds one metric as a function of the tracks that are looked at."""

    name: str
    num_queries: int
    chance: float
    of: Callable[[np.ndarray], float]


def read_truth(data_dir: Path) -> EmotionTruth:
    """Labels, prompts and wishes of a data folder.

    Raises:
        FileNotFoundError: `emotify.jsonl` or `text/emotion_prompts.json` is missing.
    """
    lines = (data_dir / "emotify.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    prompts = json.loads((data_dir / "text" / "emotion_prompts.json").read_text(encoding="utf-8"))
    emotions = sorted(rows[0]["emotions"])
    return EmotionTruth(
        titles=tuple(r["title"] for r in rows),
        artists=tuple(r["artist"] for r in rows),
        splits=tuple(r["split"] for r in rows),
        genres=np.array([r["genre"] for r in rows]),
        shares={e: np.array([r["emotions"][e] for r in rows]) for e in emotions},
        emotion_prompts={k: tuple(v) for k, v in prompts["emotions"].items()},
        genre_prompts={k: tuple(v) for k, v in prompts["genres"].items()},
        opposites=tuple((a, b) for a, b in prompts["antonyms"]),
        wishes=tuple(_read_wishes(data_dir / "text" / "dev_queries.tsv")),
    )


def emotion_measures(scores: Mapping[str, np.ndarray], truth: EmotionTruth) -> list[Measure]:
    """Every measure of (N,) scores by text."""
    emotions = list(truth.emotion_prompts)

    def one(emotion: str) -> Callable[[np.ndarray], float]:
        return lambda rows: emotion_correlation(scores, truth, emotion, rows)

    mean = Measure(
        name="Spearman, mean of five", num_queries=len(emotions), chance=0.0,
        of=lambda rows: float(np.mean([one(e)(rows) for e in emotions])),
    )  # fmt: skip
    each = [Measure(name=f"Spearman {e}", num_queries=1, chance=0.0, of=one(e)) for e in emotions]
    genre = Measure(
        name="genre accuracy", num_queries=len(truth.genre_prompts),
        chance=1.0 / len(truth.genre_prompts),
        of=lambda rows: genre_accuracy(scores, truth, rows),
    )  # fmt: skip
    pairs = Measure(
        name="opposites apart", num_queries=len(truth.opposites), chance=0.5,
        of=lambda rows: opposites_apart(scores, truth, rows),
    )  # fmt: skip
    return [mean, *each, genre, pairs, *_wish_measures(scores, truth)]


def emotion_correlation(
    scores: Mapping[str, np.ndarray], truth: EmotionTruth, emotion: str, rows: np.ndarray
) -> float:
    """Spearman of the summed relevance of an emotion's prompts with the listeners' shares."""
    relevance = summed_relevance(scores, truth.emotion_prompts[emotion], rows)
    return spearman(relevance, truth.shares[emotion][rows])


def genre_accuracy(
    scores: Mapping[str, np.ndarray], truth: EmotionTruth, rows: np.ndarray
) -> float:
    """Share of tracks whose genre has the highest standardised relevance."""
    genres = list(truth.genre_prompts)
    relevance = np.stack([summed_relevance(scores, truth.genre_prompts[g], rows) for g in genres])
    spread = np.maximum(relevance.std(axis=1, keepdims=True), 1e-9)
    standard = (relevance - relevance.mean(axis=1, keepdims=True)) / spread
    return float((np.array(genres)[standard.argmax(axis=0)] == truth.genres[rows]).mean())


def opposites_apart(
    scores: Mapping[str, np.ndarray], truth: EmotionTruth, rows: np.ndarray
) -> float:
    """Share of pairs of opposites that rank the tracks contrarily."""
    values = opposite_correlations(scores, truth, rows)
    return float(np.mean([value < 0 for value in values.values()]))


def opposite_correlations(
    scores: Mapping[str, np.ndarray], truth: EmotionTruth, rows: np.ndarray
) -> dict[tuple[str, str], float]:
    """Spearman between the rankings of each pair of opposites."""
    return {
        (a, b): spearman(scores[f"{a} music"][rows], scores[f"{b} music"][rows])
        for a, b in truth.opposites
    }


def summed_relevance(
    scores: Mapping[str, np.ndarray], prompts: Sequence[str], rows: np.ndarray
) -> np.ndarray:
    """Sum over the prompts of (N - rank)."""
    return np.asarray(sum(len(rows) - worst_ranks(scores[p][rows]) for p in prompts), dtype=float)


def mean_mood_auroc(scores: np.ndarray, labels: np.ndarray, moods: Sequence[str]) -> float:
    """Mean AUROC over the moods that the tracks hold and lack; NaN where there is none."""
    found = [
        auroc(scores[i], labels == mood)
        for i, mood in enumerate(moods)
        if 0 < (labels == mood).sum() < len(labels)
    ]
    return float(np.mean(found)) if found else float("nan")


def _wish_measures(scores: Mapping[str, np.ndarray], truth: EmotionTruth) -> list[Measure]:
    groups = sorted({w.group for w in truth.wishes})
    return [_wish_measure(scores, truth, group) for group in groups]


def _wish_measure(scores: Mapping[str, np.ndarray], truth: EmotionTruth, group: str) -> Measure:
    wishes = [w for w in truth.wishes if w.group == group]
    gains = [_gains(w, truth) for w in wishes]

    def mean_ndcg(rows: np.ndarray) -> float:
        values = [
            ndcg_at_k(scores[w.text][rows], g[rows]) for w, g in zip(wishes, gains, strict=True)
        ]
        return float(np.mean(values))

    rng = np.random.default_rng(0)
    chance = float(np.mean([ndcg_at_k(rng.random(len(g)), g) for g in gains for _ in range(20)]))
    return Measure(name=f"nDCG@10 {group}", num_queries=len(wishes), chance=chance, of=mean_ndcg)


def _gains(wish: Wish, truth: EmotionTruth) -> np.ndarray:
    of_genre = truth.genres == wish.genre if wish.genre else None
    return wish_gains(truth.shares, wanted=wish.wanted, avoided=wish.avoided, of_genre=of_genre)


def _read_wishes(path: Path) -> list[Wish]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [_wish(row) for row in csv.DictReader(lines, delimiter="\t")]


def _wish(row: Mapping[str, str]) -> Wish:
    wanted, avoided = _names(row["want"]), _names(row["avoid"])
    denies = any(word in DENYING for word in row["text"].lower().replace(",", " ").split())
    group = "emotion"
    if denies or (row["genre"] and not wanted):
        group = "genre or denial"
    elif row["genre"]:
        group = "genre and emotion"
    return Wish(
        text=row["text"], wanted=wanted, avoided=avoided, genre=row["genre"] or "", group=group
    )


def _names(written: str) -> tuple[str, ...]:
    return tuple(SHORT_NAMES.get(name, name) for name in written.split(",") if name)
