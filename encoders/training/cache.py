"""Frozen features of recordings and scores, computed once and kept outside the repository.

Knows no head.

    cache = FeatureCache(default_cache_folder())
    features = cache.features(tracks, progress=report)      # dict: track id -> SoundFeatures

One npz file per track below a folder that is named after the trunk: its weights and the source
that computes the features. Scores are rendered with the default font and cut to 30 s like
recordings. Tempo and key are not kept: nothing learns from them, and what finds them may change
without a new folder.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from encoders.training.arrays import write_arrays
from encoders.training.manifests import Track
from encoders.trunks.checkpoint import WEIGHTS, file_sha256, verify_folder
from encoders.trunks.features import SoundFeatures, sound_features
from encoders.trunks.musicnn import MusicnnTrunk, load_musicnn
from media.audio import TRUNK_RATE, Sound, read_sound
from media.errors import MediaError
from media.limits import Limits

logger = logging.getLogger(__name__)

SOURCES = ("constant_q", "features", "harmony", "musicnn", "rhythm", "signal", "spectrum")
EXCERPT_S = 30.0
EXCERPT_START = 0.1  # share of a rendered score that is skipped, as the recordings' excerpts do

Progress = Callable[[int, int, str], None]  # done, of how many, what


def default_cache_folder() -> Path:
    """`$XDG_CACHE_HOME/temptrack`, by default `~/.cache/temptrack`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "temptrack"


def trunk_hash() -> str:
    """16 hexadecimal digits over the audio trunk's weights and the source of its features."""
    folder = WEIGHTS.parent / "trunks"
    lines = [verify_folder(WEIGHTS / "musicnn")]
    lines += [file_sha256(folder / f"{name}.py") for name in SOURCES]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class FeatureCache:
    """Holds the folder and, once something is missing from it, the trunk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "features" / trunk_hash()
        self._trunk: MusicnnTrunk | None = None

    def features(
        self, tracks: Sequence[Track], progress: Progress | None = None
    ) -> dict[str, SoundFeatures]:
        """Features by track id; a track whose file cannot be heard is left out and logged."""
        found: dict[str, SoundFeatures] = {}
        for done, track in enumerate(tracks):
            if progress is not None:
                progress(done, len(tracks), track.id)
            path = self.folder / f"{track.id}.npz"
            try:
                found[track.id] = _read(path) if path.exists() else self._compute(track, path)
            except MediaError as error:
                logger.warning("track %s is left out: %s", track.id, error)
        return found

    def _compute(self, track: Track, path: Path) -> SoundFeatures:
        if self._trunk is None:
            self._trunk = load_musicnn()
        features = sound_features(hear(track), self._trunk)
        _write(path, features)
        return features


def hear(track: Track) -> Sound:
    """The sound of a track: a recording as it is, 30 s of a score's rendering.

    Raises:
        MediaError: the file cannot be read.
    """
    if not track.is_score:
        return read_sound(track.file, Limits())
    from media.render import render_midi

    sound = render_midi(track.file.read_bytes(), sample_rate=TRUNK_RATE, name=track.id)
    length = int(EXCERPT_S * TRUNK_RATE)
    start = min(int(EXCERPT_START * len(sound.samples)), max(0, len(sound.samples) - length))
    return Sound(samples=sound.samples[start : start + length], sample_rate=TRUNK_RATE)


def _write(path: Path, features: SoundFeatures) -> None:
    arrays = {
        "pools": features.pools,
        "tag_logits": features.tag_logits,
        "signal": features.signal,
        "starts_s": features.starts_s,
        "segments": features.segments,
        "segment_starts_s": features.segment_starts_s,
        "numbers": np.array([features.loudness_db, features.duration_s]),
    }
    write_arrays(path, arrays)


def _read(path: Path) -> SoundFeatures:
    with np.load(path, allow_pickle=False) as stored:
        loudness_db, duration_s = (float(v) for v in stored["numbers"][-2:])
        return SoundFeatures(
            pools=stored["pools"],
            tag_logits=stored["tag_logits"],
            signal=stored["signal"],
            starts_s=stored["starts_s"],
            segments=stored["segments"],
            segment_starts_s=stored["segment_starts_s"],
            tempo_bpm=None,
            key=None,
            loudness_db=loudness_db,
            duration_s=duration_s,
        )
