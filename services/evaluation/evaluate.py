"""The story of an evaluation: read what people said, hear the tracks, rank them, compare."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.errors import InvalidRequest
from services.evaluation.emotion import emotion_rows
from services.evaluation.hearing import Listener, Progress
from services.evaluation.rated_tracks import (
    RatedTracks,
    read_prompts,
    read_rated_tracks,
    read_wishes,
)
from services.evaluation.report import Row
from services.evaluation.systems import Sentences, System, build_systems
from services.evaluation.wishes import wish_rows

TASKS = ("text", "emotion")


def evaluate(
    task: str,
    data_dir: Path,
    *,
    listener: Listener,
    sentences: Sentences,
    progress: Progress,
) -> tuple[Row, ...]:
    """The figures of a task, for the towers and for what they must beat.

    Args:
        task: "emotion" (rankings by emotion words) or "text" (wishes in users' words).
        data_dir: the folder of development data.
        listener: hears the tracks.
        sentences: the untrained text trunk, for the baseline.
        progress: hears how many tracks were heard.

    Raises:
        InvalidRequest: no such task, or the folder lacks its files.
    """
    if task not in TASKS:
        raise InvalidRequest(f"there is no task {task!r}; there are {', '.join(TASKS)}")
    tracks = read_rated_tracks(data_dir)
    heard = listener.hear(tracks.files, progress)
    systems = build_systems(listener.embedder, sentences, heard)
    return tuple(_rows(task, data_dir, tracks, systems))


def _rows(
    task: str, data_dir: Path, tracks: RatedTracks, systems: Mapping[str, System]
) -> Iterator[Row]:
    for name, system in systems.items():
        if task == "emotion":
            yield from emotion_rows(name, system, tracks, read_prompts(data_dir))
        else:
            yield from wish_rows(name, system, tracks, read_wishes(data_dir))
