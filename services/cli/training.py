"""`temptrack train`: trains the heads of a profile here, without a server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import UsageError
from services.cli.output import about, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from encoders.training.run import EpochReport
    from services.training.profile import TrainedProfile


SOUND_FONT = (
    "SF2 file to render scores with; may be given again. Without one the instrument heads stay as "
    "they are."
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "train")(train_heads)


def train_heads(  # noqa: PLR0913 - one parameter for each option
    run: Run,
    profile: Annotated[str, typer.Argument(help="Profile to train: small.")],
    data: Annotated[
        Path,
        typer.Option(envvar="TEMPTRACK_DATA", exists=True, file_okay=False, help="Training data."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and heads.")] = Path("trained"),
    sound_font: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help=SOUND_FONT),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Use the new heads from now on.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoints in --out.")
    ] = False,
) -> None:  # fmt: skip
    """Trains, checks and calibrates the heads of a profile: minutes once features are cached.

    Features are kept in the user's cache folder. A run that was interrupted goes on with --resume
    and ends with the same heads, bit for bit on the same machine. With --install they replace the
    heads in use after their towers passed the checks of `temptrack doctor`; catalogues made with
    the old ones must be reindexed.

    Examples:
      temptrack train small --data data --out trained
      temptrack train small --data data --sound-font FluidR3_GM.sf2 --install
      temptrack train small --data data --out trained --resume
    """
    _work_on_one_thread()
    from encoders.training.presets import PRESETS

    _check_profile(profile, list(PRESETS))
    _check_folder(out, resume=resume)
    from services.training.profile import train_profile

    with _Bar(run) as bar:
        trained = train_profile(
            PRESETS[profile](), data, out, bar.show, fonts=sound_font or (), install=install
        )
    answer = {
        "profile": profile, "out": out, "weights": trained.weights, "space": trained.space,
        "installed": trained.installed, "checks": trained.checks,
    }  # fmt: skip
    run.answer(answer, lambda console: _say_trained(console, trained))


def _check_profile(profile: str, known: list[str]) -> None:
    if profile == "large":
        raise UsageError(
            "the large profile trains on checkpoints of your choice, in one process or many: "
            "python -m encoders.training.distributed --help, and docs/large-profile.md"
        )
    if profile not in known:
        raise UsageError(f"there is no profile {profile!r}; there are {', '.join(known)}")


def _check_folder(out: Path, *, resume: bool) -> None:
    if (out / "checkpoints").exists() and not resume:
        raise UsageError(f"{out} has checkpoints: go on with --resume, or choose another --out")


def _work_on_one_thread() -> None:
    """Sums made on one thread are the same every time; sharing them out turns directions round.

    Must run before numpy and torch are loaded.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _say_trained(console: "Console", trained: "TrainedProfile") -> None:
    say(console, f"space {trained.space}; a weights folder with the heads: {trained.weights}")
    for check in trained.checks:
        say(console, f"  {check}")
    if trained.installed:
        say(console, "installed: restart servers, and reindex with temptrack admin reindex")


class _Bar:
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

    def __enter__(self) -> "_Bar":
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
