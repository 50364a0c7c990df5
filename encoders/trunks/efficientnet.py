"""The picture trunk: EfficientNet-Lite0 as an open_clip image tower, frozen; knows no space.

    trunk = load_efficientnet()
    seen = trunk.see(rgb)               # rgb (T, H, W, 3) uint8
    seen.probabilities                  # (T, 1000) of trunk.class_names
    seen.pools                          # (T, 1280)
    seen.sentence_vectors               # (T, 384) ConSE, unit length, in the text trunk's space

ConSE (Norouzi et al. 2013): a picture means the probability-weighted mean of the sentence vectors
of its ten likeliest class names, so whatever leads from words to music serves pictures too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.trunks.checkpoint import WEIGHTS, read_tensors, verify_folder
from encoders.trunks.offline import offline
from encoders.trunks.open_clip_modules import import_open_clip

if TYPE_CHECKING:
    import torch
    from open_clip.timm_model import TimmModel

TIMM_NAME = "tf_efficientnet_lite0"
NUM_CLASSES = 1_000
NUM_FEATURES = 1_280
RESIZE, CROP = 256, 224  # pixels, shorter side
BATCH_SIZE = 8
LIKELIEST = 10


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Holds what the network says of each frame; float32 numpy arrays."""

    probabilities: np.ndarray  # (T, 1000)
    pools: np.ndarray  # (T, 1280)
    sentence_vectors: np.ndarray  # (T, 384), unit length


class PictureTrunk:
    """Holds the network and its class names. Safe to call from several threads."""

    def __init__(
        self, network: "TimmModel", class_names: Sequence[str], class_vectors: np.ndarray
    ) -> None:
        self._network = network
        self.class_names = tuple(class_names)
        self.class_vectors = class_vectors  # (1000, 384) sentence vectors of the names

    def see(self, rgb: np.ndarray) -> Seen:
        """Look at (T, H, W, 3) uint8 frames, all of one size.

        Raises:
            ValueError: no frame, or another shape.
        """
        if rgb.ndim != 4 or rgb.shape[3] != 3 or len(rgb) == 0:
            raise ValueError(f"frames are {rgb.shape}, expected (T, H, W, 3) with T > 0")
        parts = [self._run(rgb[i : i + BATCH_SIZE]) for i in range(0, len(rgb), BATCH_SIZE)]
        probabilities, pools = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Seen(
            probabilities=probabilities,
            pools=pools,
            sentence_vectors=self._combine(probabilities),
        )

    def _run(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch

        trunk = self._network.trunk
        with torch.inference_mode():
            maps = trunk.forward_features(prepare_frames(rgb))
            pools = trunk.forward_head(maps, pre_logits=True)  # (T, 1280)
            probabilities = trunk.classifier(pools).softmax(1)
        return probabilities.numpy(), pools.numpy()

    def _combine(self, probabilities: np.ndarray) -> np.ndarray:
        likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :LIKELIEST]  # (T, 10)
        weights = np.take_along_axis(probabilities, likeliest, axis=1)
        mixed = np.einsum("tk,tkd->td", weights, self.class_vectors[likeliest])
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)


def prepare_frames(rgb: np.ndarray) -> "torch.Tensor":
    """(T, 3, 224, 224) in [-1, 1]: shorter side to 256 (bicubic, antialiased), centre crop."""
    import torch
    from torch.nn import functional

    height, width = rgb.shape[1:3]
    scale = RESIZE / min(height, width)
    size = [max(RESIZE, round(height * scale)), max(RESIZE, round(width * scale))]
    pixels = torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2).float()
    resized = functional.interpolate(pixels, size, mode="bicubic", antialias=True)
    top, left = (size[0] - CROP) // 2, (size[1] - CROP) // 2
    cropped = resized[:, :, top : top + CROP, left : left + CROP].clamp(0.0, 255.0)
    return cropped / 127.5 - 1.0


def load_efficientnet(folder: Path = WEIGHTS / "efficientnet") -> PictureTrunk:
    """Load the converted weights, the class names and their sentence vectors.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    verify_folder(folder)
    with offline():
        network: TimmModel = import_open_clip("timm_model").TimmModel(
            TIMM_NAME, NUM_CLASSES, pool="avg", proj=""
        )
    network.trunk.load_state_dict(read_tensors(folder / "model.safetensors"))
    class_names = (folder / "classes.txt").read_text(encoding="utf-8").splitlines()
    class_vectors = read_tensors(folder / "classes.safetensors")["vectors"].numpy()
    return PictureTrunk(network.eval(), class_names, class_vectors)
