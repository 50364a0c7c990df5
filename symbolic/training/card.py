"""Writes the card of the shipped weights from their manifest, so that the two cannot disagree.

`python -m symbolic.training.card FOLDER [--figures FILE]`; figures are what `benchmarks.compose`
wrote with `--out`.
"""

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symbolic.checkpoint import SHIPPED, read_manifest

CARD_NAME = "CARD.md"
# Figures are free-form JSON of the benchmark.
Figures = Mapping[str, Any]

FAILURES = """\
- The harmony is plain (seven kinds of chord, no modulation) and the accompaniment is written by
  rules, not learnt: it fits but does not surprise.
- The grid is a sixteenth note: no triplets inside simple metres, no swing, no ornaments.
- 2/4 and 9/8 rest on few scores (see the shares in `windows.py`): expect less variety there.
- A melody can wander in its middle section; phrases return because the form says so.
- Minor keys now and then lean towards their relative major; selection catches most of it.
- Dynamics and timing are those of a careful machine.
"""


def write_card(folder: Path, figures: Figures | None) -> Path:
    """Write `CARD.md` beside the manifest and return its path."""
    manifest = read_manifest(folder)
    path = folder / CARD_NAME
    path.write_text(
        "\n".join((_describe(manifest), _list_sources(manifest), _show(figures), _close())),
        encoding="utf-8",
    )
    return path


def _describe(manifest: Mapping[str, Any]) -> str:
    size, config = manifest["size"], manifest["config"]
    return f"""\
# The composer's weights

`composer.safetensors`, SHA-256 `{manifest["sha256"]}`.

A decoder-only transformer of {manifest["parameters"]:,} parameters (width {size["width"]},
{size["num_layers"]} layers, {size["num_heads"]} heads, window {size["window"]} tokens).
It writes melody, chords and bass on a bar grid, in C major or A minor, and is told metre, mode,
style and densities at every position. Keys, tempi, instruments and textures are added by rules.

Made by `python -m symbolic.training.train small --data DATA --out DIR` with seed {config["seed"]}:
{config["num_steps"]:,} steps, {manifest["minutes"]:g} minutes on {config["num_threads"]} thread of
a shared two-core machine. On windows of scores that were not trained on it needs
{manifest["validation_nats_per_token"]:.3f} nats per token; uniform over the vocabulary of
{manifest["vocabulary_size"]} would be {math.log(manifest["vocabulary_size"]):.3f}.
Trained from nothing, licence of the weights: `Apache-2.0`.
"""


def _list_sources(manifest: Mapping[str, Any]) -> str:
    lines = [
        "## Data",
        "",
        "| collection | scores | bars | licences (SPDX) |",
        "|---|---|---|---|",
    ]
    for name, source in manifest["sources"].items():
        licences = ", ".join(f"`{licence}`" for licence in source["licences"])
        lines.append(f"| {name} | {source['scores']:,} | {source['bars']:,} | {licences} |")
    lines += [
        "",
        "The Nottingham Music Database (traditional tunes, melody with chords) is the cleaned",
        "copy under `GPL-3.0-only`; OpenMSX and IVAN are under the GPL-2.0. POP909 is a data set",
        "of piano arrangements of commercial pop songs, its licence is that of the data set. No",
        "file of any collection is part of the weights. Only the training split was read;",
        "classical piano and everything non-commercial was left out.",
        "",
    ]
    return "\n".join(lines)


def _show(figures: Figures | None) -> str:
    if figures is None:
        return "## Figures\n\nNone yet: run `python -m benchmarks.compose --out FILE`.\n"
    lines = [
        "## Figures",
        "",
        f"`python -m benchmarks.compose`: {figures['briefs']} fixed briefs; share met in per cent",
        "with the 95 % interval (Wilson).",
        "",
        "| attribute | best of 8 | one candidate | judged by another brief |",
        "|---|---|---|---|",
    ]
    rows = [figures[row] for row in ("best_of_8", "single", "shuffled")]
    for name in rows[0]:
        lines.append(f"| {name} | " + " | ".join(_cell(row[name]) for row in rows) + " |")
    return "\n".join((*lines, "", _show_keys(figures), "", _show_rest(figures), ""))


def _show_keys(figures: Figures) -> str:
    lines = ["| key heard by | best of 8 | one candidate | real held-out scores |",
             "|---|---|---|---|"]  # fmt: skip
    opinions = figures["second_key_opinion"]
    for profile in opinions["best_of_8"]:
        anchor = figures["key_anchor"][profile]
        cells = (opinions["best_of_8"][profile], opinions["single"][profile], anchor)
        lines.append(f"| {profile} | " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += ["", "| metre | nats per token | held-out windows |", "|---|---|---|"]
    for metre, row in figures["likelihood"].items():
        lines.append(f"| {metre} | {row['nats']:.3f} | {row['n']} |")
    return "\n".join(lines)


def _show_rest(figures: Figures) -> str:
    memory, seconds = figures["memorisation"], figures["seconds"]
    return f"""\
Valid files {_cell(figures["valid"])}; ending on the tonic {_cell(figures["ends_on_tonic"])};
lengths within half a bar {_cell(figures["length"])}.
Melodic 8-grams found in the training scores: {_cell(memory["ours"])} of ours,
{_cell(memory["held_out_real"])} of real held-out tunes.
Best of 8 takes {seconds["median"]} s on a shared machine (slowest {seconds["slowest"]} s)."""


def _close() -> str:
    return "## Known failures\n\n" + FAILURES


def _cell(share: Mapping[str, Any]) -> str:
    return f"{share['share']:.1f} [{share['low']:.1f}, {share['high']:.1f}] of {share['n']}"


def main() -> None:
    """Write the card from the command line."""
    parser = argparse.ArgumentParser(description="Write the card of a folder of weights.")
    parser.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--figures", type=Path)
    options = parser.parse_args()
    text = options.figures.read_text(encoding="utf-8") if options.figures else None
    write_card(options.folder, json.loads(text) if text else None)


if __name__ == "__main__":
    main()
