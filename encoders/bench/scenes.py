"""A scene finds its track: 238 places of two games, filmed, and the 36 tracks played there.

Conventions
    Leave one track out: the clips of a track ask a map that was fitted on the clips of the other
    tracks, and all tracks are ranked. A track that helped to fit the map would be favoured over
    the one left out, so each candidate is scored by a map fitted without it too: every candidate
    is as new to the map as the answer. scores (C, T), owners (C,) the track of each clip; ties
    count against the model.
    "Trained on one game": the map is fitted on one game's clips, the other's clips rank that
    other game's tracks, which is what knowing the game gives.

Metrics
    R@5 by track: share of a track's clips that have it among the first five, mean over tracks, so
    that a track which serves 37 places counts as much as one that serves one. Intervals are drawn
    over tracks. Knowing the game puts its tracks first in no order. "Most frequent" ranks by the
    number of clips that a track has; the one left out has none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table, make_row
from encoders.bench.tracks import audio_head, read_features
from encoders.metrics import mean_interval
from encoders.towers.clip import NUM_AXES, ClipView
from encoders.training.clips import (
    ClipCache,
    Scene,
    fit_ridge,
    read_scenes,
    strongest_directions,
    weights_of,
)
from encoders.training.manifests import Track, read_tracks
from encoders.training.recipe import NUM_KNOWN
from encoders.training.sources import source_directions

TOP = 5
METRIC = "R@5 by track"
TAG_SHARE = 0.3  # of the tags beside axes and sources
NUM_NOISE, NUM_DRAWS = 20, 20
WITH_PLACE = "temptrack and place name"
PLACE = "place name alone"
GAME = "knowing the game"
FREQUENT = "most frequent"
ALL = "scenes, leave one track out"


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Holds the clips and the tracks as numbers."""

    seen: tuple[np.ndarray, ...]  # what the trunk says of C clips, each (C, P)
    places: np.ndarray  # (C, 384) sentence vectors of the places' names
    music: np.ndarray  # (T, D)
    owners: np.ndarray  # (C,) track of each clip
    games: np.ndarray  # (T,) game of each track
    tracks: tuple[str, ...]


def tabulate(setting: Setting) -> Table:
    """Scenes to their tracks, all tracks in turn, and from one game to the other.

    Raises:
        FileNotFoundError: the folder lacks a manifest or a clip.
    """
    material = gather(setting)
    kinds = {
        MODEL: material.seen,
        WITH_PLACE: (*material.seen, material.places),
        PLACE: (material.places,),
    }
    music, owners = material.music, material.owners
    hits = {m: hits_of(leave_one_out(seen, music, owners), owners) for m, seen in kinds.items()}
    hits[RANDOM] = _random_hits(lambda seen: leave_one_out(seen, music, owners), owners)
    hits |= {GAME: _hits_by_game(material), FREQUENT: np.zeros(len(owners))}
    rows = [_row(hit, material, method=method, subset=ALL) for method, hit in hits.items()]
    for one, other in ((WITH_PLACE, MODEL), (MODEL, GAME)):
        rows.append(_difference(hits[one], hits[other], material, f"{one} minus {other}"))
    rows += _game_rows(material)
    note = "each candidate is scored by a map that was fitted without it and without the answer"
    return Table(name="scenes", note=note, rows=tuple(rows))


def validate(scores: np.ndarray, owners: np.ndarray) -> None:
    """Refuse scores that are not of clips with tracks.

    Raises:
        ValueError: other shapes, an owner that is no track, or values that are not finite.
    """
    if scores.ndim != 2 or len(scores) != len(owners) or not len(scores):
        raise ValueError(f"scores of shape {scores.shape} for {len(owners)} clips")
    if owners.min() < 0 or owners.max() >= scores.shape[1]:
        raise ValueError(f"an owner is not one of the {scores.shape[1]} tracks")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")


def evaluate(scores: np.ndarray, owners: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    hits = hits_of(scores, owners)
    return {METRIC: by_track(hits, owners), "R@5 by clip": float(hits.mean())}


def hits_of(scores: np.ndarray, owners: np.ndarray, top: int = TOP) -> np.ndarray:
    """(C,) 1 where a clip's track is among its first, else 0."""
    validate(scores, owners)
    of_owner = scores[np.arange(len(owners)), owners][:, None]
    return np.asarray(((scores >= of_owner).sum(axis=1) <= top).astype(np.float64))


def by_track(hits: np.ndarray, owners: np.ndarray) -> float:
    """Mean over tracks of the mean over a track's clips."""
    return float(track_means(hits, owners).mean())


def leave_one_out(seen: Sequence[np.ndarray], music: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Scores (C, T) of clips with tracks, each by a map that knows neither answer nor candidate.

    Args:
        seen: what is known of the clips, arrays (C, P); each gets a map, their answers are added.
        music: (T, D) of the tracks.
        owners: (C,) track of each clip.
    """
    scores = np.zeros((len(owners), len(music)))
    for left_out in range(len(music)):
        asking, rest = owners == left_out, owners != left_out
        codes = [_codes(array, rest) for array in seen]
        for candidate in range(len(music)):
            fitting = rest & (owners != candidate)
            scores[asking, candidate] = score_with(
                codes, music, owners, fitting=fitting, asking=asking, candidates=[candidate]
            )[:, 0]
    return scores


def across_games(
    seen: Sequence[np.ndarray], music: np.ndarray, owners: np.ndarray, games: np.ndarray
) -> np.ndarray:
    """Scores (C, T) by maps fitted on the other game's clips; the other game's tracks get none."""
    scores = np.full((len(owners), len(music)), -2.0)
    for game in np.unique(games):
        asking = games[owners] == game
        codes = [_codes(array, ~asking) for array in seen]
        candidates = np.flatnonzero(games == game)
        scores[np.ix_(asking, candidates)] = score_with(
            codes, music, owners, fitting=~asking, asking=asking, candidates=candidates
        )
    return scores


def gather(setting: Setting) -> Material:
    """Views of the clips, the music of their tracks, and the names of places."""
    scenes = read_scenes(setting.data_dir)
    cache = ClipCache(setting.cache_folder)
    views = cache.views({s.id: s.file for s in scenes}, setting.progress)
    scenes = [s for s in scenes if s.id in views]
    tracks = sorted({s.track for s in scenes})
    games = {s.track: s.game for s in scenes}
    return Material(
        seen=seen_of([views[s.id] for s in scenes]),
        places=_place_vectors(scenes, setting),
        music=_music(tracks, setting),
        owners=np.array([tracks.index(s.track) for s in scenes]),
        games=np.array([games[track] for track in tracks]),
        tracks=tuple(tracks),
    )


def seen_of(views: Sequence[ClipView]) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (C, 1000) and pools (C, 1280) of clips."""
    return (
        np.stack([view.log_probabilities for view in views]),
        np.stack([view.pools for view in views]),
    )


def _music(scene_tracks: Sequence[str], setting: Setting) -> np.ndarray:
    """(T, 60) axes, tags and source directions in spreads of training recordings.

    None of those recordings is one of the tracks.
    """
    recordings = {t.id: t for t in read_tracks(setting.data_dir, "audio")}
    others = [t for t in recordings.values() if t.split == "train" and t.id not in scene_tracks]
    heard = _heard([recordings[name] for name in scene_tracks], setting)
    reference = _heard(others, setting)
    sources = source_directions(reference, [str(t.labels["source_game"]) for t in others])
    matrix = audio_head(setting).matrix[:, :NUM_KNOWN]
    usual, concepts = reference @ matrix, heard @ matrix
    concepts = (concepts - usual.mean(axis=0)) / usual.std(axis=0)
    concepts[:, NUM_AXES:] *= TAG_SHARE
    return np.concatenate([concepts, sources.of(heard)], axis=1)


def _heard(tracks: Sequence[Track], setting: Setting) -> np.ndarray:
    """Standardised features (N, F) of whole tracks."""
    features = read_features(tracks, setting)
    rows = [
        np.concatenate([f.tag_logits.mean(axis=0), f.signal.mean(axis=0), f.pools.mean(axis=0)])
        for f in (features[t.id] for t in tracks)
    ]
    return audio_head(setting).standardise(np.stack(rows))


def _place_vectors(scenes: Sequence[Scene], setting: Setting) -> np.ndarray:
    """Sentence vectors of places; one whose name says nothing gets the mean of the others."""
    vectors = np.array(setting.sentence_vectors([s.place for s in scenes]))
    informative = np.array([s.informative for s in scenes])
    vectors[~informative] = vectors[informative].mean(axis=0)
    return vectors


def _codes(seen: np.ndarray, known: np.ndarray) -> np.ndarray:
    return strongest_directions(seen[known]).codes(seen)


def score_with(
    codes: Sequence[np.ndarray],
    music: np.ndarray,
    owners: np.ndarray,
    *,
    fitting: np.ndarray,
    asking: np.ndarray,
    candidates: Sequence[int] | np.ndarray,
) -> np.ndarray:
    """Cosines of what clips ask for with tracks, both less what clips usually get."""
    weights = weights_of(owners[fitting])
    maps = [fit_ridge(c[fitting], music[owners[fitting]], weights) for c in codes]
    asked = np.sum([m.predict(c[asking]) for m, c in zip(maps, codes, strict=True)], axis=0)
    return np.asarray(_unit(asked) @ _unit(music[candidates] - maps[0].usual).T)


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _hits_by_game(material: Material) -> np.ndarray:
    """(C,) chance of a hit for who knows the game and nothing else."""
    sizes = np.array([(material.games == game).sum() for game in material.games])
    return np.asarray(np.minimum(1.0, TOP / sizes)[material.owners])


def _random_hits(
    score: Callable[[Sequence[np.ndarray]], np.ndarray], owners: np.ndarray
) -> np.ndarray:
    """(C,) hits of clips of which only noise is known, mean of several draws."""
    rng = np.random.default_rng(0)
    draws = [rng.normal(size=(len(owners), NUM_NOISE)) for _ in range(NUM_DRAWS)]
    return np.asarray(np.mean([hits_of(score((noise,)), owners) for noise in draws], axis=0))


def _game_rows(material: Material) -> Iterator[Row]:
    owners, games = material.owners, material.games

    def score(seen: Sequence[np.ndarray]) -> np.ndarray:
        return across_games(seen, material.music, owners, games)

    hits = {
        MODEL: hits_of(score(material.seen), owners),
        GAME: _hits_by_game(material),
        RANDOM: _random_hits(score, owners),
    }
    for game in np.unique(games):
        for method, values in hits.items():
            subset = f"{game}, trained on the other"
            yield _row(values, material, method=method, subset=subset, clips=games[owners] == game)


def _row(
    hits: np.ndarray,
    material: Material,
    *,
    method: str,
    subset: str,
    clips: np.ndarray | None = None,
) -> Row:
    chosen = np.ones(len(hits), dtype=bool) if clips is None else clips
    means = track_means(hits[chosen], material.owners[chosen])
    candidates = len(material.music) if clips is None else len(means)
    return make_row(
        mean_interval(means),
        method=method,
        metric=METRIC,
        subset=subset,
        num_tracks=candidates,
        num_queries=int(chosen.sum()),
        chance=TOP / candidates,
    )


def _difference(one: np.ndarray, other: np.ndarray, material: Material, method: str) -> Row:
    means, others = (track_means(hits, material.owners) for hits in (one, other))
    return make_row(
        mean_interval(means - others),
        method=method,
        metric=METRIC,
        subset=ALL,
        num_tracks=len(material.music),
        num_queries=len(one),
        chance=0.0,
    )


def track_means(hits: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Mean hit of each track that has clips."""
    return np.array([hits[owners == track].mean() for track in np.unique(owners)])
