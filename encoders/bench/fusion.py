"""Words and clip together: never worse than the better single, and words that can turn a clip.

Conventions
    Wishes against `stock` as in `wishes`. Scenes: the clips of tracks in val and test, which no
    head has seen, with their places' names as words, among all scene tracks as in `scenes`, but
    by the vectors that ship. Flip: a clip with a text and with its contrary, at even balance,
    among the 235 tracks of `emotify`; shares (T, N) of N tracks' listeners who felt an emotion.

Metrics
    "both minus the better single": the paired difference of `mood in top 3` and `R@5 by track`.
    Worse by more than the interval would be an upper bound below 0.
    flip: share of (clip, contrary pair) whose first ten follow the words: listeners felt more of
    the first text's emotion than of the second's in the ten of the first, compared with the ten of
    the second. A list that does not change counts against. Chance is 1/2. Intervals over clips.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from encoders.bench import scenes, wishes
from encoders.bench.clips import clip_files
from encoders.bench.emotify import read_truth
from encoders.bench.setting import Setting
from encoders.bench.sides import FUSED, embed_views, fused_rows
from encoders.bench.table import RANDOM, Row, Table, make_row
from encoders.bench.tracks import embed_tracks
from encoders.metrics import mean_interval
from encoders.training.clips import read_scenes
from encoders.training.manifests import read_tracks

TOP = 10
FLIP = "flip"
HELD_OUT = ("val", "test")
WORDS, CLIP = "words alone", "clip alone"
SCENES, FLIPS = "scenes of val and test", "emotify"
CONTRARIES = (  # text, contrary, and the emotions of `emotify` that they ask for
    ("calm peaceful music", "powerful energetic music", "calmness", "power"),
    ("calm music", "tense nervous music", "calmness", "tension"),
    ("joyful happy music", "sad music", "joyful_activation", "sadness"),
    ("cheerful music", "scary unsettling music", "joyful_activation", "tension"),
    ("tender gentle music", "aggressive tense music", "tenderness", "tension"),
    ("tender music", "strong powerful music", "tenderness", "power"),
)


def tabulate(setting: Setting) -> Table:
    """Wishes, scenes with their places' names, and contrary words.

    Raises:
        FileNotFoundError: the folder lacks a manifest or a clip.
    """
    wished = [r for r in wishes.tabulate(setting).rows if r.metric == wishes.MOOD]
    rows = [*wished, *_scene_rows(setting), *_flip_rows(setting)]
    note = "the vectors that ship, at even balance"
    return Table(name="fusion", note=note, rows=tuple(rows))


def validate(first: np.ndarray, second: np.ndarray, lean: np.ndarray) -> None:
    """Refuse questions that are no pairs.

    Raises:
        ValueError: other shapes, fewer tracks than a list holds, or values that are not finite.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"scores of shapes {first.shape} and {second.shape} are not pairs")
    if first.shape[1] != len(lean) or len(lean) < TOP:
        raise ValueError(f"{len(lean)} tracks with labels for {first.shape[1]} with scores")
    if not all(np.isfinite(array).all() for array in (first, second, lean)):
        raise ValueError("scores and labels must be finite")


def evaluate(first: np.ndarray, second: np.ndarray, lean: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    return {FLIP: float(follows(first, second, lean).mean())}


def follows(first: np.ndarray, second: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """(C,) 1 where the first ten lean further to the first text than those of its contrary.

    Args:
        first: scores (C, N) of clips with the first text.
        second: scores (C, N) of the same clips with its contrary.
        lean: (N,) how much more a track is what the first text asks for than the contrary.
    """
    validate(first, second, lean)
    of_first, of_second = (lean[_first_ten(s)].mean(axis=1) for s in (first, second))
    return np.asarray((of_first > of_second + 1e-12).astype(float))


def _first_ten(scores: np.ndarray) -> np.ndarray:
    return np.argsort(-scores, axis=1, kind="stable")[:, :TOP]


def _scene_rows(setting: Setting) -> list[Row]:
    every = read_scenes(setting.data_dir)
    tracks = sorted({s.track for s in every})
    held_out = [s for s in every if s.split in HELD_OUT]
    recordings = {t.id: t for t in read_tracks(setting.data_dir, "audio")}
    sounds = embed_tracks([recordings[name] for name in tracks], setting).tracks
    clips = embed_views({s.id: s.file for s in held_out}, setting)
    texts = setting.embedder.embed_texts([s.place for s in held_out])
    shown = np.stack([clips[s.id] for s in held_out])
    owners = np.array([tracks.index(s.track) for s in held_out])
    questions = {
        FUSED: fused_rows(texts, shown),
        WORDS: texts,
        CLIP: shown,
        RANDOM: np.random.default_rng(0).normal(size=texts.shape),
    }
    hits = {m: scenes.hits_of(rows @ sounds.T, owners) for m, rows in questions.items()}
    means = {m: scenes.track_means(h, owners) for m, h in hits.items()}
    counts = (len(tracks), len(held_out), scenes.TOP / len(tracks))
    rows = [
        _row(value, method=m, metric=scenes.METRIC, subset=SCENES, counts=counts)
        for m, value in means.items()
    ]
    single = WORDS if means[WORDS].mean() >= means[CLIP].mean() else CLIP
    rows.append(
        make_row(
            mean_interval(means[FUSED] - means[single]),
            method=f"{FUSED} minus {single}",
            metric=scenes.METRIC,
            subset=SCENES,
            num_tracks=len(tracks),
            num_queries=len(held_out),
            chance=0.0,
        )
    )
    return rows


def _flip_rows(setting: Setting) -> list[Row]:
    shares = read_truth(setting.data_dir).shares
    sounds = embed_tracks(read_tracks(setting.data_dir, "emotify"), setting).tracks
    shown = np.stack(list(embed_views(_flip_clips(setting.data_dir), setting).values()))
    random = np.random.default_rng(0)
    joins: dict[str, Callable[[str], np.ndarray]] = {
        FUSED: lambda text: fused_rows(_repeated(text, shown, setting), shown),
        WORDS: lambda text: _repeated(text, shown, setting),
        CLIP: lambda text: shown,
        RANDOM: lambda text: random.normal(size=shown.shape),
    }
    rows = []
    for method, join in joins.items():
        followed = [
            follows(join(text) @ sounds.T, join(contrary) @ sounds.T, shares[a] - shares[b])
            for text, contrary, a, b in CONTRARIES
        ]
        value = np.mean(followed, axis=0)
        counts = (len(sounds), len(shown) * len(CONTRARIES), 0.5)
        rows.append(_row(value, method=method, metric=FLIP, subset=FLIPS, counts=counts))
    return rows


def _flip_clips(data_dir: Path) -> dict[str, Path]:
    """Every camera clip and the first place of each scene track."""
    camera = list(dict.fromkeys(w.clip for w in wishes.read_wishes()))
    places = {s.track: s for s in reversed(read_scenes(data_dir))}
    return clip_files(data_dir, camera) | {s.id: s.file for s in places.values()}


def _repeated(text: str, shown: np.ndarray, setting: Setting) -> np.ndarray:
    return np.repeat(setting.embedder.embed_texts([text]), len(shown), axis=0)


def _row(
    values: np.ndarray, *, method: str, metric: str, subset: str, counts: tuple[int, int, float]
) -> Row:
    num_tracks, num_queries, by_chance = counts
    return make_row(
        mean_interval(values),
        method=method,
        metric=metric,
        subset=subset,
        num_tracks=num_tracks,
        num_queries=num_queries,
        chance=by_chance,
    )
