"""Writes finished heads as weight folders with their cards; knows no training."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from encoders.towers.audio import AudioHead
from encoders.towers.text import TextHead
from encoders.trunks.checkpoint import write_folder

LICENCE = "Apache-2.0"


def save_heads(
    out_dir: Path, audio: AudioHead, text: TextHead, sources: Mapping[str, object]
) -> None:
    """Write `audio/` and `text/` below a folder; matrices in half precision, statistics in single."""
    shared = {"licence": LICENCE, "trained_on": sources}
    write_folder(
        out_dir / "audio",
        {
            "mean": audio.mean.astype(np.float32),
            "spread": audio.spread.astype(np.float32),
            "matrix": audio.matrix.astype(np.float16),
            "radius": np.array([audio.radius], dtype=np.float32),
        },
        {},
        {"name": "audio head of the small profile", **shared},
    )
    write_folder(
        out_dir / "text",
        {
            "directions": text.directions.astype(np.float16),
            "hidden": text.hidden.astype(np.float16),
            "hidden_bias": text.hidden_bias.astype(np.float32),
            "out": text.out.astype(np.float16),
            "network_share": np.array([text.network_share], dtype=np.float32),
        },
        {},
        {"name": "text head of the small profile", "keys": list(text.keys), **shared},
    )
