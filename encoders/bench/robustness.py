"""Found again: does a changed recording find its original first?

Needs no labels, so it runs on any catalogue with its files. The changes are coding at 64 kbit/s,
a low-pass at 4 kHz and a pitch shift of one semitone (`changes.py`).

Conventions
    changed (Q, D) are vectors of changed recordings, originals (N, D) of the catalogue, unit
    length; places (Q,) say which original each one is. One answer is right.

Metrics
    R@1, R@5, R@10 and median rank of the original among all N. Chance is k / N.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from encoders.bench import changes, mfcc
from encoders.bench.baselines import MFCC, mfcc_rows, random_rows
from encoders.bench.changes import CHANGES
from encoders.bench.kept import KeptArrays
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import ask_for_likes, audio_head, embed_tracks, read_recordings
from encoders.metrics import evaluate as evaluate_ranking
from encoders.training.cache import hear
from encoders.training.manifests import Track
from encoders.trunks import constant_q, features, harmony, musicnn, rhythm, signal, spectrum

if TYPE_CHECKING:
    from encoders.trunks.musicnn import MusicnnTrunk

NUM_SAMPLE = 60
PARTS = ("pools", "tag_logits", "signal")


def tabulate(setting: Setting, *, num_sample: int = NUM_SAMPLE) -> Table:
    """A sample of the recordings that no head has heard, among all of `audio` and `emotify`.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    tracks = read_recordings(setting)
    asked = sample_of([t for t in tracks if t.split != "train"], num_sample)
    originals = embed_tracks(tracks, setting)
    if len(originals.ids) < len(tracks):
        tracks = [t for t in tracks if t.id in set(originals.ids)]
        asked = [t for t in asked if t.id in set(originals.ids)]
    heard = _Changed(setting)
    plain = mfcc_rows(tracks, setting)
    rows: list[Row] = []
    for change in CHANGES:
        arrays = [heard.arrays(track, change, asked) for track in asked]
        galleries = {
            MODEL: (ask_for_likes(_project(arrays, setting), setting), originals.tracks),
            MFCC: (np.stack([a["mfcc"] for a in arrays]), plain),
            RANDOM: (random_rows(len(asked), seed=1), random_rows(len(tracks))),
        }
        places = np.array([originals.ids.index(t.id) for t in asked])
        groups = [t.artist or t.id for t in asked]
        for method, (changed, gallery) in galleries.items():
            scores = _scores(method, changed, gallery)
            right = answers(places, len(tracks))
            rows += ranking_rows(method, scores, right, subset=change, groups=groups)
    note = "a changed excerpt asks for its original among all; no head was trained on those asked"
    return Table(name="robustness", note=note, rows=tuple(rows))


def validate(changed: np.ndarray, originals: np.ndarray, places: np.ndarray) -> None:
    """Refuse what cannot be searched.

    Raises:
        ValueError: other widths, places that are not there, or values that are not finite.
    """
    if changed.ndim != 2 or changed.shape[1:] != originals.shape[1:]:
        raise ValueError(f"queries {changed.shape} do not fit originals {originals.shape}")
    if places.shape != (len(changed),) or not len(changed):
        raise ValueError(f"{len(changed)} queries need as many places, not {places.shape}")
    if places.min() < 0 or places.max() >= len(originals):
        raise ValueError(f"places must be 0 to {len(originals) - 1}")
    if not (np.isfinite(changed).all() and np.isfinite(originals).all()):
        raise ValueError("vectors must be finite")


def evaluate(changed: np.ndarray, originals: np.ndarray, places: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(changed, originals, places)
    return evaluate_ranking(changed @ originals.T, answers(places, len(originals)))


def answers(places: np.ndarray, num_items: int) -> np.ndarray:
    """(Q, N) bool with the one right item of each query."""
    return np.asarray(places[:, None] == np.arange(num_items))


def sample_of(tracks: Sequence[Track], count: int) -> list[Track]:
    """At most `count` tracks, evenly over the manifests."""
    places = np.linspace(0, len(tracks) - 1, min(count, len(tracks))).round().astype(int)
    return [tracks[i] for i in places]


class _Changed:
    """Features of changed recordings, kept: the trunk is loaded when something is missing."""

    def __init__(self, setting: Setting) -> None:
        # Only what reaches a vector counts: a better tempo or key hears nothing anew.
        heard_by = (rhythm.onset_envelope, rhythm.find_onsets, harmony.read_chroma,
                    harmony.chroma_entropy, harmony.majorness, features.patch_starts)  # fmt: skip
        self._kept = KeptArrays(
            setting.cache_folder / "changed",
            sources=(changes, mfcc, constant_q, musicnn, signal, spectrum),
            also="".join(inspect.getsource(function) for function in heard_by),
        )
        self._progress = setting.progress
        self._trunk: MusicnnTrunk | None = None

    def arrays(
        self, track: Track, change: str, asked: Sequence[Track]
    ) -> Mapping[str, np.ndarray]:
        """Mean features and the baseline's row of one changed track."""
        if self._progress is not None:
            self._progress(asked.index(track), len(asked), change)
        return self._kept.get(f"{track.id} {change}", lambda: self._compute(track, change))

    def _compute(self, track: Track, change: str) -> Mapping[str, np.ndarray]:
        from media.audio import Sound

        if self._trunk is None:
            self._trunk = musicnn.load_musicnn()
        samples = CHANGES[change](hear(track).samples)
        sound = features.sound_features(Sound(samples=samples, sample_rate=16_000), self._trunk)
        means = {part: getattr(sound, part).mean(axis=0) for part in PARTS}
        return {**means, "mfcc": mfcc.mfcc_row(samples)}


def _project(arrays: Sequence[Mapping[str, np.ndarray]], setting: Setting) -> np.ndarray:
    from encoders.embed import make_unit

    parts = {part: np.stack([a[part] for a in arrays]) for part in PARTS}
    return make_unit(audio_head(setting).project(**parts))


def _scores(method: str, changed: np.ndarray, originals: np.ndarray) -> np.ndarray:
    if method == MFCC:
        return mfcc.standard_cosine(changed, originals)
    return np.asarray(changed @ originals.T)
