"""What a card of weights must say before they ship; reads cards and knows no weights.

    faults(read_card(folder))                       # () where nothing is missing
    complete_card(folder, {"minutes": 12.5, "figures": [...], ...})

A card is a JSON file beside the weights, with these fields:

    name            what it is
    licence         of the weights, an SPDX expression
    origin          where they come from
    trained_on      the data: words for the weights of others, for ours a table with `licences`
    command         what makes the files again
    seeds           that the command used, none for what was converted
    minutes         that the command takes on two cores
    figures         each with `what`, `on`, `n`, `value`, `low`, `high`, `chance` and `command`;
                    low and high are the bounds of the 95 % interval
    known_failures  where not to trust them
    files           SHA-256 by name (`write_folder` adds it)
"""

import argparse
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from encoders.trunks.checkpoint import CARD, read_card

FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "licence": str,
    "origin": str,
    "trained_on": (str, dict),
    "command": str,
    "seeds": list,
    "minutes": (int, float),
    "figures": list,
    "known_failures": list,
    "files": dict,
}
MAY_BE_EMPTY = ("seeds",)
NUMBERS = ("n", "value", "low", "high", "chance")
WORDS = ("what", "on", "command")


def faults(card: Mapping[str, object]) -> tuple[str, ...]:
    """What is missing from a card or is of another kind, in words; nothing for a whole one."""
    return (*_field_faults(card), *_figure_faults(card.get("figures")), *_data_faults(card))


def complete_card(folder: Path, facts: Mapping[str, object]) -> None:
    """Add what is known only after training: minutes, figures, failures. Keeps the hashes.

    Raises:
        ValueError: the card still lacks something; it is left as it was.
    """
    card = {**read_card(folder), **facts, "files": read_card(folder)["files"]}
    missing = faults(card)
    if missing:
        raise ValueError(f"{folder / CARD}: {'; '.join(missing)}")
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def _field_faults(card: Mapping[str, object]) -> Iterator[str]:
    for name, kind in FIELDS.items():
        value = card.get(name)
        if value is None or (not value and name not in MAY_BE_EMPTY):
            yield f"no {name}"
        elif not isinstance(value, kind):
            yield f"{name} is {type(value).__name__}"


def _figure_faults(figures: object) -> Iterator[str]:
    for i, figure in enumerate(figures if isinstance(figures, list) else ()):
        if not isinstance(figure, dict):
            yield f"figure {i} is no table"
            continue
        yield from (f"figure {i} has no {name}" for name in WORDS if not figure.get(name))
        numbers = [figure.get(name) for name in NUMBERS]
        if not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
            yield f"figure {i} needs the numbers {', '.join(NUMBERS)}"
        elif not figure["low"] <= figure["value"] <= figure["high"] or figure["n"] < 1:
            yield f"figure {i} lies outside its interval"


def _data_faults(card: Mapping[str, object]) -> Iterator[str]:
    """Weights of our own name the licence of every recording and text that they learned from."""
    data = card.get("trained_on")
    if isinstance(data, dict) and not cast("dict[str, object]", data).get("licences"):
        yield "trained_on names no licences"


def main() -> None:
    """Complete a card from the command line with the facts of a JSON file."""
    parser = argparse.ArgumentParser(description="Complete the card of a folder of weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("facts", type=Path, help="JSON: minutes, figures, known_failures ...")
    options = parser.parse_args()
    complete_card(options.folder, json.loads(options.facts.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
