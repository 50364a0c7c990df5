"""What clips show, kept; and the low-capacity map from it to the music that was chosen for them.

    cache = ClipCache(default_cache_folder())
    views = cache.views({"scene 1": path}, progress)            # dict: id -> ClipView
    axes = strongest_directions(seen)                           # what clips differ in most
    fitted = fit_ridge(axes.codes(seen), rows, weights_of(owners))
    fitted.predict(axes.codes(others))                          # (C, D) less `fitted.usual`

C clips, P numbers seen (class log-probabilities or pools), K codes, D columns of the music.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.towers.clip import ClipDescription, ClipView, view_clip
from encoders.training.arrays import write_arrays
from encoders.trunks.checkpoint import WEIGHTS, file_sha256, verify_folder
from encoders.trunks.efficientnet import PictureTrunk, load_efficientnet
from media.errors import MediaError
from media.limits import Limits
from media.video import read_frames

logger = logging.getLogger(__name__)

NUM_DIRECTIONS = 20
RIDGE = 1.0  # of the mean variance of the codes

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
    licence: str
    author: str


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
            licence=row["licence"],
            author=row["attribution"],
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Directions:
    """Holds the strongest principal directions of what clips show."""

    mean: np.ndarray  # (P,)
    basis: np.ndarray  # (P, K); the first code has unit spread, the others less

    def codes(self, seen: np.ndarray) -> np.ndarray:
        """Codes (C, K) of (C, P)."""
        return np.asarray((seen - self.mean) @ self.basis)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ridge:
    """Holds a linear map from codes to music."""

    mean: np.ndarray  # (K,)
    matrix: np.ndarray  # (K, D)
    usual: np.ndarray  # (D,) what clips get on average

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """How the music (C, D) of clips differs from the usual, for codes (C, K)."""
        return np.asarray((codes - self.mean) @ self.matrix)


def strongest_directions(seen: np.ndarray, count: int = NUM_DIRECTIONS) -> Directions:
    """Principal directions of (C, P), found in the C x C products, which are fewer."""
    mean = seen.mean(axis=0)
    apart = (seen - mean).astype(np.float64)
    values, vectors = np.linalg.eigh(apart @ apart.T)
    strongest = np.argsort(-values)[: min(count, len(seen) - 1)]
    basis = apart.T @ vectors[:, strongest] / np.sqrt(values[strongest])
    spread = np.sqrt(values[strongest[0]] / len(seen))
    return Directions(mean=mean, basis=basis / spread)


def weights_of(owners: np.ndarray) -> np.ndarray:
    """Weights (C,) that sum to 1 and give each owner the same, however many clips it has."""
    _, places, counts = np.unique(owners, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[places]
    return np.asarray(weights / weights.sum())


def fit_ridge(
    codes: np.ndarray, music: np.ndarray, weights: np.ndarray, ridge: float = RIDGE
) -> Ridge:
    """Ridge regression from codes (C, K) to music (C, D), both less their weighted means."""
    mean, usual = weights @ codes, weights @ music
    roots = np.sqrt(weights)[:, None]
    apart, wanted = (codes - mean) * roots, (music - usual) * roots
    products = apart.T @ apart
    products += ridge * np.trace(products) / len(products) * np.eye(len(products))
    return Ridge(mean=mean, matrix=np.linalg.solve(products, apart.T @ wanted), usual=usual)


def _view_hash() -> str:
    lines = [verify_folder(WEIGHTS / "efficientnet")]
    lines += [file_sha256(WEIGHTS.parent / source) for source in SOURCES]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _write(path: Path, view: ClipView) -> None:
    arrays = {
        "sentence_vector": view.sentence_vector,
        "meaning": view.meaning,
        "log_probabilities": view.log_probabilities,
        "pools": view.pools,
        "certainty": np.array(view.certainty),
        "description": np.array(json.dumps(view.description.to_dict())),
    }
    write_arrays(path, arrays)


def _read(path: Path) -> ClipView:
    with np.load(path, allow_pickle=False) as stored:
        described = json.loads(str(stored["description"]))
        return ClipView(
            sentence_vector=stored["sentence_vector"],
            meaning=stored["meaning"],
            log_probabilities=stored["log_probabilities"],
            pools=stored["pools"],
            certainty=float(stored["certainty"]),
            description=ClipDescription(**{**described, "words": tuple(described["words"])}),
        )
