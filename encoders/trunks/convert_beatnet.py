"""Turns a checkpoint of the `BeatNet` wheel into `encoders/weights/beatnet/`, value for value.

Run `python -m encoders.trunks.convert_beatnet [WHEEL]`. Without a wheel it is fetched with
`pip download --no-deps BeatNet==1.1.3` (the package pins an old numba and wants a sound card).
The octave chooser beside it is made by `python -m encoders.training.octaves`.
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

from encoders.trunks.checkpoint import WEIGHTS, check_source, write_folder

PACKAGE, VERSION = "BeatNet", "1.1.3"
WHEEL_SHA256 = "1ecfa17bdcbe899975a88bdb6efebd6970d846a4f3b6cfd5c6f320647c641c7e"
CHECKPOINT = "BeatNet/models/model_1_weights.pt"
LICENCE_IN_WHEEL = "BeatNet-1.1.3.dist-info/LICENSE"
MODULES = {"conv": "conv1", "dense": "linear0", "lstm": "lstm", "out": "linear"}

CARD = {
    "name": "BeatNet, the checkpoint trained without GTZAN",
    "origin": "https://github.com/mjhydri/BeatNet (PyPI package BeatNet 1.1.3, "
    "model_1_weights.pt)",
    "package": PACKAGE,
    "version": VERSION,
    "wheel_sha256": WHEEL_SHA256,
    "licence": "CC-BY-4.0",
    "copyright": "Mojtaba Heydari, Frank Cwitkowitz and Zhiyao Duan, 2021",
    "changed": "tensors renamed; values unchanged, float32",
    "trained_on": "beats and downbeats written for recordings: Ballroom, Beatles, Carnatic music, "
    "Rock Corpus; GTZAN left out for the paper's test",
    "paper": "Heydari, Cwitkowitz and Duan, BeatNet: CRNN and particle filtering for online joint "
    "beat, downbeat and meter tracking, ISMIR 2021",
    "input": "16 kHz mono, 1,024-point transform every 320 samples, 136 bands of log10(1 + "
    "magnitude) a quarter tone apart and their rise; the same bins as the 1,411 samples every 441 "
    "at 22,050 Hz of the paper",
    "known_failures": [
        "free time: a beat is heard where the player keeps none",
        "the first beats of a sound: the network remembers only what came before",
    ],
    "command": "python -m encoders.trunks.convert_beatnet",
    "seeds": [],
    "minutes": 0.2,
}


def main() -> None:
    """Convert the wheel named on the command line, or a downloaded one."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else _download_wheel(Path(scratch))
        convert_wheel(wheel, WEIGHTS / "beatnet")


def convert_wheel(wheel: Path, out: Path) -> None:
    """Write the weight folder of the `BeatNet` wheel.

    Raises:
        ValueError: not the wheel whose SHA-256 is written above.
    """
    with zipfile.ZipFile(check_source(wheel, WHEEL_SHA256)) as archive:
        stream = io.BytesIO(archive.read(CHECKPOINT))
        stored = torch.load(stream, weights_only=True)  # noqa: TID251 - hash checked, tensors only
        licence = archive.read(LICENCE_IN_WHEEL)
    write_folder(out, rename_tensors(stored), {"LICENSE": licence}, CARD)


def rename_tensors(source: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Our names for the modules of the network."""
    ours = {theirs: name for name, theirs in MODULES.items()}
    parts = {name: name.split(".", 1) for name in source}
    return {
        f"{ours[module]}.{part}": source[name].numpy() for name, (module, part) in parts.items()
    }


def _download_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, f"{PACKAGE}=={VERSION}"], check=True)
    return next(folder.glob("[Bb]eat[Nn]et-*.whl"))


if __name__ == "__main__":
    main()
