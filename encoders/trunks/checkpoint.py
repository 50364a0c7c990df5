"""Weight folders: tensors, card and licence; refuses files whose hash is not the card's.

A folder `encoders/weights/<name>/` holds `card.json` (where the weights come from, under which
licence, what was changed, and the SHA-256 of every file beside it) and the files themselves.
The card is written last.
"""

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from encoders.errors import BrokenWeights

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
CARD = "card.json"


def read_card(folder: Path) -> dict[str, object]:
    """Read a folder's card.

    Raises:
        BrokenWeights: there is none.
    """
    path = folder / CARD
    if not path.is_file():
        raise BrokenWeights(f"{folder}: no {CARD}; weights without a card are not loaded")
    return cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))


def verify_folder(folder: Path) -> str:
    """Check every file that the card names; one SHA-256 over them all, licence texts aside.

    Raises:
        BrokenWeights: a file is missing or has changed.
    """
    files = cast("dict[str, str]", read_card(folder)["files"])
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise BrokenWeights(f"{path}: named in {CARD} and missing")
        found = file_sha256(path)
        if found != expected:
            raise BrokenWeights(f"{path}: SHA-256 is {found}, {CARD} says {expected}")
    lines = [f"{name} {sha}" for name, sha in sorted(files.items()) if name[:7] != "LICENSE"]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_tensors(path: Path) -> "dict[str, torch.Tensor]":
    """Load a safetensors file; whatever the precision on disk, floats become float32."""
    from safetensors.torch import load_file

    tensors = load_file(str(path))
    return {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}


def write_folder(
    folder: Path,
    tensors: Mapping[str, np.ndarray],
    texts: Mapping[str, bytes],
    card: Mapping[str, object],
) -> None:
    """Write `model.safetensors`, the texts and, last, the card with everybody's hash."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    ordered = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    save_file(ordered, str(folder / "model.safetensors"))
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    names = ("model.safetensors", *sorted(texts))
    hashed = {name: file_sha256(folder / name) for name in names}
    text = json.dumps({**card, "files": hashed}, indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def installed_folder(package: str) -> Path:
    """Where an installed package lies, without importing it.

    Raises:
        ValueError: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(f"{package} is not installed; install the extra 'convert'")
    return Path(spec.origin).parent


def check_source(path: Path, expected: str) -> Path:
    """The path itself, once its hash is the one that the conversion was written for.

    Raises:
        ValueError: another file.
    """
    found = file_sha256(path)
    if found != expected:
        raise ValueError(f"{path}: SHA-256 is {found}, expected {expected}")
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
