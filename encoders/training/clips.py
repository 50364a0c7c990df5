"""What clips show, kept; and the low-capacity map from it to the music that was chosen for them.

    cache = ClipCache(default_cache_folder())
    views = cache.views({"scene 1": path}, progress)            # dict: id -> ClipView
    head = fit_clip_map(seen, rows, owners)                     # see `fit_clip_map`

A map is a ridge regression from the strongest directions of what the picture trunk says to the
columns of the tracks' rows. Tracks count alike, however many clips they serve. C clips, P seen
numbers (class log-probabilities), T tracks, D columns.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.towers.clip import ClipDescription, ClipView, view_clip
from encoders.trunks.checkpoint import WEIGHTS, file_sha256, verify_folder
from encoders.trunks.efficientnet import PictureTrunk, load_efficientnet
from media.errors import MediaError
from media.limits import Limits
from media.video import read_frames

logger = logging.getLogger(__name__)

SOURCES = ("towers/clip.py", "towers/picture.py", "trunks/efficientnet.py")

Progress = Callable[[int, int, str], None]  # done, of how many, what


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Holds a place of a game, filmed, and the track that its makers chose for it."""

    id: str
    file: Path
    track: str
    game: str
    place: str
    informative: bool  # the place's name says something
    split: str


def read_scenes(data_dir: Path) -> list[Scene]:
    """Every row of `scenes.jsonl`.

    Raises:
        FileNotFoundError: the folder has none.
    """
    with (data_dir / "scenes.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [
        Scene(
            id=row["id"],
            file=data_dir / row["clip"],
            track=row["track"],
            game=row["game"],
            place=row["place"],
            informative=bool(row["place_informative"]),
            split=row["split"],
        )
        for row in rows
    ]


class ClipCache:
    """Holds the folder of views and, once something is missing from it, the trunk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "clips" / _view_hash()
        self._trunk: PictureTrunk | None = None

    @property
    def trunk(self) -> PictureTrunk:
        """The picture trunk, loaded when first asked for."""
        if self._trunk is None:
            self._trunk = load_efficientnet()
        return self._trunk

    def views(
        self, files: Mapping[str, Path], progress: Progress | None = None
    ) -> dict[str, ClipView]:
        """Views by id; a clip that cannot be read is left out and logged."""
        found: dict[str, ClipView] = {}
        for done, (name, file) in enumerate(files.items()):
            if progress is not None:
                progress(done, len(files), name)
            path = self.folder / f"{name}.npz"
            try:
                found[name] = _read(path) if path.exists() else self._look(file, path)
            except MediaError as error:
                logger.warning("clip %s is left out: %s", name, error)
        return found

    def _look(self, file: Path, path: Path) -> ClipView:
        view = view_clip(read_frames(file, Limits()), self.trunk)
        _write(path, view)
        return view


def _view_hash() -> str:
    lines = [verify_folder(WEIGHTS / "efficientnet")]
    lines += [file_sha256(WEIGHTS.parent / source) for source in SOURCES]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _write(path: Path, view: ClipView) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
    np.savez(
        unfinished,
        sentence_vector=view.sentence_vector,
        meaning=view.meaning,
        log_probabilities=view.log_probabilities,
        certainty=np.array(view.certainty),
        description=np.array(json.dumps(view.description.to_dict())),
    )
    unfinished.replace(path)


def _read(path: Path) -> ClipView:
    with np.load(path, allow_pickle=False) as stored:
        described = json.loads(str(stored["description"]))
        return ClipView(
            sentence_vector=stored["sentence_vector"],
            meaning=stored["meaning"],
            log_probabilities=stored["log_probabilities"],
            certainty=float(stored["certainty"]),
            description=ClipDescription(**{**described, "words": tuple(described["words"])}),
        )
