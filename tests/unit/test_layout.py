"""Limits of size that no linter measures: 400 lines a file, 50 lines a function."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGES = (
    "temptrack",
    "media",
    "encoders",
    "index",
    "symbolic",
    "services",
    "tests",
    "benchmarks",
)


def source_files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            if "v1" not in path.parts:
                yield path


@pytest.mark.parametrize(
    "path", list(source_files()), ids=lambda p: str(p.relative_to(REPOSITORY))
)
def test_file_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, functions):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 50, f"{path}:{node.lineno} {node.name} is {length} lines long"
