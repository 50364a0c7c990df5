"""A command is a function; its groups of options, its JSON and its errors are the same for all."""

import json
from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from media.errors import UnreadableMedia
from services.cli.command import Run, Settings, command
from services.cli.failures import UsageError, describe
from services.config import ConfigError
from services.errors import HomeInUse
from temptrack import errors


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option(help="How wide.")] = 3
    tag: Annotated[list[str], typer.Option(help="A tag.")] = field(default_factory=list)


def make_app(error: BaseException | None = None) -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.callback()
    def top(context: typer.Context, debug: bool = False) -> None:
        context.obj = Settings(debug=debug)

    @command(app, "draw")
    def draw(run: Run, name: str, size: Size) -> None:
        """Draws.

        Examples:
          draw a
          draw b
        """
        if error is not None:
            raise error
        value = {"name": name, "width": size.width, "tags": size.tag}
        run.answer(value, lambda out: out.print(f"{name} is {size.width} wide"))

    return app


def test_groups_of_options_come_back_as_one_value() -> None:
    result = CliRunner().invoke(make_app(), ["draw", "x", "--width", "5", "--tag", "a", "--json"])
    assert json.loads(result.stdout) == {"name": "x", "width": 5, "tags": ["a"]}


def test_options_keep_their_defaults() -> None:
    result = CliRunner().invoke(make_app(), ["draw", "x"])
    assert result.stdout == "x is 3 wide\n"


def test_examples_keep_their_lines() -> None:
    text = CliRunner().invoke(make_app(), ["draw", "--help"]).stdout
    assert "  draw a\n" in text


ERRORS: list[tuple[BaseException, int, str]] = [
    (UsageError("give words"), 2, "WRONG_USE"),
    (ConfigError("no such key"), 2, "WRONG_SETTING"),
    (errors.InvalidArgumentError("limit is -1", reason="INVALID_REQUEST"), 2, "INVALID_REQUEST"),
    (errors.UnreachableError("nobody", code="UNAVAILABLE"), 4, "UNAVAILABLE"),
    (errors.CancelledError("stopped", code="CANCELLED"), 130, "CANCELLED"),
    (errors.NotFoundError("no track", reason="NOT_FOUND"), 1, "NOT_FOUND"),
    (HomeInUse("process 7"), 1, "HOME_IN_USE"),
    (UnreadableMedia("a.mp3: damaged"), 1, "UNREADABLE_MEDIA"),
    (FileNotFoundError(2, "No such file", "a.mp3"), 1, "FILE"),
    (KeyboardInterrupt(), 130, "INTERRUPTED"),
    (ZeroDivisionError("oops"), 1, "INTERNAL"),
]


@pytest.mark.parametrize(("error", "code", "reason"), ERRORS, ids=lambda item: repr(item)[:40])
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, reason: str
) -> None:
    result = CliRunner().invoke(make_app(error), ["draw", "x"])
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("temptrack: ")
    assert result.stderr.count("\n") == 1
    as_json = CliRunner().invoke(make_app(error), ["draw", "x", "--json"])
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout)["error"]["reason"] == reason


def test_debug_shows_where_an_error_came_from() -> None:
    result = CliRunner().invoke(make_app(ZeroDivisionError("oops")), ["--debug", "draw", "x"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_missing_file_is_named() -> None:
    assert describe(FileNotFoundError(2, "No such file", "a.mp3")).message == "a.mp3: No such file"
