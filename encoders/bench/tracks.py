"""Vectors of a manifest's tracks, as protocols measure them; features come from the cache."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encoders.bench.setting import Setting
from encoders.training.manifests import Track, read_tracks

if TYPE_CHECKING:
    from encoders.towers.audio import AudioHead
    from encoders.trunks.features import SoundFeatures


MANIFESTS = ("audio", "emotify")  # of the protocols that need no labels


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackVectors:
    """Holds what the audio tower says of N tracks."""

    ids: tuple[str, ...]
    tracks: np.ndarray  # (N, 256) unit length
    segments: tuple[np.ndarray, ...]  # N arrays (S, 256) unit length
    tags: np.ndarray  # (N, 50) standardised


def read_recordings(setting: Setting) -> list[Track]:
    """Every recording of `MANIFESTS`.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    return [t for name in MANIFESTS for t in read_tracks(setting.data_dir, name)]


def embed_tracks(tracks: Sequence[Track], setting: Setting | None = None) -> TrackVectors:
    """Vectors of tracks by the audio head; unreadable tracks are left out.

    Without a setting by the shipped head, with features in the user's cache folder.
    """
    from encoders.embed import make_unit
    from encoders.trunks.features import segment_mean

    features = read_features(tracks, setting)
    head = audio_head(setting)
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


def read_features(
    tracks: Sequence[Track], setting: Setting | None = None
) -> "dict[str, SoundFeatures]":
    """Frozen features by track id, in the order of the tracks; unreadable ones are left out."""
    from encoders.training.cache import FeatureCache, default_cache_folder

    folder = setting.cache_folder if setting else default_cache_folder()
    return FeatureCache(folder).features(tracks, setting.progress if setting else None)


def audio_head(setting: Setting | None = None) -> "AudioHead":
    """The head of a setting, by default the shipped one."""
    from encoders.towers.audio import load_audio_head

    return (setting.audio_head if setting else None) or load_audio_head()


def ask_for_likes(vectors: np.ndarray, setting: Setting | None = None) -> np.ndarray:
    """Unit questions (N, 256) of sounds with stored vectors (N, 256), as `Embedder.fuse` asks."""
    from encoders.embed import make_unit

    return make_unit(audio_head(setting).ask(vectors))


def project_part(
    features: "Iterable[SoundFeatures]", setting: Setting, *, part: int, of: int = 2
) -> np.ndarray:
    """Unit vectors (N, 256) of one part of each track's patches: the second of two is part 1."""
    from encoders.embed import make_unit

    rows = []
    for sound in features:
        patches = _part_of(len(sound.pools), part, of)
        parts = (sound.pools, sound.tag_logits, sound.signal)
        rows.append([array[patches].mean(axis=0) for array in parts])
    columns = [np.stack(column) for column in zip(*rows, strict=True)]
    pools, tag_logits, signal = columns
    return make_unit(audio_head(setting).project(pools, tag_logits, signal))


def project_segments(
    features: "Iterable[SoundFeatures]", setting: Setting, *, part: int, of: int = 2
) -> list[np.ndarray]:
    """Unit vectors (S, 256) of the segments that one part of each track would be stored with."""
    from encoders.embed import make_unit
    from encoders.trunks.features import patch_segments, segment_mean

    head, found = audio_head(setting), []
    for sound in features:
        patches = _part_of(len(sound.pools), part, of)
        arrays = [a[patches] for a in (sound.pools, sound.tag_logits, sound.signal)]
        segments = patch_segments(len(arrays[0]))
        found.append(make_unit(head.project(*(segment_mean(a, segments) for a in arrays))))
    return found


def search_scores(
    questions: np.ndarray, wholes: np.ndarray, segments: Sequence[np.ndarray]
) -> np.ndarray:
    """(Q, N) scores as a search gives them: half the whole track, half its best segment."""
    best = [(questions @ rows.T).max(axis=1) for rows in segments]
    return np.asarray(0.5 * questions @ wholes.T + 0.5 * np.stack(best, axis=1))


def _part_of(num_patches: int, part: int, of: int) -> slice:
    edges = np.linspace(0, num_patches, of + 1).astype(int)
    return slice(edges[part], max(edges[part + 1], edges[part] + 1))
