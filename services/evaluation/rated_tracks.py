"""Reads what people said of tracks: the emotions that listeners felt, and fixed wishes for them.

The folder is that of the development data: `emotify.jsonl`, `text/emotion_prompts.json` and
`text/dev_queries.tsv`. Nothing here trains anything. N tracks.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.errors import InvalidRequest

EMOTIONS = ("joyful_activation", "calmness", "power", "tenderness", "tension")
# Names that the wishes use for the listeners' answers.
FELT = {
    "joy": "joyful_activation",
    "calmness": "calmness",
    "power": "power",
    "tenderness": "tenderness",
    "tension": "tension",
    "sadness": "sadness",
    "nostalgia": "nostalgia",
    "solemnity": "solemnity",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class RatedTracks:
    """Tracks with the answers of listeners, in the order of the manifest."""

    files: tuple[Path, ...]
    artists: tuple[str, ...]
    genres: np.ndarray  # (N,) str
    splits: np.ndarray  # (N,) str
    shares: Mapping[str, np.ndarray]  # emotion -> (N,) share of listeners who felt it


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """The fixed sentences that tracks are ranked by."""

    emotions: Mapping[str, tuple[str, ...]]
    genres: Mapping[str, tuple[str, ...]]
    antonyms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A wish in a user's words, with what it wants and avoids."""

    text: str
    wanted: tuple[str, ...]
    avoided: tuple[str, ...]
    genre: str

    @property
    def group(self) -> str:
        """The kind of wish: negation, genre, genre + emotion or emotion."""
        if self.avoided:
            return "negation"
        if not self.genre:
            return "emotion"
        return "genre + emotion" if self.wanted else "genre"


def read_rated_tracks(data_dir: Path) -> RatedTracks:
    """The tracks of `emotify.jsonl`.

    Raises:
        InvalidRequest: the folder lacks it.
    """
    lines = _existing(data_dir / "emotify.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    names = rows[0]["emotions"]
    return RatedTracks(
        files=tuple(data_dir / row["file"] for row in rows),
        artists=tuple(row["artist"] for row in rows),
        genres=np.array([row["genre"] for row in rows]),
        splits=np.array([row["split"] for row in rows]),
        shares={name: np.array([row["emotions"][name] for row in rows]) for name in names},
    )


def read_prompts(data_dir: Path) -> Prompts:
    """The sentences of `text/emotion_prompts.json`.

    Raises:
        InvalidRequest: the folder lacks it.
    """
    file = _existing(data_dir / "text" / "emotion_prompts.json")
    written = json.loads(file.read_text(encoding="utf-8"))
    return Prompts(
        emotions={name: tuple(texts) for name, texts in written["emotions"].items()},
        genres={name: tuple(texts) for name, texts in written["genres"].items()},
        antonyms=tuple((one, other) for one, other in written["antonyms"]),
    )


def read_wishes(data_dir: Path) -> tuple[Wish, ...]:
    """The wishes of `text/dev_queries.tsv`.

    Raises:
        InvalidRequest: the folder lacks it.
    """
    with _existing(data_dir / "text" / "dev_queries.tsv").open(encoding="utf-8") as stream:
        return tuple(
            Wish(
                text=row["text"],
                wanted=_felt(row["want"]),
                avoided=_felt(row["avoid"]),
                genre=row["genre"] or "",
            )
            for row in csv.DictReader(stream, delimiter="\t")
        )


def _felt(names: str | None) -> tuple[str, ...]:
    return tuple(FELT[name] for name in (names or "").split(",") if name)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise InvalidRequest(f"{file} is not there; --data names the folder of development data")
    return file
