"""Fits the calibration of the shipped heads anew, without training them.

Run from the repository's root: `python -m benchmarks.fit_calibration --data DIR`; writes
`encoders/weights/heads/calibration.npz`. `temptrack train` does the same for heads that it trains.
None of the texts or tracks of `no_match.py` is used here.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoders.bench.setting import Setting
from encoders.embed import load_embedder
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration
from services.training.relevance import CALIBRATION, calibrate_heads

HEADS = WEIGHTS / "heads"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, write and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HEADS, help="folder to write it to")
    options = parser.parse_args(arguments)
    embedder = load_embedder()
    setting = Setting(embedder=embedder, data_dir=options.data)
    calibration = calibrate_heads(setting, options.out, space=str(embedder.space))
    print(_summary(calibration, options.out / CALIBRATION))


def _summary(calibration: Calibration, out: Path) -> str:
    return (
        f"{out}: slope {calibration.slope:.3f}, offset {calibration.offset:.3f}, "
        f"floor {calibration.floor:.3f} (z {(_z(calibration)):.2f}), "
        f"least spread {calibration.least_spread:.4f}"
    )


def _z(calibration: Calibration) -> float:
    odds = calibration.floor / (1.0 - calibration.floor)
    return float((np.log(odds) - calibration.offset) / calibration.slope)


if __name__ == "__main__":
    main()
