"""Agreement of clips with the music chosen for them, judged by retrieval.

In the manner of VMCP (Zhuo et al., Video Background Music Generation, ICCV 2023): the music that
somebody chose or made for a clip asks for clips, and agrees with its clip as far as the clip
stands near the top. There the judge is a video-music model trained on music videos (Suris et al.,
It's Time for Artistic Correspondence in Music and Video, CVPR 2022); no such model may be shipped,
so here the judge is the space itself. It follows that music chosen by this space is judged kindly:
its row is a bound from above. The row of the music that designers chose is what tells the judge's
worth, and random music what it gives for nothing.

Conventions
    clips (M, D) and chosen (M, D), row i the music chosen for clip i, unit length; names (M,) of
    the chosen tracks: a track chosen for several clips agrees by any of them. Row i of the scores
    chosen @ clips.T ranks all M clips.

Metrics
    P@1, P@5, P@10: share of clips whose music has them, or another clip it was chosen for, among
    the first k clips. Median rank. Chance knows how many clips each track was chosen for.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.sides import embed_views
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import embed_tracks
from encoders.metrics import evaluate as evaluate_ranking
from encoders.training.clips import read_scenes
from encoders.training.manifests import read_tracks

DESIGNERS = "designers' music"
FIRST_HIT = f"first hit of {MODEL}"


def tabulate(setting: Setting) -> Table:
    """Clips of `scenes` that no head has seen: the music that plays there, our first hit, any.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    held_out = [s for s in read_scenes(setting.data_dir) if s.split != "train"]
    views = embed_views({s.id: s.file for s in held_out}, setting)
    scenes = [s for s in held_out if s.id in views]
    clips = np.stack([views[s.id] for s in scenes])
    music = embed_tracks(read_tracks(setting.data_dir, "audio"), setting)
    places = {track_id: place for place, track_id in enumerate(music.ids)}
    choices = {
        DESIGNERS: np.array([places[s.track] for s in scenes]),
        FIRST_HIT: (clips @ music.tracks.T).argmax(axis=1),
        RANDOM: np.random.default_rng(0).integers(0, len(places), size=len(scenes)),
    }
    rows = [
        row
        for method, chosen in choices.items()
        for row in agreement_rows(
            clips, music.tracks[chosen], names=[music.ids[i] for i in chosen], method=method
        )
    ]
    note = f"music asks for its clip; judged by this space, so '{FIRST_HIT}' is a bound from above"
    return Table(name="agreement", note=note, rows=tuple(rows))


def validate(clips: np.ndarray, chosen: np.ndarray, names: Sequence[str]) -> None:
    """Refuse what does not belong together.

    Raises:
        ValueError: other shapes, fewer than two clips, or values that are not finite.
    """
    if clips.shape != chosen.shape or clips.ndim != 2 or len(names) != len(clips):
        raise ValueError(f"{clips.shape} clips, {chosen.shape} choices and {len(names)} names")
    if len(clips) < 2:
        raise ValueError("agreement needs two clips at least")
    if not (np.isfinite(clips).all() and np.isfinite(chosen).all()):
        raise ValueError("vectors must be finite")


def evaluate(clips: np.ndarray, chosen: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Every metric by name."""
    validate(clips, chosen, names)
    found = evaluate_ranking(chosen @ clips.T, same_names(names))
    return {_as_precision(metric): value for metric, value in found.items()}


def agreement_rows(
    clips: np.ndarray, chosen: np.ndarray, *, names: Sequence[str], method: str
) -> list[Row]:
    """Rows with intervals over the tracks that were chosen."""
    validate(clips, chosen, names)
    found = ranking_rows(
        method, chosen @ clips.T, same_names(names), subset="scenes, held out", groups=list(names)
    )
    return [replace(row, metric=_as_precision(row.metric)) for row in found]


def same_names(names: Sequence[str]) -> np.ndarray:
    """(M, M) bool: the clips that were given the same track."""
    array = np.array(names)
    return np.asarray(array[:, None] == array)


def _as_precision(metric: str) -> str:
    return re.sub("^R@", "P@", metric)
