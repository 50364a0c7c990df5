"""Tracks and vectors for tests of the catalogue."""

from typing import Any

import numpy as np

from services.catalogue.records import NewTrack, NewVectors
from tests.fakes import DIMENSION, fake_description

SPACE = "fake-0000000000000000"


def song(track_id: str, **changes: Any) -> NewTrack:
    """A track with sound, changed where asked."""
    fields: dict[str, Any] = {
        "title": f"Song {track_id}",
        "duration_s": 30.0,
        "description": fake_description(),
        "source_path": f"/music/{track_id}.wav",
        "content_hash": track_id.encode().hex().ljust(64, "0")[:64],
        "has_sound": True,
    }
    return NewTrack(id=track_id, **{**fields, **changes})


def make_vectors(num_segments: int = 2, seed: int = 0) -> NewVectors:
    """Unit vectors of a track and its segments, 6 s apart."""
    matrix = np.random.default_rng(seed).standard_normal((1 + num_segments, DIMENSION))
    unit = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    starts_s = 6.0 * np.arange(num_segments, dtype=np.float32)
    return NewVectors(track=unit[0], segments=unit[1:], starts_s=starts_s)
