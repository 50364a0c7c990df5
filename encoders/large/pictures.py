"""An OpenCLIP image and text tower, frozen; knows no space.

    tower = load_pictures(checkpoint)
    tower.see(rgb)                          # rgb (T, H, W, 3) uint8 -> (T, D) float32, unit length
    tower.read(["a rainy street"])          # (1, D)

A folder holds `open_clip_config.json`, safetensors and the tokeniser's files, as `open_clip`
publishes them; pictures are prepared as its config says.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import BrokenWeights, MissingCheckpoint, UnusableFrames
from encoders.large.checkpoints import Checkpoint
from encoders.trunks.offline import offline

if TYPE_CHECKING:
    import torch

BATCH_SIZE = 16


class PictureTower:
    """Holds model, preparation and tokeniser. Safe to call from several threads."""

    # `Any`: open_clip gives its classes no types here.
    def __init__(self, model: Any, prepare: Any, tokenizer: Any, dimension: int) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._prepare = prepare
        self._tokenizer = tokenizer
        self.dimension = dimension

    def see(self, rgb: np.ndarray) -> np.ndarray:
        """Unit-length rows (T, D) of (T, H, W, 3) uint8 frames.

        Raises:
            UnusableFrames: no frame, or another shape or type.
        """
        if rgb.ndim != 4 or rgb.shape[3] != 3 or rgb.dtype != np.uint8 or len(rgb) == 0:
            raise UnusableFrames(f"frames are {rgb.dtype} {rgb.shape}; (T, H, W, 3) bytes wanted")
        import torch
        from PIL import Image

        parts = []
        for start in range(0, len(rgb), BATCH_SIZE):
            pictures = [Image.fromarray(f) for f in rgb[start : start + BATCH_SIZE]]
            with torch.inference_mode():
                batch = torch.stack([self._prepare(picture) for picture in pictures])
                parts.append(_unit(self._model.encode_image(batch.to(self._device))))
        return np.concatenate(parts)

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Unit-length rows (N, D) float32 of texts, one by one: no batch changes another's row."""
        import torch

        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        with torch.inference_mode():
            for i, text in enumerate(texts):
                tokens = self._tokenizer([text]).to(self._device)
                rows[i] = _unit(self._model.encode_text(tokens))[0]
        return rows


def load_pictures(checkpoint: Checkpoint, device: str = "cpu") -> PictureTower:
    """Load the tower from the checkpoint's folder to a device.

    Raises:
        BrokenWeights: the folder holds no model as open_clip writes it.
    """
    name = f"local-dir:{checkpoint.folder}"
    with offline():
        import open_clip

        try:
            # Without its weights the model would be random, and open_clip would only warn.
            model, _, prepare = open_clip.create_model_and_transforms(
                name, require_pretrained=True, weights_only=True
            )
            tokenizer = open_clip.get_tokenizer(name)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise BrokenWeights(f"{checkpoint.folder} holds no OpenCLIP model: {error}") from error
    dimension = int(open_clip.get_model_config(name)["embed_dim"])
    return PictureTower(model.float().eval().to(device), prepare, tokenizer, dimension)


def name_of_tag(name: str) -> str:
    """The repository of a pretrained tag: "ViT-B-32:laion2b_s34b_b79k"; other names stay.

    Raises:
        MissingCheckpoint: open_clip knows no such model and tag, or not where it lies.
    """
    found = re.fullmatch(r"([\w.-]+):([\w.-]+)", name)
    if found is None:
        return name
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    repository = str(get_pretrained_cfg(*found.groups()).get("hf_hub", "")).strip("/")
    if not repository:
        tags = ", ".join(list_pretrained_tags_by_model(found.group(1)))
        raise MissingCheckpoint(
            f"open_clip has no repository for {name}; its tags of that model: {tags or 'none'}"
        )
    return repository


def _unit(rows: "torch.Tensor") -> np.ndarray:
    from torch.nn import functional

    return np.asarray(functional.normalize(rows.float(), dim=1).cpu().numpy())
