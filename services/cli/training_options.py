"""The options of `temptrack train`: which run takes which, and what is said of the others."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failures import UsageError

DATA_VARIABLE = "TEMPTRACK_DATA"
LARGE = "large"


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """All options of all runs; `check_options` says which belong together."""

    data: Annotated[
        Path | None,
        typer.Option(
            envvar=DATA_VARIABLE,
            exists=True,
            file_okay=False,
            help="small, tiny: folder of training data.",
        ),
    ] = None
    sound_font: Annotated[
        list[Path],
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="small, tiny: SF2 file to render scores with; may be given again. Without one "
            "the instrument heads stay as they are.",
        ),
    ] = field(default_factory=list)
    install: Annotated[
        bool, typer.Option("--install", help="small, tiny: use the new heads from now on.")
    ] = False
    audio: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="clmr, finetune: folder of recordings, with all its folders.",
        ),
    ] = None
    lists: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="feedback: lines of list id, tab, track id, and a tab and 1 where it was "
            'skipped; or of JSON, {"list": ..., "track": ..., "skipped": ...}.',
        ),
    ] = None
    vectors: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="feedback: npz file of ids (N,) and rows (N, D); without it the tracks of this "
            "home's catalogue, by the ids that temptrack list shows.",
        ),
    ] = None
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for what is learned, and checkpoints.")
    ] = Path("trained")
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="small, tiny, clmr, finetune: go on from the checkpoints in --out."
        ),
    ] = False


_HEADS = ("data", "sound_font", "install", "resume")
_VIEWS = ("audio", "resume")
TAKEN: Mapping[str, tuple[str, ...]] = {  # by run; the first of each is needed, --out is for all
    "small": _HEADS,
    "clmr": _VIEWS,
    "finetune": _VIEWS,
    "feedback": ("lists", "vectors"),
    "tiny": _HEADS,
}


def check_options(name: str, options: TrainOptions) -> None:
    """Refuses a run that is not there, and options that are not for it (UsageError)."""
    if name == LARGE:
        raise UsageError(_say_large(options))
    if name not in TAKEN:
        raise UsageError(f"there is no run {name!r}; there are {', '.join((*TAKEN, LARGE))}")
    taken, given = TAKEN[name], _given(options)
    wrong = [option for option in given if option not in taken]
    if wrong:
        raise UsageError(
            f"{name} takes no {_names(wrong, 'or')}: its options are "
            f"{_names([*taken, 'out'], 'and')}"
        )
    if getattr(options, taken[0]) is None:
        raise UsageError(f"{name} needs {_flag(taken[0])}: temptrack train --help")
    if not options.resume and (options.out / "checkpoints").exists():
        raise UsageError(_say_checkpoints(name, options.out))


def _given(options: TrainOptions) -> list[str]:
    """The options that were given, but --out; data that the environment names were not."""
    given = []
    for each in fields(options):
        factory = each.default_factory
        default = each.default if factory is MISSING else factory()
        if each.name != "out" and getattr(options, each.name) != default:
            given.append(each.name)
    named = os.environ.get(DATA_VARIABLE)
    if named and options.data == Path(named):
        given.remove("data")
    return given


def _say_large(options: TrainOptions) -> str:
    """The commands that start it, with what was given."""
    sources = "SOURCES" if options.data is None else shlex.quote(str(options.data))
    rest = f"-m encoders.training.distributed --out {shlex.quote(str(options.out))} {sources}"
    meant = "" if options.data else "; SOURCES are manifests, shards, folders and NAME=FOLDER"
    return (
        "the large profile trains in a process for each GPU: "
        f"torchrun --nproc-per-node gpu {rest} (without a GPU: python {rest}){meant}; "
        "docs/large-profile.md says more"
    )


def _say_checkpoints(name: str, out: Path) -> str:
    if "resume" in TAKEN[name]:
        return f"{out} has checkpoints: go on with --resume, or choose another --out"
    return f"{out} has the checkpoints of another run: choose another --out"


def _names(options: list[str], word: str) -> str:
    *most, last = (_flag(option) for option in options)
    return f"{', '.join(most)} {word} {last}" if most else last


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
