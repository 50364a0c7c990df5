"""Is the key right? Recordings with a stated key and scores that state theirs.

Conventions
    estimates (N,) and truths (N,) are keys: 0 C major to 11 B major, 12 C minor to 23 B minor; an
    estimate of -1 is no key. The truth of `stock` is what its maker was asked for; scores are of
    POP909 and Nottingham, their modal tunes left out.

Metrics
    The weighted score of MIREX (Audio Key Detection): 1 the key, 0.5 a fifth above or below in the
    same mode, 0.3 the relative key, 0.2 the other mode of the same tonic, else 0. mir_eval counts
    the fifth above alone. And the share of exact answers. Chance is what random draws from the
    truths reach. Intervals: bootstrap over tracks.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.estimates import estimate_rows
from encoders.bench.kept import KeptArrays
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Table
from encoders.training import speeds
from encoders.training.manifests import SOLO_COLLECTIONS, Track, read_tracks
from encoders.trunks import constant_q, harmony, tonality
from encoders.trunks.checkpoint import verify_folder
from media.audio import read_sound
from media.errors import MediaError
from media.limits import Limits

METRICS = ("MIREX score", "exact")
FORMER = "Temperley's profiles of 1999"
NUM_SCORES = 100
NO_KEY = -1
SAME, FIFTH, RELATIVE, PARALLEL = 1.0, 0.5, 0.3, 0.2


def tabulate(setting: Setting) -> Table:
    """Stock and renders.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    kept = KeptArrays(
        setting.cache_folder / "key",
        sources=(tonality, harmony, constant_q, speeds),
        also=verify_folder(tonality.KEY_PROFILES),
    )
    finder = tonality.load_key_finder()
    rows = []
    for subset, tracks in subsets(setting.data_dir).items():
        found = []
        for done, track in enumerate(tracks):
            if setting.progress is not None:
                setting.progress(done, len(tracks), track.id)
            found.append(kept.get(track.id, partial(_estimates, track, finder)))
        truths = np.array([tonality.parse_key(track.labels["key"]) for track in tracks])
        methods = {
            MODEL: np.array([int(f["ours"]) for f in found]),
            FORMER: np.array([int(f["former"]) for f in found]),
            RANDOM: np.random.default_rng(0).permutation(truths),
        }
        for method, estimates in methods.items():
            rows += estimate_rows(evaluate, estimates, truths, method=method, subset=subset)
    note = "major and minor keys against what the maker or the score states"
    return Table(name="key", note=note, rows=tuple(rows))


def validate(estimates: np.ndarray, truths: np.ndarray) -> None:
    """Refuse arrays that do not belong together.

    Raises:
        ValueError: other shapes, nothing at all, or numbers that are no keys.
    """
    if estimates.shape != truths.shape or estimates.ndim != 1 or len(truths) == 0:
        raise ValueError(f"{estimates.shape} estimates of {truths.shape} keys are not pairs")
    if ((truths < 0) | (truths >= tonality.NUM_KEYS)).any():
        raise ValueError("true keys are numbers from 0 (C major) to 23 (B minor)")
    if ((estimates < NO_KEY) | (estimates >= tonality.NUM_KEYS)).any():
        raise ValueError("estimates are keys from 0 to 23, or -1 for none")


def mirex_scores(estimates: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """(N,) weight of each answer."""
    validate(estimates, truths)
    steps = (estimates - truths) % 12  # semitones from the true tonic to the named one
    same_mode = estimates // 12 == truths // 12
    to_relative = np.where(truths < 12, 9, 3)  # A minor lies 9 above C major
    scores = np.select(
        [
            same_mode & (steps == 0),
            same_mode & ((steps == 7) | (steps == 5)),
            ~same_mode & (steps == to_relative),
            ~same_mode & (steps == 0),
        ],
        [SAME, FIFTH, RELATIVE, PARALLEL],
        default=0.0,
    )
    return np.asarray(np.where(estimates == NO_KEY, 0.0, scores))


def evaluate(estimates: np.ndarray, truths: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    scores = mirex_scores(estimates, truths)
    return {METRICS[0]: float(scores.mean()), METRICS[1]: float((estimates == truths).mean())}


def subsets(data_dir: Path) -> dict[str, Sequence[Track]]:
    """What is measured, by name."""
    scores = [
        track
        for track in read_tracks(data_dir, "symbolic")
        if track.split == "test" and track.is_score and _has_key(track)
    ]
    scores.sort(key=lambda t: hashlib.sha256(t.id.encode()).digest())
    return {
        "stock": [t for t in read_tracks(data_dir, "stock") if _has_key(t)],
        "renders": [t for t in scores if t.labels["collection"] in SOLO_COLLECTIONS][:NUM_SCORES],
    }


def _has_key(track: Track) -> bool:
    try:
        tonality.parse_key(track.labels.get("key") or "")
    except ValueError:
        return False
    return True


def _estimates(track: Track, finder: tonality.KeyFinder) -> dict[str, np.ndarray]:
    try:
        chroma = harmony.read_chroma(_hear(track))
    except MediaError:
        return {"ours": np.array(NO_KEY), "former": np.array(NO_KEY)}
    named = (finder.find(chroma), harmony.find_key(chroma))
    ours, former = (NO_KEY if key is None else tonality.parse_key(key) for key in named)
    return {"ours": np.array(ours), "former": np.array(former)}


def _hear(track: Track) -> np.ndarray:
    if track.is_score:
        return speeds.hear_at(track).samples
    return read_sound(track.file, Limits()).samples
