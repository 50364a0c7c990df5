"""How long a training still takes, told from how fast its stages have gone so far."""

import time
from collections.abc import Callable

from encoders.training.run import EpochReport, Report

Steps = Callable[[str, int, int, float | None], None]  # stage, done, of how many, loss


def tell_pace(progress: Report) -> Steps:
    """Takes counts of stages and passes them on with the seconds that are left."""
    begun: dict[str, tuple[int, float]] = {}

    def tell(stage: str, done: int, total: int, loss: float | None) -> None:
        now_s = time.monotonic()
        first, began_s = begun.setdefault(stage, (done, now_s))
        pace_s = (now_s - began_s) / (done - first) if done > first else None
        left_s = None if pace_s is None else pace_s * (total - done)
        progress(EpochReport(stage=stage, done=done, total=total, loss=loss, remaining_s=left_s))

    return tell
