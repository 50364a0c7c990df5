"""Turns the MSD checkpoint of the `musicnn` wheel into `encoders/weights/musicnn/`, bit for bit.

Run `python -m encoders.trunks.convert_musicnn [WHEEL]`. Without a wheel it is fetched with
`pip download --no-deps musicnn==0.1.0` (the package pins old versions and cannot be installed).
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from encoders.trunks.checkpoint import WEIGHTS, check_source, write_folder
from encoders.trunks.tensorflow_checkpoint import read_checkpoint

PACKAGE, VERSION = "musicnn", "0.1.0"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
LICENCE_IN_WHEEL = "musicnn-0.1.0.dist-info/LICENSE.md"

# TensorFlow numbers layers in the order in which the graph was built.
NORMS = {
    "bn_in": "batch_normalization",
    "timbral_bn.0": "batch_normalization_1",
    "timbral_bn.1": "batch_normalization_2",
    "temporal_bn.0": "batch_normalization_3",
    "temporal_bn.1": "batch_normalization_4",
    "temporal_bn.2": "batch_normalization_5",
    "mid_bn.0": "batch_normalization_6",
    "mid_bn.1": "batch_normalization_7",
    "mid_bn.2": "batch_normalization_8",
    "bn_pool": "batch_normalization_9",
    "bn_dense": "batch_normalization_10",
}
CONVOLUTIONS = {
    "timbral.0": "conv2d",
    "timbral.1": "conv2d_1",
    "temporal.0": "conv2d_2",
    "temporal.1": "conv2d_3",
    "temporal.2": "conv2d_4",
    "mid.0": "conv2d_5",
    "mid.1": "conv2d_6",
    "mid.2": "conv2d_7",
}
DENSE = {"dense": "dense", "out": "dense_1"}
NORM_PARTS = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}

CARD = {
    "name": "MusiCNN, trained on the Million Song Dataset",
    "origin": "https://github.com/jordipons/musicnn (PyPI package musicnn 0.1.0, MSD_musicnn)",
    "package": PACKAGE,
    "version": VERSION,
    "wheel_sha256": WHEEL_SHA256,
    "licence": "ISC",
    "copyright": "Music Technology Group, Universitat Pompeu Fabra 2019; Jordi Pons",
    "changed": "tensors renamed and transposed to torch's order; values unchanged, float32; "
    "the optimiser's state left out",
    "trained_on": "Million Song Dataset audio with the 50 most frequent last.fm tags",
    "paper": "Pons and Serra, musicnn: pre-trained convolutional neural networks for music audio "
    "tagging, 2019",
    "input": "16 kHz mono, 512-point STFT every 256 samples, 96 Slaney mel bands of power, "
    "log10(1 + 10000 x), 187 frames",
    "known_failures": [
        "tags are those of pop and rock listeners of the 2000s: no classical or orchestral tag",
        "instruments: only guitar is a tag",
        "synthesised game music is often called electronic or ambient whatever it is",
        "tags of a decade or a taste (catchy, sexy, 00s) say more of listeners than of the sound",
    ],
    "command": "python -m encoders.trunks.convert_musicnn",
    "seeds": [],
    "minutes": 0.3,
}


def main() -> None:
    """Convert the wheel named on the command line, or a downloaded one."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else _download_wheel(folder)
        convert_wheel(wheel, WEIGHTS / "musicnn", scratch=folder)


def convert_wheel(wheel: Path, out: Path, *, scratch: Path) -> None:
    """Write the weight folder of the `musicnn` wheel.

    Raises:
        ValueError: not the wheel whose SHA-256 is written above.
    """
    with zipfile.ZipFile(check_source(wheel, WHEEL_SHA256)) as archive:
        archive.extractall(scratch)
    tensors = rename_tensors(read_checkpoint(scratch / "musicnn" / "MSD_musicnn"))
    licence = (scratch / LICENCE_IN_WHEEL).read_bytes()
    write_folder(out, tensors, {"LICENSE": licence}, CARD)


def rename_tensors(source: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Our names, torch's axes: convolutions (out, in, time, frequency), dense (out, in)."""
    tensors = {}
    for ours, theirs in NORMS.items():
        for part, their_part in NORM_PARTS.items():
            tensors[f"{ours}.{part}"] = source[f"{theirs}/{their_part}"]
    for ours, theirs in CONVOLUTIONS.items():
        kernel = source[f"{theirs}/kernel"].transpose(3, 2, 0, 1)
        if ours.startswith("mid."):  # (out, 1, time, channels) is a 1-d convolution over time
            kernel = kernel[:, 0].transpose(0, 2, 1)
        tensors[f"{ours}.weight"] = kernel
        tensors[f"{ours}.bias"] = source[f"{theirs}/bias"]
    for ours, theirs in DENSE.items():
        tensors[f"{ours}.weight"] = source[f"{theirs}/kernel"].T
        tensors[f"{ours}.bias"] = source[f"{theirs}/bias"]
    return tensors


def _download_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, f"{PACKAGE}=={VERSION}"], check=True)
    return next(folder.glob("musicnn-*.whl"))


if __name__ == "__main__":
    main()
