"""Weights on disk: `composer.safetensors` and a manifest that is written last. Trains nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from symbolic.errors import BrokenWeights
from symbolic.model import ComposerModel, ModelSize
from symbolic.tokens import VOCABULARY_SIZE

SHIPPED = Path(__file__).parent / "weights"
WEIGHTS_NAME, MANIFEST_NAME = "composer.safetensors", "manifest.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A network ready to sample, its name with a hash, and what real music measures."""

    network: ComposerModel
    name: str
    statistics: Mapping[str, tuple[float, float]]  # feature -> mean, standard deviation


def save_model(folder: Path, network: ComposerModel, facts: Mapping[str, Any]) -> None:
    """Write weights, then the manifest with their hash; `facts` must be JSON and hold statistics.

    Readers take the manifest as the sign that the folder is complete, so it comes last.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    data = save({name: value.contiguous() for name, value in network.state_dict().items()})
    _replace(folder / WEIGHTS_NAME, data)
    manifest = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "vocabulary_size": VOCABULARY_SIZE,
        "parameters": sum(value.numel() for value in network.parameters()),
        "size": asdict(network.size),
        **facts,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    _replace(folder / MANIFEST_NAME, text.encode("utf-8"))


def load_model(folder: Path = SHIPPED) -> LoadedModel:
    """Read and check a folder of weights.

    Raises:
        BrokenWeights: A file is missing, was changed, or is of another vocabulary.
    """
    from safetensors.torch import load

    manifest = read_manifest(folder)
    try:
        data = (folder / WEIGHTS_NAME).read_bytes()
    except OSError as error:
        raise BrokenWeights(f"cannot read {folder / WEIGHTS_NAME}: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != manifest["sha256"]:
        raise BrokenWeights(
            f"{folder / WEIGHTS_NAME} has SHA-256 {digest}, the manifest says {manifest['sha256']}"
        )
    network = ComposerModel(ModelSize(**manifest["size"]))
    network.load_state_dict(load(data))
    statistics = {name: (pair[0], pair[1]) for name, pair in manifest["statistics"].items()}
    name = f"composer-{digest[:12]}"
    return LoadedModel(network=network.eval(), name=name, statistics=statistics)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The checked manifest of a folder of weights.

    Raises:
        BrokenWeights: There is none, or it is of another format or vocabulary.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BrokenWeights(f"cannot read {path}: {error}") from error
    found = (manifest.get("format"), manifest.get("vocabulary_size"))
    if found != (FORMAT, VOCABULARY_SIZE):
        raise BrokenWeights(
            f"{path} is of format and vocabulary {found}, expected {(FORMAT, VOCABULARY_SIZE)}"
        )
    return manifest


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".partial")
    temporary.write_bytes(data)
    temporary.replace(path)
