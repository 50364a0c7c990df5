"""The story of an evaluation: which measurement, on which data; measures nothing itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from encoders.evaluation import Table

TASKS = ("text", "emotion")
Progress = Callable[[int, int, str], None]  # done, of how many, what


def evaluate_towers(task: str, data_dir: Path, *, progress: Progress) -> "Table":
    """The figures of the shipped towers, beside chance and the baselines that they must beat.

    Args:
        task: "emotion" (against what listeners felt) or "text" (words to their own track).
        data_dir: the folder of development data.
        progress: hears how many tracks were heard.

    Raises:
        InvalidRequest: no such task.
        NotFound: the folder lacks the data of the task.
    """
    if task not in TASKS:
        raise InvalidRequest(f"there is no task {task!r}; there are {', '.join(TASKS)}")
    from encoders.embed import load_embedder
    from encoders.evaluation import evaluate_emotion, evaluate_text

    measure = evaluate_emotion if task == "emotion" else evaluate_text
    try:
        return measure(load_embedder(), data_dir, progress=progress)
    except FileNotFoundError as error:
        raise NotFound(
            f"{data_dir} is no folder of development data: {error.filename} is not there"
        ) from error
