"""The recipe that the heads started from, rebuilt on the same features: the "before" row.

    python -m benchmarks.starting_recipe --data ../shared/data [--heads FOLDER]

Text: a perceptron 384-256-54 on the sentence vector, four seeds averaged, 12 epochs, dropout 0.3.
It learns 50 tags, matched by name in captions and their aspects (cross-entropy with smoothing),
four affect axes (valence, energy, tension, power) that a signed word list gives (squared error),
and the differences of opposites (0.3 x squared error). Sound: tag logits in spreads of training
recordings; axes as signed sums of tags and signal features. Score: tags + axes, each of unit
spread over the tracks, + 0.25 x likeness to the tags' names; what is denied counts minus a half;
a genre word adds the genre's own score. The word list is today's, so this start knows more words
than the first one did.

Printed: both methods' values and the paired gain on the same resampled artists. `--heads` measures
other heads than the shipped ones. Nothing is trained on the tracks that are measured.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.head_embedder import HeadEmbedder
from encoders.bench.baselines import Scorer, tag_name_scorer, vector_scorer
from encoders.bench.emotify import Measure, emotion_measures, read_truth
from encoders.bench.setting import Setting
from encoders.bench.tracks import audio_head, embed_tracks, read_features
from encoders.embed import load_embedder
from encoders.lexicon.vocabulary import load_vocabulary
from encoders.metrics import Interval, bootstrap_interval, paired_difference
from encoders.towers.audio import load_audio_head
from encoders.towers.text import direction_weights, load_text_head
from encoders.training.cache import default_cache_folder
from encoders.training.manifests import read_tracks, training_captions
from encoders.training.sentences import SentenceCache
from encoders.training.texts import training_texts
from encoders.trunks.musicnn import TAGS
from encoders.understanding import Understanding, understand_text

NUM_AXES, NUM_TAGS, NUM_SENTENCE, NUM_HIDDEN = 4, len(TAGS), 384, 256
NUM_EPOCHS, BATCH_SIZE, LEARNING_RATE, DROPOUT = 12, 256, 1e-3, 0.3
SMOOTHING, OPPOSITES_WEIGHT, OPPOSITES_PER_STEP = 0.05, 0.3, 64
NAME_SHARE, DENIAL, CONTRARY = 0.25, 0.5, -0.5
SEEDS = (0, 1, 2, 3)
ALIASES = {"Hip-Hop": "hip hop|hip-hop|rap", "rnb": "r&b|rnb", "female vocalists": "female voc",
           "female vocalist": "female sing|female voc", "male vocalists": r"\bmale (?:voc|sing)",
           "chillout": "chill", "electronica": "electronic"}  # fmt: skip
MEASURED = ("Spearman, mean of five", "genre accuracy", "nDCG@10 emotion",
            "nDCG@10 genre and emotion", "nDCG@10 genre or denial")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """Holds what the perceptron learns: T texts."""

    sentences: np.ndarray  # (T, 384)
    tags: np.ndarray  # (T, 50) of 0 and 1
    axes: np.ndarray  # (T, 4)


def main() -> None:
    """Learn, score `emotify`, print values and paired gains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--heads", type=Path, help="folder with audio/ and text/")
    asked = parser.parse_args()
    reader = SentenceCache(default_cache_folder())
    setting = _setting(asked.data, asked.heads, reader)
    lessons = _lessons(asked.data, reader)
    networks = [learn(lessons, seed=seed) for seed in SEEDS]
    start = starting_scorer(networks, setting)
    vectors = embed_tracks(read_tracks(asked.data, "emotify"), setting)
    _report(
        {"temptrack": vector_scorer(setting.embedder, vectors.tracks), "start": start}, asked.data
    )


def learn(lessons: Lessons, *, seed: int) -> nn.Module:
    """One perceptron; deterministic for a seed."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(NUM_SENTENCE, NUM_HIDDEN), nn.GELU(), nn.Dropout(DROPOUT),
        nn.Linear(NUM_HIDDEN, NUM_TAGS + NUM_AXES),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    sentences, tags, axes = (
        torch.from_numpy(a.astype(np.float32))
        for a in (lessons.sentences, lessons.tags, lessons.axes)
    )
    rng, contrary = np.random.default_rng(seed), contrary_pairs(lessons.axes, seed=seed)
    for _ in range(NUM_EPOCHS):
        for rows in np.array_split(rng.permutation(len(sentences)), len(sentences) // BATCH_SIZE):
            said = network(sentences[rows])
            loss = _plain_loss(said, tags[rows], axes[rows])
            pairs = contrary[rng.integers(0, len(contrary), size=OPPOSITES_PER_STEP)]
            loss = loss + OPPOSITES_WEIGHT * _difference_loss(network, sentences, axes, pairs)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return network.eval()


def contrary_pairs(axes: np.ndarray, *, seed: int, num_draws: int = 200_000) -> np.ndarray:
    """(P, 2) texts whose axes point in contrary directions."""
    rng, lengths = np.random.default_rng(seed), np.linalg.norm(axes, axis=1)
    speaking = np.flatnonzero(lengths > 0)
    pairs = speaking[rng.integers(0, len(speaking), size=(num_draws, 2))]
    one, other = axes[pairs[:, 0]], axes[pairs[:, 1]]
    cosine = (one * other).sum(axis=1) / (lengths[pairs[:, 0]] * lengths[pairs[:, 1]])
    return np.asarray(pairs[cosine < CONTRARY])


def starting_scorer(networks: Sequence[nn.Module], setting: Setting) -> Scorer:
    """The start's scores (T, N) of the tracks of `emotify`."""
    tracks = read_tracks(setting.data_dir, "emotify")
    features, head = read_features(tracks, setting).values(), audio_head(setting)
    logits = np.stack([f.track_mean(f.tag_logits) for f in features])
    signal = np.stack([f.track_mean(f.signal) for f in features])
    tags = (logits - head.mean[:NUM_TAGS]) / head.spread[:NUM_TAGS]
    axes = head.concepts(logits, signal)[:, :NUM_AXES]
    names = tag_name_scorer(tags, setting.sentence_vectors)
    centre = _mean_tags(networks, setting)

    def part(texts: list[str]) -> np.ndarray:
        said = _say(networks, setting.sentence_vectors(texts))
        scores = _spread((said[:, :NUM_TAGS] - centre) @ tags.T)
        scores += _spread(said[:, NUM_TAGS:] @ axes.T) + NAME_SHARE * _spread(names(texts))
        return np.asarray(scores)

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.stack([_with_parts(understand_text(t), part, tags) for t in texts])

    return score


def _with_parts(
    read: Understanding, part: Callable[[list[str]], np.ndarray], tags: np.ndarray
) -> np.ndarray:
    affirmed = read.affirmed or ("" if read.denied else read.text)
    total = part([affirmed])[0] if affirmed else np.zeros(len(tags))
    if read.denied:
        total = total - DENIAL * part([read.denied])[0]
    for key, weight in direction_weights(read).items():
        if key.startswith("genre:") and weight > 0:
            total = total + _spread((_tag_row(load_vocabulary().tags[key]) @ tags.T)[None])[0]
    return np.asarray(total)


def _lessons(data_dir: Path, reader: SentenceCache) -> Lessons:
    """Captions with their aspects' tags, then every other text that the heads learn from."""
    captions = training_captions(data_dir)
    texts = [c.caption for c in captions]
    words = [f"{c.caption} {', '.join(c.aspects)}" for c in captions]
    others = [e.text for e in training_texts(data_dir, seed=0) if e.text not in set(texts)]
    return Lessons(
        sentences=reader.vectors([*texts, *others]),
        tags=np.stack([_matched(w) for w in (*words, *others)]),
        axes=np.stack([_affect(w) for w in (*words, *others)]),
    )


def _matched(words: str) -> np.ndarray:
    """(50,) which tags' names stand in the words."""
    lowered = words.lower()
    patterns = (ALIASES.get(tag, rf"\b{re.escape(tag.lower())}\b") for tag in TAGS)
    return np.array([bool(re.search(pattern, lowered)) for pattern in patterns], dtype=float)


def _affect(words: str) -> np.ndarray:
    """(4,) signed mean of the mood and tempo words."""
    known = load_vocabulary().affects
    weights = direction_weights(understand_text(words))
    found = [w * np.array(known[k][:NUM_AXES]) for k, w in weights.items() if k in known]
    return np.mean(found, axis=0) if found else np.zeros(NUM_AXES)


def _plain_loss(said: Tensor, tags: Tensor, axes: Tensor) -> Tensor:
    smooth = tags * (1 - 2 * SMOOTHING) + SMOOTHING
    named = functional.binary_cross_entropy_with_logits(said[:, :NUM_TAGS], smooth)
    return named + functional.mse_loss(said[:, NUM_TAGS:], axes)


def _difference_loss(
    network: nn.Module, sentences: Tensor, axes: Tensor, pairs: np.ndarray
) -> Tensor:
    one, other = (network(sentences[pairs[:, i]])[:, NUM_TAGS:] for i in range(2))
    return functional.mse_loss(one - other, axes[pairs[:, 0]] - axes[pairs[:, 1]])


def _say(networks: Sequence[nn.Module], sentences: np.ndarray) -> np.ndarray:
    """(T, 54) mean over the seeds: probabilities of tags, then axes."""
    with torch.inference_mode():
        said = torch.stack([n(torch.from_numpy(sentences)) for n in networks]).mean(dim=0)
        said[:, :NUM_TAGS] = said[:, :NUM_TAGS].sigmoid()
    return np.asarray(said.numpy())


def _mean_tags(networks: Sequence[nn.Module], setting: Setting) -> np.ndarray:
    """(50,) what is said of any text: it must not count."""
    captions = [c.caption for c in training_captions(setting.data_dir)]
    return np.asarray(
        _say(networks, setting.sentence_vectors(captions))[:, :NUM_TAGS].mean(axis=0)
    )


def _tag_row(weights: Mapping[str, float]) -> np.ndarray:
    return np.array([weights.get(tag, 0.0) for tag in TAGS])


def _spread(scores: np.ndarray) -> np.ndarray:
    """Scores (T, N) with mean 0 and spread 1 over the tracks."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-9))


def _setting(data_dir: Path, heads: Path | None, reader: SentenceCache) -> Setting:
    if heads is None:
        return Setting(embedder=load_embedder(), data_dir=data_dir)
    return Setting(
        embedder=HeadEmbedder(head=load_text_head(heads / "text"), sentences=reader),
        data_dir=data_dir,
        audio_head=load_audio_head(heads / "audio"),
    )


def _report(scorers: Mapping[str, Scorer], data_dir: Path) -> None:
    truth = read_truth(data_dir)
    measured = {
        method: {
            m.name: m
            for m in emotion_measures(
                dict(zip(truth.texts, score(truth.texts), strict=True)), truth
            )
        }
        for method, score in scorers.items()
    }
    for subset, members in truth.subsets().items():
        artists = [truth.artists[i] for i in members]
        for name in MEASURED:
            ours, start = (partial(_of, measured[m][name], members) for m in scorers)
            for method, of in (("temptrack", ours), ("start", start)):
                _say_row(method, name, subset, bootstrap_interval(artists, of))
            _say_row("gain", name, subset, paired_difference(artists, ours, start))


def _of(measure: Measure, members: np.ndarray, rows: np.ndarray) -> float:
    return measure.of(members[rows])


def _say_row(method: str, name: str, subset: str, found: Interval) -> None:
    print(
        f"{method:10} {name:26} {subset:5} {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]",
        flush=True,
    )


if __name__ == "__main__":
    main()
