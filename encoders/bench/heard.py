"""Sounds whose instruments are known: test scores rendered with an unseen font, and recordings.

    for subset in read_subsets(setting):
        subset.features         # (N, 1565) tag logits, signal, pools
        subset.labels           # (N, H) 1 sounds, 0 does not, NaN unsure; programs.FAMILIES
        subset.pieces           # N names, for a bootstrap over pieces

The font is the SF2 file that TEMPTRACK_UNSEEN_FONT names, else MuseScore General where Debian
installs it, else the default font, which the heads were trained with: the subset's name says so.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from encoders.bench.setting import Setting
from encoders.bench.tracks import read_features
from encoders.training.instruments import Scores, orchestrated, read_scores
from encoders.training.manifests import Track, read_tracks
from encoders.training.orchestrate import Excerpt, as_written, note_rows, window
from encoders.training.programs import DRUMS, FAMILIES, sounding
from encoders.training.renders import Planned, RenderCache
from encoders.training.sounds import track_features
from media.fonts import default_font
from media.limits import Limits
from media.midi import read_score

FONT_VARIABLE = "TEMPTRACK_UNSEEN_FONT"
DEBIAN_FONT = Path("/usr/share/sounds/sf2/MuseScore_General_Full.sf2")
WINDOWS = 2  # of each score as it is written, where it is long enough
WINDOW_S = 30.0  # as long as the excerpts of recordings
NUM_ORCHESTRATED = 100
# Tracks of a tracker name their waves; their program numbers are the tracker's own instruments.
NOISE = re.compile(r"Percussion|Noise")
WAVE = re.compile(r"Square|Pulse|Tri\b|Tri$|_Tri|^Bass_")
LEAD, SYNTH_BASS = 80, 38


@dataclass(frozen=True, kw_only=True, eq=False)
class Subset:
    """Holds N sounds and what is known of them."""

    name: str
    features: np.ndarray  # (N, 1565)
    labels: np.ndarray  # (N, 11) families
    pieces: tuple[str, ...]


def read_subsets(setting: Setting) -> Iterator[Subset]:
    """Renders as written, renders orchestrated anew, recordings with names read, and without.

    Raises:
        FileNotFoundError: the folder lacks a manifest.
    """
    font = unseen_font()
    known = ", a font of the training" if font == default_font() else ""
    scores = read_scores(setting.data_dir, "test")
    for name, plan in (
        ("renders as written", written_plan(scores, font)),
        ("renders orchestrated anew", orchestrated_plan(scores, font)),
    ):
        yield _rendered(f"{name} ({font.stem}{known})", plan, setting)
    yield from _recordings(setting)


def unseen_font() -> Path:
    """The font that renders are judged with."""
    named = os.environ.get(FONT_VARIABLE)
    if named:
        return Path(named)
    return DEBIAN_FONT if DEBIAN_FONT.exists() else default_font()


def written_plan(scores: Scores, font: Path) -> list[Planned]:
    """One or two windows of every score of several instruments, not roughened."""
    plan = []
    for score_id, notes in scores.multi.items():
        end_s = float((notes[:, 0] + notes[:, 1]).max())
        length_s = min(end_s, WINDOW_S)
        num_windows = WINDOWS if end_s >= WINDOW_S * WINDOWS else 1
        for place in range(num_windows):
            start_s = (end_s - length_s) * (place + 0.5) / num_windows
            plan.append(
                Planned(
                    name=f"long-test-{score_id}-{place}",
                    font=font,
                    compose=partial(_as_written, notes, start_s, length_s),
                    rough=False,
                    duration_s=length_s,
                )
            )
    return plan


def orchestrated_plan(scores: Scores, font: Path) -> list[Planned]:
    """New orchestrations of test scores, in which all families are as likely; not roughened."""
    return [
        replace(orchestrated(scores, f"re-test-{i:05d}", font), rough=False)
        for i in range(NUM_ORCHESTRATED)
    ]


def programs_by_name(notes: np.ndarray, names: list[str]) -> np.ndarray:
    """Notes (N, 6) of a tracker's export with the programs that its tracks' names say.

    "Lead_Square" is a synthesizer and "WhiteNoiseSnare" a drum, whatever the program number.
    """
    read = notes.copy()
    for number, name in enumerate(names):
        own = notes[:, 5] == number
        if NOISE.search(name):
            read[own, 4] = DRUMS
        elif WAVE.search(name):
            read[own, 4] = SYNTH_BASS if name.startswith("Bass") else LEAD
    return read


def _as_written(
    notes: np.ndarray, start_s: float, length_s: float, _: np.random.Generator
) -> Excerpt:
    return as_written(notes, start_s, length_s)


def _rendered(name: str, plan: list[Planned], setting: Setting) -> Subset:
    heard = RenderCache(setting.cache_folder).renders(plan, setting.progress)
    pieces = (n.rpartition("-")[0] if n.startswith("long") else n for n in heard.names)
    return Subset(
        name=name,
        features=heard.features,
        labels=heard.labels[:, : len(FAMILIES)],
        pieces=tuple(pieces),
    )


def _recordings(setting: Setting) -> Iterator[Subset]:
    tracks = [t for t in read_tracks(setting.data_dir, "audio") if t.labels.get("symbolic_id")]
    scores = {t.id: t for t in read_tracks(setting.data_dir, "symbolic")}
    features = read_features(tracks, setting)
    heard = [t for t in tracks if t.id in features]
    rows = np.stack([track_features(features[t.id]) for t in heard])
    for name, by_name in (("names of tracks read", True), ("programs as numbered", False)):
        yield Subset(
            name=f"recordings, {name}",
            features=rows,
            labels=np.stack([_labels(t, scores, by_name=by_name) for t in heard]),
            pieces=tuple(t.id for t in heard),
        )


def _labels(recording: Track, scores: dict[str, Track], *, by_name: bool) -> np.ndarray:
    """(11,) what the score has in the seconds that the recording's excerpt shows."""
    import symusic

    row = recording.labels
    data = scores[row["symbolic_id"]].file.read_bytes()
    notes = note_rows(read_score(data, Limits(), recording.id))
    if by_name:
        names = [track.name for track in symusic.Score.from_midi(data).tracks]
        notes = programs_by_name(notes, names)
    shown = window(notes, float(row["excerpt_start_s"]), float(row["duration_s"]))
    return sounding(shown[:, :5], float(row["duration_s"]))[: len(FAMILIES)]
