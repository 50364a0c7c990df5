"""The best that we can fit on `emotify`: one model of all its answers, taught by our own towers.

An experiment, never shipped. After Kang and Herremans, Towards Unified Music Emotion Recognition
across Dimensional and Categorical Models (2025): categories (eight emotions) and a dimension (the
mood of the listener, from bad to good) are learned together, with knowledge distilled from a
teacher. Here the teacher is the zero-shot ranking by words: half of what it explains is taken from
it and the model learns the rest, which leaves little to learn from 235 tracks.

    kernel = sum of share x likeness of tracks: track vectors, trunk features, texture
    left   = targets - teacher's part                       # standardised by the training tracks
    model  = ridge(kernel, left), tracks weighed by how many listeners they had
    answer = teacher's part + model, kept to the 4 directions in which the fit varies most
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encoders.bench import mfcc, texture
from encoders.bench.baselines import random_scorer, vector_scorer
from encoders.bench.emotify import EmotionTruth, summed_relevance
from encoders.bench.kept import KeptArrays
from encoders.bench.setting import Setting
from encoders.bench.tracks import embed_tracks, read_features
from encoders.training.cache import hear
from encoders.training.manifests import Track
from encoders.trunks import spectrum

if TYPE_CHECKING:
    from encoders.trunks.features import SoundFeatures

RANK = 4
TEACHER_SHARE = 0.5
PENALTY = 1.0
WIDTH = 0.3  # of likeness: exp(-0.3 x squared distance / its median)
OUTLIER = 4.0  # standardised features are cut here
SHARES = (0.5, 0.3, 0.2)  # track vectors, trunk features, texture


@dataclass(frozen=True, kw_only=True, eq=False)
class Unified:
    """Holds what is known of N tracks without looking at folds."""

    kernel: np.ndarray  # (N, N)
    answers: np.ndarray  # (N, A): shares by emotion, then mood
    teacher: np.ndarray  # (N, E) standardised, of the first E answers
    genres: np.ndarray  # (N, G) one column a genre
    weights: np.ndarray  # (N,) by listeners, 1 on average

    def predict(self, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        """(test, E + G): emotions that have a teacher, then genres."""
        wanted = _standard(self.answers, train, self.weights)
        taught = np.zeros_like(wanted)
        num_taught = self.teacher.shape[1]
        agreement = (self.teacher[train] * wanted[train, :num_taught]).mean(axis=0)
        taught[:, :num_taught] = TEACHER_SHARE * agreement * self.teacher
        kernel = centre_kernel(self.kernel, train)
        left = np.concatenate(
            [wanted - taught, _standard(self.genres, train, self.weights)], axis=1
        )
        inner = kernel[np.ix_(train, train)] + PENALTY * np.diag(1.0 / self.weights[train])
        duals = np.linalg.solve(inner, left[train])
        fitted, found = (kernel[np.ix_(rows, train)] @ duals for rows in (train, test))
        num_answers = wanted.shape[1]
        main = np.linalg.svd(fitted[:, :num_answers], full_matrices=False)[2][:RANK]
        answers = taught[test] + found[:, :num_answers] @ main.T @ main
        return np.concatenate([answers[:, :num_taught], found[:, num_answers:]], axis=1)


def unified_model(setting: Setting, tracks: Sequence[Track], truth: EmotionTruth) -> Unified:
    """The model of the tracks of `emotify`, in the order of their truth."""
    vectors = embed_tracks(tracks, setting).tracks
    sounds = read_features(tracks, setting)
    scores = vector_scorer(setting.embedder, vectors)(truth.texts)
    parts = [vectors, _trunk_rows(sounds.values()), _texture_rows(tracks, setting)]
    return _assemble(mixed_kernel(parts), scores, tracks, truth)


def random_model(tracks: Sequence[Track], truth: EmotionTruth) -> Unified:
    """The same on random features with a random teacher: what the recipe gives for nothing."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(len(tracks), 256)) for _ in SHARES]
    scores = random_scorer(len(tracks))(truth.texts)
    return _assemble(mixed_kernel(parts), scores, tracks, truth)


def stabilise(shares: np.ndarray) -> np.ndarray:
    """Shares of listeners so that their scatter is alike everywhere: arcsine of the root."""
    return np.asarray(np.arcsin(np.sqrt(np.clip(shares, 0.0, 1.0))))


def mixed_kernel(parts: Sequence[np.ndarray], shares: Sequence[float] = SHARES) -> np.ndarray:
    """(N, N) sum of shares of likenesses of features (N, F)."""
    return np.asarray(sum(s * likeness(p) for s, p in zip(shares, parts, strict=True)))


def scale_block(features: np.ndarray, *, weight: float = 1.0) -> np.ndarray:
    """Features standardised over all tracks; a block counts by its weight, not its size."""
    spread = features.std(axis=0) + 1e-6
    rows = np.clip((features - features.mean(axis=0)) / spread, -OUTLIER, OUTLIER)
    return np.asarray(rows * np.sqrt(weight / features.shape[1]))


def likeness(rows: np.ndarray) -> np.ndarray:
    """(N, N) from 0 to 1, a Gaussian of the distance as wide as the median distance asks for."""
    products = rows @ rows.T
    squares = np.diag(products)
    distances = squares[:, None] + squares - 2.0 * products
    return np.asarray(np.exp(-WIDTH * distances / np.median(distances)))


def centre_kernel(kernel: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The kernel about the training tracks' mean, their own likeness 1 on average."""
    rows = kernel[:, train].mean(axis=1, keepdims=True)
    columns = kernel[train].mean(axis=0, keepdims=True)
    centred = kernel - rows - columns + kernel[np.ix_(train, train)].mean()
    return np.asarray(centred / np.diag(centred)[train].mean())


def _assemble(
    kernel: np.ndarray, scores: np.ndarray, tracks: Sequence[Track], truth: EmotionTruth
) -> Unified:
    by_text = dict(zip(truth.texts, scores, strict=True))
    everybody = np.arange(len(tracks))
    teacher = [summed_relevance(by_text, p, everybody) for p in truth.emotion_prompts.values()]
    taught = list(truth.emotion_prompts)
    emotions = [*taught, *(e for e in truth.shares if e not in taught)]
    moods = np.array([t.labels["mood_mean"] or np.nan for t in tracks], dtype=np.float64)
    moods = np.where(np.isnan(moods), np.nanmean(moods), moods)
    listeners = np.array([t.labels["listeners"] for t in tracks], dtype=np.float64)
    shares = np.stack([stabilise(truth.shares[e]) for e in emotions], axis=1)
    return Unified(
        kernel=kernel,
        answers=np.concatenate([shares, moods[:, None]], axis=1),
        teacher=np.stack([(t - t.mean()) / (t.std() + 1e-9) for t in teacher], axis=1),
        genres=(truth.genres[:, None] == np.unique(truth.genres)) * 1.0,
        weights=listeners / listeners.mean(),
    )


def _trunk_rows(sounds: "Iterable[SoundFeatures]") -> np.ndarray:
    """(N, F) means and spreads over the patches; tags and pools count alike, the rest a third."""
    parts = [(s.tag_logits, s.signal, s.pools) for s in sounds]
    blocks = []
    for place, weight in enumerate((1.0, 0.3, 1.0)):
        for summary, share in ((np.mean, 1.0), (np.std, 0.3)):
            rows = np.stack([summary(part[place], axis=0) for part in parts])
            blocks.append(scale_block(rows, weight=share * weight))
    return np.concatenate(blocks, axis=1)


def _texture_rows(tracks: Sequence[Track], setting: Setting) -> np.ndarray:
    kept = KeptArrays(setting.cache_folder / "texture", sources=(texture, mfcc, spectrum))
    rows = []
    for track in tracks:

        def compute(track: Track = track) -> dict[str, np.ndarray]:
            return {"row": texture.texture_row(hear(track).samples)}

        rows.append(kept.get(track.id, compute)["row"])
    return scale_block(np.stack(rows))


def _standard(values: np.ndarray, train: np.ndarray, weights: np.ndarray) -> np.ndarray:
    mean = np.average(values[train], axis=0, weights=weights[train])
    return np.asarray((values - mean) / (values[train].std(axis=0) + 1e-6))
