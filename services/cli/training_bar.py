"""Progress of a training on a terminal."""

from typing import TYPE_CHECKING

from services.cli.command import Run
from services.cli.output import about

if TYPE_CHECKING:
    from rich.progress import TaskID

    from encoders.training.run import EpochReport


class Bar:
    """Progress on a terminal, one bar a stage; one line a stage elsewhere."""

    def __init__(self, run: Run) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._run = run
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress = Progress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}"),
            console=run.err,
            disable=run.as_json or not run.err.is_terminal,
        )

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, report: "EpochReport") -> None:
        """Takes a report of the training."""
        if report.stage not in self._tasks:
            self._tasks[report.stage] = self._progress.add_task(report.stage, rest="")
            if not self._run.err.is_terminal:
                self._run.note(f"{report.stage}: {report.total:,}")
        loss = "" if report.loss is None else f"loss {report.loss:.4f}"
        left = "" if report.remaining_s is None else f"about {about(report.remaining_s)} left"
        self._progress.update(
            self._tasks[report.stage],
            completed=report.done,
            total=report.total,
            rest=" ".join(part for part in (loss, left) if part),
        )
