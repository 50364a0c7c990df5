"""The client's own wheel: one package, light dependencies, and no heavy import."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

CLIENT = REPOSITORY / "temptrack"
HEAVY = ("torch", "faiss", "sqlalchemy", "open_clip", "numpy", "services", "media", "encoders")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = (
        "import sys; from hatchling.builders.wheel import WheelBuilder\n"
        "print(list(WheelBuilder(sys.argv[1]).build(directory=sys.argv[2]))[0])\n"
    )
    command = [sys.executable, "-c", code, str(CLIENT), str(folder)]
    built = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(built.stdout.strip())


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "temptrack",
        "temptrack_client-0.1.0.dist-info",
    }
    sources = {p.relative_to(REPOSITORY).as_posix() for p in CLIENT.rglob("*.py*") if p.is_file()}
    wanted = {name for name in sources if name.endswith((".py", ".pyi")) or "py.typed" in name}
    assert {name for name in names if name.startswith("temptrack/")} == wanted | {
        "temptrack/py.typed"
    }


def test_the_client_depends_on_grpc_alone() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.split(">")[0] for requirement in project["dependencies"]]
    assert names == ["googleapis-common-protos", "grpcio", "grpcio-status", "protobuf"]


def test_the_client_imports_nothing_heavy(wheel: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import temptrack.client\n"
        "assert temptrack.client.__file__.startswith(sys.argv[1]), temptrack.client.__file__\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found\n"
    )
    command = [sys.executable, "-P", "-W", "error", "-c", code, str(wheel)]
    subprocess.run(command, check=True, capture_output=True, cwd=wheel.parent)
