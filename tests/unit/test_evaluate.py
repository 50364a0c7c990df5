"""An evaluation is asked for by its task and its folder of data."""

from pathlib import Path

import pytest

from services.errors import InvalidRequest, NotFound
from services.evaluation.evaluate import evaluate_towers


def ignore(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


def test_a_task_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there are emotion, text"):
        evaluate_towers("taste", tmp_path, progress=ignore)


@pytest.mark.parametrize("task", ["text", "emotion"])
def test_a_folder_without_data_is_named(task: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no folder of development data: .*\.jsonl is not there"):
        evaluate_towers(task, tmp_path, progress=ignore)
