"""Training scores: rows of a manifest of MIDI files -> sketches. Decides what may be trained on.

Each collection needs its own reading: Nottingham is melody and block chords on the grid, POP909
a named melody and a played piano that is on the beat grid up to a constant offset, game scores
are tracks whose roles must be guessed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic.sketch import STEPS_PER_BAR, STEPS_PER_QUARTER, Mode
from symbolic.training.harmony import estimate_key, find_chords, parse_key

COLLECTION_STYLES: Mapping[str, str] = {
    "Nottingham": "folk",
    "POP909": "pop",
    "EasyRPG RTP": "game",
    "Freedoom": "game",
    "IVAN": "game",
    "OpenMSX": "game",
    "Plee the Bear": "game",
    "Simutrans": "game",
    "Tuxemon (JRPG Collection)": "game",
    "Andy's Super Great Park": "game",
}
MIN_GRID_AGREEMENT = 0.9  # length of the mean vector of onsets modulo a sixteenth note
# A metre is one row of JSON away from these spellings of it.
SAME_METRE = {"2/2": "4/4", "4/8": "2/4", "12/8": "6/8"}

# A row of the manifest is free-form JSON.
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Voices:
    """A score on the grid in its own key: (N, 3) int arrays of onset, duration, pitch."""

    melody: NDArray[np.int64]
    accompaniment: NDArray[np.int64]
    metre: str
    tonic: int
    mode: Mode
    style: str


def read_rows(data_dir: Path, split: str) -> list[Row]:
    """The MIDI rows of a split whose licence lets shipped weights be trained on them.

    Raises:
        FileNotFoundError: `data_dir` has no `symbolic.jsonl`.
    """
    with (data_dir / "symbolic.jsonl").open(encoding="utf-8") as lines:
        rows: list[Row] = [json.loads(line) for line in lines]
    return [
        row
        for row in rows
        if row["format"] == "midi"
        and row["train_shipped"]
        and row["split"] == split
        and row["collection"] in COLLECTION_STYLES
    ]


def read_voices(data_dir: Path, row: Row) -> Voices | None:
    """One score on the grid, or None where its grid, metre or roles cannot be trusted."""
    from symusic import Score

    score = Score(str(data_dir / row["file"]))
    tracks = [
        (track.name, track.program, _to_grid(track.notes, score.tpq))
        for track in score.tracks
        if not track.is_drum and len(track.notes) >= 8
    ]
    if not tracks:
        return None
    roles = _split_roles(row["collection"], tracks)
    metre = _metre_of(row)
    if roles is None or metre is None:
        return None
    offset = _grid_offset(np.concatenate(roles))
    if offset is None:
        return None
    melody, accompaniment = (_snap(notes, offset) for notes in roles)
    if row["collection"] == "POP909":
        metre, melody, accompaniment = _find_bars(metre, melody, accompaniment)
    tonic, mode = _key_of(row, melody, accompaniment)
    return Voices(
        melody=melody,
        accompaniment=accompaniment,
        metre=metre,
        tonic=tonic,
        mode=mode,
        style=COLLECTION_STYLES[row["collection"]],
    )


Track = tuple[str, int, NDArray[np.float64]]


def _to_grid(notes: Any, ticks: int) -> NDArray[np.float64]:  # symusic has no type information
    rows = [(note.time, note.duration, note.pitch) for note in notes]
    grid = np.array(sorted(rows), dtype=np.float64)
    grid[:, :2] *= STEPS_PER_QUARTER / ticks
    return grid


def _split_roles(
    collection: str, tracks: Sequence[Track]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if collection == "POP909":
        named = {name: notes for name, _, notes in tracks}
        return (named["MELODY"], named["PIANO"]) if {"MELODY", "PIANO"} <= set(named) else None
    if collection == "Nottingham":
        return (tracks[0][2], tracks[1][2]) if len(tracks) >= 2 else None
    if len(tracks) < 2:
        return None
    best = max(range(len(tracks)), key=lambda index: _melody_likeness(tracks[index]))
    others = [notes for index, (_, _, notes) in enumerate(tracks) if index != best]
    accompaniment = np.concatenate(others)
    return tracks[best][2], accompaniment[np.lexsort((accompaniment[:, 2], accompaniment[:, 0]))]


def _melody_likeness(track: Track) -> float:
    """High, one-voiced, busy but not a blur; a name that says so counts most."""
    name, _, notes = track
    alone = len(np.unique(np.round(notes[:, 0]))) / len(notes)
    height = -abs(float(np.median(notes[:, 2])) - 74) / 12
    variety = min(len(np.unique(notes[:, 2])), 12) / 12
    named = any(word in name.lower() for word in ("melody", "lead", "solo", "vocal", "flute"))
    return alone + height + variety + 1.5 * named + min(len(notes), 200) / 400


def _metre_of(row: Row) -> str | None:
    if row["collection"] == "POP909":
        return "3/4" if row["beats_per_measure"] == 3 else "4/4"
    metre = row["metre"] or "4/4"  # a MIDI file that states none is in 4/4
    metre = SAME_METRE.get(metre, metre)
    return metre if metre in STEPS_PER_BAR else None


def _grid_offset(notes: NDArray[np.float64]) -> float | None:
    """The constant part of the onsets modulo one step, None where there is no such constant."""
    mean = np.exp(2j * np.pi * notes[:, 0]).mean()
    if abs(mean) < MIN_GRID_AGREEMENT:
        return None
    return float(np.angle(mean) / (2 * np.pi))


def _snap(notes: NDArray[np.float64], offset: float) -> NDArray[np.int64]:
    snapped = np.empty(notes.shape, dtype=np.int64)
    snapped[:, 0] = np.maximum(np.round(notes[:, 0] - offset), 0)
    ends = np.round(notes[:, 0] + notes[:, 1] - offset)
    snapped[:, 1] = np.maximum(ends - snapped[:, 0], 1)
    snapped[:, 2] = notes[:, 2]
    return snapped


def _find_bars(
    metre: str, melody: NDArray[np.int64], accompaniment: NDArray[np.int64]
) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    """Shift everything so that bars begin where low notes start and change."""
    low = accompaniment[accompaniment[:, 2] < 55]
    low = low if len(low) >= 16 else accompaniment
    steps = STEPS_PER_BAR[metre]
    weights = np.zeros(steps)
    change = np.diff(low[:, 2], prepend=-1) != 0
    for (onset, duration, _), changed in zip(low, change, strict=True):
        weights[onset % steps] += min(int(duration), 8) * (2.0 if changed else 0.5)
    shift = -int(np.argmax(weights)) % steps
    if metre == "4/4" and _changes_off_the_bar(accompaniment, shift):
        shift = (shift + steps // 2) % steps
    move = np.array([shift, 0, 0])
    return metre, melody + move, accompaniment + move


def _changes_off_the_bar(accompaniment: NDArray[np.int64], shift: int) -> bool:
    """Whether more chords begin in the middle of the bars than at their starts."""
    half = STEPS_PER_BAR["4/4"] // 2
    moved = accompaniment + np.array([shift, 0, 0])
    num_steps = int((moved[:, 0] + moved[:, 1]).max())
    onsets = [chord.onset // half for chord in find_chords(moved, num_steps=num_steps, span=half)]
    return 2 * sum(onset % 2 for onset in onsets) > len(onsets)


def _key_of(
    row: Row, melody: NDArray[np.int64], accompaniment: NDArray[np.int64]
) -> tuple[int, Mode]:
    stated = parse_key(row["key"]) if row["key"] else None
    return stated or estimate_key(np.concatenate((melody, accompaniment)))


def iterate_voices(data_dir: Path, split: str) -> Iterator[tuple[Row, Voices]]:
    """Every usable score of a split, with its row."""
    for row in read_rows(data_dir, split):
        voices = read_voices(data_dir, row)
        if voices is not None:
            yield row, voices
