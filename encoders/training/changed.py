"""How far coding, filters and shifts of pitch move a recording's patches; kept between runs.

    changes = ChangedCache(root).changes(tracks, progress)     # {"coded": (C, 1565), ...}

Twelve seconds of each of some recordings are changed (`augment.py`), heard by the trunk, and
compared with the same patches of the unchanged recording. C patches. Knows no head.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from encoders.training.arrays import write_arrays
from encoders.training.augment import LIKENESS_CHANGES
from encoders.training.cache import FeatureCache, Progress, hear, trunk_hash
from encoders.training.manifests import Track
from encoders.trunks.checkpoint import file_sha256
from encoders.trunks.features import SoundFeatures, sound_features
from encoders.trunks.musicnn import PATCH_FRAMES, MusicnnTrunk, load_musicnn
from encoders.trunks.spectrum import HOP_LENGTH, SAMPLE_RATE
from media.audio import Sound

FIRST_PATCH, NUM_PATCHES = 3, 4  # 9 s to 21 s
FIRST_SAMPLE = 562 * HOP_LENGTH  # where the trunk's fourth patch starts
NUM_SAMPLES = (562 + PATCH_FRAMES) * HOP_LENGTH
MARGIN = SAMPLE_RATE  # changed before and after, so that filters have settled
PART_SAMPLES = 14 * SAMPLE_RATE


class ChangedCache:
    """Holds the folder and, once something is missing from it, the trunk."""

    def __init__(self, root: Path) -> None:
        source = file_sha256(Path(__file__).with_name("augment.py"))
        name = hashlib.sha256(f"{trunk_hash()} {source}".encode()).hexdigest()[:16]
        self.folder, self._features = root / "changed" / name, FeatureCache(root)
        self._trunk: MusicnnTrunk | None = None

    def changes(
        self, tracks: Sequence[Track], progress: Progress | None = None
    ) -> dict[str, np.ndarray]:
        """For each change (C, 1565) how far it moves patches; short recordings are left out."""
        moved: dict[str, list[np.ndarray]] = {name: [] for name in LIKENESS_CHANGES}
        for done, track in enumerate(tracks):
            if progress is not None:
                progress(done, len(tracks), track.id)
            for name, rows in self._of_track(track).items():
                moved[name].append(rows)
        return {name: np.concatenate(rows) for name, rows in moved.items() if rows}

    def _of_track(self, track: Track) -> Mapping[str, np.ndarray]:
        path = self.folder / f"{track.id}.npz"
        if not path.exists():
            self._compute(track, path)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def _compute(self, track: Track, path: Path) -> None:
        self._trunk = self._trunk or load_musicnn()
        plain = self._features.features([track]).get(track.id)
        samples = hear(track).samples if plain is not None else np.zeros(0, np.float32)
        part = samples[FIRST_SAMPLE - MARGIN :][:PART_SAMPLES]
        moved: dict[str, np.ndarray] = {}
        if plain is not None and len(part) == PART_SAMPLES:
            before = patch_features(plain)[FIRST_PATCH : FIRST_PATCH + NUM_PATCHES]
            for name, change in LIKENESS_CHANGES.items():
                after = change(part)[MARGIN : MARGIN + NUM_SAMPLES]
                heard = sound_features(Sound(samples=after, sample_rate=SAMPLE_RATE), self._trunk)
                moved[name] = patch_features(heard)[:NUM_PATCHES] - before
        write_arrays(path, moved)


def patch_features(features: SoundFeatures) -> np.ndarray:
    """(P, 1565) tags, signal and pools of each patch."""
    return np.concatenate([features.tag_logits, features.signal, features.pools], axis=1)
