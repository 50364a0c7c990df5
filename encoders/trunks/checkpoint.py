"""Weight folders: a safetensors file, its card and its licence; refuses files whose hash is not the card's.

A folder `encoders/weights/<name>/` holds `card.json` (where the weights come from, under which licence, what was
changed, and the SHA-256 of every file beside it) and the files themselves. The card is written last.
"""

import hashlib
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
    """Check every file that the card names; the SHA-256 of the card stands for them all.

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
    return file_sha256(folder / CARD)


def read_tensors(path: Path) -> "dict[str, torch.Tensor]":
    """Load a safetensors file as float32 tensors, whatever its precision on disk."""
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(str(path)).items()}


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


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
