"""Makes a command of a function: groups of options, `--json` and one-line errors for all of them.

    @dataclass(frozen=True, kw_only=True)
    class Size:
        limit: Annotated[int, typer.Option(help="Most hits.")] = 10

    @command(app, "find")
    def find(run: Run, words: ..., size: Size) -> None:

The fields of a dataclass become options of the command and come back as one value.
"""

import contextlib
import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import failures

if TYPE_CHECKING:
    from rich.console import Console

    from services.config import Config
    from temptrack.client import Client

Function = Callable[..., None]

_JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What stood before the command."""

    home: Path | None = None
    server: str = ""
    config_file: Path | None = None
    debug: bool = False

    def load(self) -> "Config":
        """The settings of the file with the home that was named."""
        import os

        from services.config import load_config

        config = load_config(self.config_file, os.environ)
        if self.home is None:
            return config
        return dataclasses.replace(config, home=self.home.expanduser().absolute())


class Run:
    """One run of one command: its server, its output and whether that is for programs."""

    def __init__(self, settings: Settings, *, as_json: bool) -> None:
        self.settings = settings
        self.as_json = as_json

    def connect(self) -> AbstractContextManager["Client"]:
        """A client of the server that this run asks."""
        from services.cli.connection import connect

        return connect(self.settings, note=self.note)

    @functools.cached_property
    def out(self) -> "Console":
        """Where answers go."""
        from rich.console import Console

        return Console(highlight=False)

    @functools.cached_property
    def err(self) -> "Console":
        """Where notes, progress and errors go."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Says something beside the answer; nothing where programs read."""
        if not self.as_json:
            self.err.print(text, markup=False, style="dim")

    def answer(self, value: object, show: Callable[["Console"], None]) -> None:
        """Writes an answer: as JSON for programs, else as `show` draws it."""
        if self.as_json:
            self.write_json(value)
        else:
            show(self.out)

    def write_json(self, value: object) -> None:
        """Writes a value as one line of JSON, at once."""
        import json

        from services.cli.output import plain

        print(json.dumps(plain(value), ensure_ascii=False), flush=True)


def command(app: typer.Typer, name: str, *, manual: str = "") -> Callable[[Function], Function]:
    """Registers a function `(run, ...) -> None` as a command.

    Its docstring is the help, or `manual` where the help is a page.
    """

    def register(function: Function) -> Function:
        app.command(name)(_with_options(function, manual or function.__doc__ or ""))
        return function

    return register


def _with_options(function: Function, manual: str) -> Function:
    hints = typing.get_type_hints(function, include_extras=True)
    names = [name for name in inspect.signature(function).parameters if name != "run"]
    groups = {name: hints[name] for name in names if dataclasses.is_dataclass(hints[name])}

    # `Any`: the values are what the options of the command say.
    def run_command(context: typer.Context, **given: Any) -> None:
        run = Run(context.obj or Settings(), as_json=given.pop("as_json"))
        with _reporting(run):
            function(run, **_gather(groups, given))

    parameters = [_parameter("context", typer.Context)]
    plain = inspect.signature(function).parameters
    for name in names:
        if name in groups:
            parameters += _parameters_of(groups[name])
        else:
            parameters.append(_parameter(name, hints[name], plain[name].default))
    parameters.append(_parameter("as_json", _JSON, False))
    run_command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    run_command.__annotations__ = {p.name: p.annotation for p in parameters}
    run_command.__doc__ = _help(manual)
    return run_command


def _help(manual: str) -> str:
    """The text of the help; lists with a heading, such as examples, are kept line by line."""
    text = inspect.cleandoc(manual)
    return re.sub(r"\n\n(?=[^\n]+:\n )", "\n\n\b\n", text)


def _parameters_of(group: type) -> Iterator[inspect.Parameter]:
    hints = typing.get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        yield _parameter(field.name, hints[field.name], default)


# `Any`: an annotation, and a default of its type.
def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _gather(groups: Mapping[str, type], given: dict[str, Any]) -> dict[str, Any]:
    values = dict(given)
    for name, group in groups.items():
        fields = [field.name for field in dataclasses.fields(group)]
        values[name] = group(**{field: values.pop(field) for field in fields})
    return values


@contextlib.contextmanager
def _reporting(run: Run) -> Iterator[None]:
    """Turns what a command raises into one line and an exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except (Exception, KeyboardInterrupt) as error:  # the edge of the program
        if run.settings.debug:
            raise
        failure = failures.describe(error)
        if run.as_json:
            run.write_json({"error": failure.as_dict()})
        else:
            run.err.print(f"temptrack: {failure.message}", style="red", markup=False)
        raise typer.Exit(failure.exit_code) from error
