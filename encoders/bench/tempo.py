"""Is the tempo right? Recordings with a stated tempo and scores that keep one.

Conventions
    estimates (N,) beats a minute, 0 where none was found; truths (N,) above 0. A score's truth is
    what its file states for the beat of its metre (`encoders.training.speeds`); the truth of
    `stock` is what its maker was asked for. The tunes of Nottingham state no tempo and would all
    be played at 120: the subset "at other speeds" plays each at its own, from 80 to 180.

Metrics
    Accuracy 1: within 4 % of the truth. Accuracy 2: within 4 % of the truth, twice, half, three
    times or a third of it (Gouyon et al., An experimental comparison of audio tempo induction
    algorithms, IEEE TASLP 14(5), 2006). Chance is what random draws from the truths themselves
    reach. Intervals: bootstrap over tracks.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.estimates import estimate_rows
from encoders.bench.kept import KeptArrays
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Table
from encoders.training import speeds
from encoders.training.manifests import Track, read_tracks
from encoders.trunks import beatnet, rhythm, spectrum, tempo
from encoders.trunks.checkpoint import verify_folder
from media.audio import Sound, read_sound
from media.errors import MediaError
from media.limits import Limits

TOLERANCE = 0.04
FACTORS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)
METRICS = ("accuracy 1", "accuracy 2")
FORMER = "autocorrelation of onsets"
NUM_SCORES = 100  # of each set of renders
SPEED_OCTAVES = 1.17


@dataclass(frozen=True, kw_only=True)
class Item:
    """Holds a track, how fast it is played and its true tempo."""

    track: Track
    speed: float
    bpm: float


def tabulate(setting: Setting) -> Table:
    """Stock, renders as written, and tunes at other speeds.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    kept = KeptArrays(
        setting.cache_folder / "tempo",
        sources=(tempo, beatnet, rhythm, spectrum, speeds),
        also=verify_folder(tempo.CHOOSER),
    )
    finder = tempo.load_tempo_finder()
    rows = []
    for subset, items in subsets(setting.data_dir).items():
        found = []
        for done, item in enumerate(items):
            if setting.progress is not None:
                setting.progress(done, len(items), item.track.id)
            key = f"{item.track.id} {item.speed}"
            found.append(kept.get(key, partial(_estimates, item, finder)))
        truths = np.array([item.bpm for item in items])
        methods = {
            MODEL: np.array([float(f["ours"]) for f in found]),
            FORMER: np.array([float(f["former"]) for f in found]),
            RANDOM: np.random.default_rng(0).permutation(truths),
        }
        for method, estimates in methods.items():
            rows += estimate_rows(evaluate, estimates, truths, method=method, subset=subset)
    note = "beats a minute against what the maker or the score states"
    return Table(name="tempo", note=note, rows=tuple(rows))


def validate(estimates: np.ndarray, truths: np.ndarray) -> None:
    """Refuse arrays that do not belong together.

    Raises:
        ValueError: other shapes, nothing at all, a truth that is not above 0, a value not finite.
    """
    if estimates.shape != truths.shape or estimates.ndim != 1 or len(truths) == 0:
        raise ValueError(f"{estimates.shape} estimates of {truths.shape} tempi are not pairs")
    if not (np.isfinite(estimates).all() and np.isfinite(truths).all()):
        raise ValueError("tempi must be finite; write 0 where none was found")
    if (truths <= 0).any() or (estimates < 0).any():
        raise ValueError("true tempi must be above 0 and estimates not below it")


def is_right(estimates: np.ndarray, truths: np.ndarray | float) -> np.ndarray:
    """Which estimates lie within 4 % of the truth."""
    return np.asarray(np.abs(estimates / truths - 1.0) <= TOLERANCE)


def is_octave_right(estimates: np.ndarray, truths: np.ndarray | float) -> np.ndarray:
    """Which estimates lie within 4 % of the truth or a simple multiple of it."""
    return np.asarray(np.any([is_right(estimates, truths * f) for f in FACTORS], axis=0))


def evaluate(estimates: np.ndarray, truths: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    validate(estimates, truths)
    right = (is_right(estimates, truths), is_octave_right(estimates, truths))
    return {metric: float(r.mean()) for metric, r in zip(METRICS, right, strict=True)}


def subsets(data_dir: Path) -> Mapping[str, Sequence[Item]]:
    """What is measured, by name."""
    stock = [Item(track=t, speed=1.0, bpm=t.labels["tempo_bpm"]) for t in _stock(data_dir)]
    steady = list(steady_scores(data_dir))
    tunes = [item for item in steady if item.track.labels["collection"] == "Nottingham"]
    return {
        "stock": stock,
        "renders": steady[:NUM_SCORES],
        "renders at other speeds": [_at_other_speed(i) for i in tunes[:NUM_SCORES]],
    }


def steady_scores(data_dir: Path) -> Iterator[Item]:
    """Scores of the test split that keep one tempo, in an order that is always the same."""
    scores = [t for t in read_tracks(data_dir, "symbolic") if t.split == "test" and t.is_score]
    for track in sorted(scores, key=lambda t: hashlib.sha256(t.id.encode()).digest()):
        try:
            bpm = speeds.beats_per_minute(track)
        except MediaError:
            continue
        if bpm is not None:
            yield Item(track=track, speed=1.0, bpm=bpm)


def _stock(data_dir: Path) -> list[Track]:
    return [t for t in read_tracks(data_dir, "stock") if t.labels.get("tempo_bpm")]


def _at_other_speed(item: Item) -> Item:
    digest = hashlib.sha256(item.track.id.encode()).hexdigest()
    speed = round(2 ** (SPEED_OCTAVES * (int(digest[:8], 16) / 2**32 - 0.5)), 3)
    return Item(track=item.track, speed=speed, bpm=item.bpm * speed)


def _estimates(item: Item, finder: tempo.TempoFinder) -> dict[str, np.ndarray]:
    samples = _hear(item).samples
    envelope = rhythm.onset_envelope(spectrum.analyse_spectrum(samples))
    return {
        "ours": np.array(finder.find(samples) or 0.0),
        "former": np.array(rhythm.find_tempo(envelope) or 0.0),
    }


def _hear(item: Item) -> Sound:
    if item.track.is_score:
        return speeds.hear_at(item.track, item.speed)
    return read_sound(item.track.file, Limits())
