"""`temptrack train`: every named training run, here and without a server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.output import say
from services.cli.training_bar import Bar
from services.cli.training_options import TrainOptions, check_options

if TYPE_CHECKING:
    from rich.console import Console

    from encoders.training.feedback import FeedbackReport
    from services.training.profile import TrainedProfile
    from services.training.recordings import TrainedViews

MANUAL = """Trains on this machine, from data, from your own recordings, or from what was played.

Runs:
  small     The heads that turn words, sounds and clips into vectors, from
            --data. Checked and calibrated; --install puts them to use.
            Minutes, once the features of the sounds are cached.
  clmr      A likeness of sounds, from a folder of --audio without a word
            of description. Worth its time from some thousand tracks on.
  finetune  The same, and the last layers of the audio trunk learn too:
            slower.
  feedback  What was heard together moves together: from --lists over the
            tracks of your catalogue, or over --vectors. Seconds. Needs
            100 lists and 2,000 pairs, and writes a map only where lists
            that it has not seen gain by it.
  large     Heads over CLAP and OpenCLIP; has a program of its own, and
            this command says how it is started.
  tiny      As small, in seconds and good for nothing: to try the way.

Only small and tiny with --install change what Temptrack answers with, after the checks of
`temptrack doctor`; catalogues made with the old heads must be reindexed. All else is written
below --out, for programs of your own.

Features are kept in the user's cache folder. small, clmr and finetune keep checkpoints: one
that was interrupted goes on with --resume and ends with the same weights, bit for bit on the
same machine.

Examples:
  temptrack train small --data data --out trained
  temptrack train small --data data --sound-font FluidR3_GM.sf2 --install
  temptrack train small --data data --out trained --resume
  temptrack train clmr --audio ~/Music --out likeness
  temptrack train finetune --audio ~/Music --out finetuned
  temptrack train feedback --lists played.tsv --out taste
  temptrack train feedback --lists played.tsv --vectors mine.npz --out taste
  temptrack train large --data shards --out heads
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "train", manual=MANUAL)(train)


def train(
    run: Run,
    name: Annotated[
        str,
        typer.Argument(metavar="RUN", help="small, clmr, finetune, feedback, large or tiny."),
    ],
    options: TrainOptions,
) -> None:
    """Trains what was named, and answers."""
    check_options(name, options)
    _work_on_one_thread()
    if options.lists is not None:
        _train_listening(run, options.lists, options)
    elif options.audio is not None:
        _train_recordings(run, name, options.audio, options.out)
    elif options.data is not None:
        _train_profile(run, name, options.data, options)


def _train_profile(run: Run, name: str, data: Path, options: TrainOptions) -> None:
    from encoders.training.presets import PRESETS
    from services.training.profile import train_profile

    with Bar(run) as bar:
        trained = train_profile(
            PRESETS[name](), data, options.out, bar.show,
            fonts=options.sound_font, install=options.install,
        )  # fmt: skip
    answer = {
        "run": name, "out": options.out, "weights": trained.weights, "space": trained.space,
        "installed": trained.installed, "checks": trained.checks,
    }  # fmt: skip
    run.answer(answer, lambda console: _say_trained(console, trained))


def _train_recordings(run: Run, name: str, audio: Path, out: Path) -> None:
    from encoders.training.presets import VIEW_PRESETS
    from services.training.recordings import train_recordings

    with Bar(run) as bar:
        trained = train_recordings(VIEW_PRESETS[name](), audio, out, bar.show)
    answer = {
        "run": name, "out": out, "weights": trained.weights,
        "recordings": trained.num_recordings, "files": trained.num_files,
    }  # fmt: skip
    run.answer(answer, lambda console: _say_views(console, trained))


def _train_listening(run: Run, lists: Path, options: TrainOptions) -> None:
    from encoders.training.presets import feedback
    from services.training.listening import catalogue_vectors, read_vectors, train_listening

    vectors = (
        catalogue_vectors(run.settings.load())
        if options.vectors is None
        else read_vectors(options.vectors)
    )
    config = feedback()
    with Bar(run) as bar:
        report = train_listening(config, vectors, lists, options.out, bar.show)
    answer = {"run": config.name, "out": options.out, "tracks": len(vectors), "report": report}
    run.answer(answer, lambda console: _say_learned(console, report, options.out))


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
        say(console, "installed: restart servers, and reindex with temptrack reindex")


def _say_views(console: "Console", trained: "TrainedViews") -> None:
    unread = trained.num_files - trained.num_recordings
    left_out = f"; {unread:,} could not be read" if unread else ""
    say(console, f"learned from {trained.num_recordings:,} recordings{left_out}")
    for folder in trained.weights:
        say(console, f"  {folder}")


def _say_learned(console: "Console", report: "FeedbackReport", out: Path) -> None:
    gain = report.gain
    say(
        console,
        f"learned from {report.num_lists:,} lists; on {report.num_held_out:,} others recall among "
        f"the first ten goes from {report.before.value:.3f} to {report.after.value:.3f}, gain "
        f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
    )
    say(console, f"of the ten nearest tracks {report.overlap:.0%} stay; the map is in {out}")
