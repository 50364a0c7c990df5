"""Vectors of a manifest's tracks, as protocols measure them; features come from the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.bench.setting import Setting
from encoders.training.manifests import Track


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackVectors:
    """Holds what the audio tower says of N tracks."""

    ids: tuple[str, ...]
    tracks: np.ndarray  # (N, 256) unit length
    segments: tuple[np.ndarray, ...]  # N arrays (S, 256) unit length
    tags: np.ndarray  # (N, 50) standardised


def embed_tracks(tracks: Sequence[Track], setting: Setting | None = None) -> TrackVectors:
    """Vectors of tracks by the audio head; unreadable tracks are left out.

    Without a setting by the shipped head, with features in the user's cache folder.
    """
    from encoders.embed import make_unit
    from encoders.towers.audio import load_audio_head
    from encoders.training.cache import FeatureCache, default_cache_folder
    from encoders.trunks.features import segment_mean

    folder = setting.cache_folder if setting else default_cache_folder()
    features = FeatureCache(folder).features(tracks, setting.progress if setting else None)
    head = (setting.audio_head if setting else None) or load_audio_head()
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
