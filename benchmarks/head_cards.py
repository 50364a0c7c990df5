"""Figures of the trained heads, written on their cards.

Run `python -m benchmarks.head_cards --data DIR --minutes M` after `temptrack train --install` took
M minutes; what is heard and seen comes from the cache.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from encoders.bench.protocols import PROTOCOLS
from encoders.bench.setting import Setting
from encoders.bench.table import MODEL, Row
from encoders.cards import complete_card
from encoders.embed import load_embedder
from encoders.trunks.checkpoint import WEIGHTS

MODEL_ONLY = (MODEL,)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows of a protocol's table stand on a card; no metrics or subsets: all of them."""

    protocol: str
    methods: tuple[str, ...] = MODEL_ONLY
    metrics: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()

    def takes(self, row: Row) -> bool:
        """Whether a row is wanted."""
        return (
            row.method in self.methods
            and (not self.metrics or row.metric in self.metrics)
            and (not self.subsets or row.subset in self.subsets)
        )


WORDS = (
    Wanted(
        protocol="emotion",
        metrics=("Spearman, mean of five", "genre accuracy"),
        subsets=("all", "test"),
    ),
    Wanted(protocol="moods", metrics=("mood AUROC, mean",)),
    Wanted(protocol="antonyms"),
    Wanted(protocol="free_queries"),
)
LIKENESS = tuple(
    Wanted(protocol=name, metrics=("R@1",)) for name in ("halves", "robustness", "pairs")
)
CARDS: Mapping[str, tuple[Wanted, ...]] = {
    "audio": (*WORDS[:2], *LIKENESS),
    "text": WORDS,
    "clip": (Wanted(protocol="fusion", methods=("clip alone",)),),
    "fusion": (Wanted(protocol="fusion", methods=("words and clip", "words alone")),),
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of the training")
    options = parser.parse_args()
    setting = Setting(embedder=load_embedder(), data_dir=options.data)
    names = dict.fromkeys(w.protocol for wanted in CARDS.values() for w in wanted)
    rows = {name: PROTOCOLS[name](setting).rows for name in names}
    for head, wanted in CARDS.items():
        figures = [_figure(w.protocol, r) for w in wanted for r in rows[w.protocol] if w.takes(r)]
        complete_card(WEIGHTS / "heads" / head, {"figures": figures, "minutes": options.minutes})


def _figure(protocol: str, row: Row) -> dict[str, str | float]:
    return {
        "what": f"{row.metric}, {row.method}",
        "on": f"{row.subset}, {row.num_tracks} tracks",
        "n": row.num_queries,
        "value": round(row.value, 3),
        "low": round(row.low, 3),
        "high": round(row.high, 3),
        "chance": round(row.chance, 4),
        "command": f"temptrack evaluate {protocol} --data DATA",
    }


if __name__ == "__main__":
    main()
