"""The story of a second stage on listening feedback: from lists and vectors to a map.

    vectors = catalogue_vectors(config)          # or read_vectors(file)
    report = train_listening(presets.feedback(), vectors, lists, out_dir, show)

Knows no terminal. Nothing that is in use changes.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.training.feedback import (
    FeedbackReport,
    read_feedback,
    save_feedback,
    train_feedback,
)
from encoders.training.presets import FeedbackConfig
from encoders.training.run import Report
from services.errors import InvalidRequest, NotFound
from services.training.pace import tell_pace

if TYPE_CHECKING:
    from services.config import Config

FORMAT = "an npz file of ids (N,) and rows (N, D)"


def train_listening(
    config: FeedbackConfig,
    vectors: Mapping[str, np.ndarray],
    lists: Path,
    out_dir: Path,
    progress: Report,
) -> FeedbackReport:
    """Learn a map from lists and write it with its report.

    Args:
        config: the preset.
        vectors: unit vectors (D,) by track id.
        lists: a file that `read_feedback` reads.
        out_dir: gets `map.safetensors` and `report.json`.
        progress: hears how far it is.

    Raises:
        InvalidRequest: the file is not one of lists.
        NotEnoughFeedback: too few lists, or a map that does held-out lists no good.
    """
    try:
        feedback = read_feedback(lists)
    except ValueError as error:
        raise InvalidRequest(f"{lists}: {error}") from error
    learned = train_feedback(config, vectors, feedback, progress=tell_pace(progress))
    save_feedback(out_dir, learned, config)
    return learned.report


def catalogue_vectors(config: "Config") -> dict[str, np.ndarray]:
    """Unit vectors (D,) of the tracks of the home's catalogue, by id.

    Raises:
        NotFound: there are none; says that a file may be named instead.
        InvalidRequest: too few tracks, or a database that cannot be read.
    """
    from services.evaluation.library import read_track_vectors
    from services.profiles import open_profile

    space = str(open_profile(config.encoders).embedder.space)
    try:
        return read_track_vectors(config, space=space)
    except NotFound as error:
        raise NotFound(f"{error}; or name a file of vectors with --vectors") from error


def read_vectors(file: Path) -> dict[str, np.ndarray]:
    """Vectors (D,) by id, made of unit length.

    Raises:
        InvalidRequest: the file is of another format, or has rows without length or with NaN.
    """
    ids, rows = _load(file)
    if ids.ndim != 1 or rows.ndim != 2 or len(ids) != len(rows):
        raise InvalidRequest(f"{file}: ids {ids.shape} and rows {rows.shape}; wanted is {FORMAT}")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise InvalidRequest(f"{file}: rows without length or with NaN")
    return dict(zip(map(str, ids.tolist()), rows / lengths, strict=True))


def _load(file: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
            return np.asarray(stored["ids"]), np.asarray(stored["rows"], dtype=np.float32)
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise InvalidRequest(f"{file} is not {FORMAT}") from error
