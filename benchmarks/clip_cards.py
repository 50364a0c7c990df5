"""Figures of the clip head and of the fusion, written on their cards.

Run `python -m benchmarks.clip_cards --data DIR` after they were trained; views of clips and
features of sounds come from the cache.
"""

import argparse
from pathlib import Path

from encoders.bench.fusion import tabulate
from encoders.bench.setting import Setting
from encoders.bench.sides import FUSED
from encoders.bench.table import Row
from encoders.cards import complete_card
from encoders.embed import load_embedder
from encoders.trunks.checkpoint import WEIGHTS

COMMAND = "temptrack evaluate fusion --data DATA"
CLIP, WORDS = "clip alone", "words alone"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    setting = Setting(embedder=load_embedder(), data_dir=parser.parse_args().data)
    rows = tabulate(setting).rows
    clip = [_figure(row) for row in rows if row.method == CLIP and row.metric != "flip"]
    both = [_figure(row) for row in rows if row.method in (FUSED, WORDS)]
    for name, figures in (("clip", clip), ("fusion", both)):
        complete_card(WEIGHTS / "heads" / name, {"figures": figures})


def _figure(row: Row) -> dict[str, str | float]:
    return {
        "what": f"{row.metric}, {row.method}",
        "on": f"{row.subset}, {row.num_tracks} tracks",
        "n": row.num_queries,
        "value": round(row.value, 3),
        "low": round(row.low, 3),
        "high": round(row.high, 3),
        "chance": round(row.chance, 3),
        "command": COMMAND,
    }


if __name__ == "__main__":
    main()
