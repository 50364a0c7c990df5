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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.bench.kept import KeptArrays
from encoders.bench.ranking import ranking_rows
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, RANDOM, Row, Table
from encoders.bench.tracks import embed_tracks
from encoders.metrics import evaluate as evaluate_ranking
from encoders.training.manifests import read_tracks

if TYPE_CHECKING:
    from encoders.embed import Embedder

DESIGNERS = "designers' music"
FIRST_HIT = f"first hit of {MODEL}"


def tabulate(setting: Setting) -> Table:
    """The clips of `scenes` with the music that plays there, with our first hit, with any.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    scenes = read_scenes(setting.data_dir)
    tracks = read_tracks(setting.data_dir, "audio")
    music = embed_tracks(tracks, setting)
    clips = embed_clips([setting.data_dir / s["clip"] for s in scenes], setting)
    places = {track_id: place for place, track_id in enumerate(music.ids)}
    choices = {
        DESIGNERS: np.array([places[s["track"]] for s in scenes]),
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
        method, chosen @ clips.T, same_names(names), subset="scenes", groups=list(names)
    )
    return [replace(row, metric=_as_precision(row.metric)) for row in found]


def same_names(names: Sequence[str]) -> np.ndarray:
    """(M, M) bool: the clips that were given the same track."""
    array = np.array(names)
    return np.asarray(array[:, None] == array)


def read_scenes(data_dir: Path) -> list[dict[str, Any]]:
    """Rows of `scenes.jsonl`.

    Raises:
        FileNotFoundError: the folder has no such manifest.
    """
    import json

    with (data_dir / "scenes.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def embed_clips(paths: Sequence[Path], setting: Setting) -> np.ndarray:
    """(M, 256) vectors of clips, kept for the space and the code that made them."""
    from encoders import embed
    from encoders.towers import clip, picture, text

    embedder: Embedder = setting.embedder  # type: ignore[assignment]  # one that sees clips
    kept = KeptArrays(
        setting.cache_folder / "clips",
        sources=(clip, picture, text, embed),
        also=str(embedder.space),
    )
    rows = []
    for done, path in enumerate(paths):
        if setting.progress is not None:
            setting.progress(done, len(paths), path.name)
        rows.append(kept.get(path.name, lambda path=path: _embed(path, embedder))["vector"])  # type: ignore[misc]
    return np.stack(rows)


def _embed(path: Path, embedder: "Embedder") -> dict[str, np.ndarray]:
    from media.limits import Limits
    from media.video import read_frames

    return {"vector": embedder.embed_clip(read_frames(path, Limits())).vector}


def _as_precision(metric: str) -> str:
    return re.sub("^R@", "P@", metric)
