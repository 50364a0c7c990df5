"""Checkpoints of one seed: safetensors of heads and optimizer.

And a manifest that is written last.
"""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

MANIFEST = "manifest.json"
TENSORS = "state.safetensors"


def save_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    fingerprint: str,
) -> None:
    """Write the state after so many whole epochs; an interrupted write leaves the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{epochs:04d}-{TENSORS}"
    save_file(_flatten(module, optimizer), str(folder / name))
    manifest = {"epochs": epochs, "file": name, "sha256": _sha256(folder / name),
                "fingerprint": fingerprint}  # fmt: skip
    unfinished = folder / f"{MANIFEST}.tmp"
    unfinished.write_text(json.dumps(manifest), encoding="utf-8")
    os.replace(unfinished, folder / MANIFEST)  # noqa: PTH105 - says that it is atomic
    for old in folder.glob(f"*-{TENSORS}"):
        if old.name != name:
            old.unlink()


def load_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str
) -> int:
    """Restore the latest state and say how many epochs it holds.

    0 where none of this run is whole.
    """
    path = folder / MANIFEST
    if not path.exists():
        return 0
    manifest = json.loads(path.read_text(encoding="utf-8"))
    file = folder / manifest["file"]
    if manifest["fingerprint"] != fingerprint or not file.exists():
        return 0
    if _sha256(file) != manifest["sha256"]:
        return 0
    tensors = load_file(str(file))
    module.load_state_dict({n[7:]: t for n, t in tensors.items() if n.startswith("module.")})
    _restore_optimizer(optimizer, tensors)
    return int(manifest["epochs"])


def _flatten(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    tensors = {f"module.{n}": t.contiguous() for n, t in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value).contiguous()
    return tensors


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, _, rest = key.partition(".")
        if kind == "optimizer":
            index, _, name = rest.partition(".")
            state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
