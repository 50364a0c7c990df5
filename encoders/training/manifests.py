"""Which recordings and scores a data folder holds, and which of them may train what ships.

Reads no sound.

The folder has the layout of its own README: `audio.jsonl`, `symbolic.jsonl`, `emotify.jsonl`,
`stock.jsonl`, `text/musiccaps.csv`. Only this file knows the rules:

- shipped heads train on `audio.jsonl` and `symbolic.jsonl` rows with `train_shipped` and split
  "train", and never on a track that is a scene answer in another split;
- `emotify` is non-commercial and `stock` is for tests: `training_tracks` never returns them.
"""

import ast
import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MULTI_INSTRUMENT = (
    "Freedoom", "Simutrans", "OpenMSX", "EasyRPG RTP", "Tuxemon (JRPG Collection)",
    "Andy's Super Great Park", "Plee the Bear", "IVAN",
)  # fmt: skip
SOLO_COLLECTIONS = ("POP909", "Nottingham")
MAX_SOLO = 40  # of each: their renders sound much alike
HELD_OUT_SCENES = ("val", "test")


@dataclass(frozen=True, kw_only=True)
class Track:
    """Holds one row of a manifest."""

    id: str
    file: Path
    title: str
    artist: str | None
    split: str
    licence: str
    may_train: bool
    labels: Mapping[str, Any] = field(default_factory=dict)  # the manifest's row: any JSON value

    @property
    def is_score(self) -> bool:
        """True for MIDI files, which are rendered before they are heard."""
        return self.file.suffix == ".mid"


@dataclass(frozen=True, kw_only=True)
class Caption:
    """Holds a musician's words for a clip whose sound is not in the folder."""

    caption: str
    aspects: tuple[str, ...]


def read_tracks(data_dir: Path, manifest: str) -> list[Track]:
    """Every row of one manifest, `manifest` without ".jsonl".

    Raises:
        FileNotFoundError: the folder has no such manifest.
    """
    path = data_dir / f"{manifest}.jsonl"
    with path.open(encoding="utf-8") as lines:
        return [_track(data_dir, manifest, json.loads(line)) for line in lines if line.strip()]


def training_tracks(data_dir: Path) -> list[Track]:
    """Recordings, then scores, that shipped heads may train on, in the order of the manifests."""
    recordings = [t for t in read_tracks(data_dir, "audio") if t.may_train and t.split == "train"]
    return recordings + list(_training_scores(data_dir))


def validation_tracks(data_dir: Path) -> list[Track]:
    """Recordings of the validation split: for choices, never for gradients."""
    return [t for t in read_tracks(data_dir, "audio") if t.split == "val" and t.may_train]


def training_captions(data_dir: Path) -> list[Caption]:
    """Captions of the training part of MusicCaps.

    Rows that are not in AudioSet's evaluation set.
    """
    with (data_dir / "text" / "musiccaps.csv").open(encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r["is_audioset_eval"] == "False"]
    return [Caption(caption=r["caption"], aspects=_aspects(r["aspect_list"])) for r in rows]


def _training_scores(data_dir: Path) -> Iterator[Track]:
    num_solo = dict.fromkeys(SOLO_COLLECTIONS, 0)
    for track in read_tracks(data_dir, "symbolic"):
        collection = track.labels["collection"]
        if not (track.may_train and track.split == "train" and track.is_score):
            continue
        if collection in MULTI_INSTRUMENT:
            yield track
        elif collection in num_solo and num_solo[collection] < MAX_SOLO:
            num_solo[collection] += 1
            yield track


def _track(data_dir: Path, manifest: str, row: dict[str, Any]) -> Track:
    trainable = manifest in ("audio", "symbolic") and bool(row.get("train_shipped"))
    held_out = row.get("scene_split") in HELD_OUT_SCENES
    return Track(
        id=row["id"],
        file=data_dir / row["file"],
        title=row.get("title") or "",
        artist=row.get("artist") or row.get("composer"),
        split=row.get("split") or "test",
        licence=row.get("licence") or "unknown",
        may_train=trainable and not held_out,
        labels=row,
    )


def _aspects(written: str) -> tuple[str, ...]:
    """The aspect list as the table spells it, a Python list of strings."""
    return tuple(str(a).strip() for a in ast.literal_eval(written) if str(a).strip())
