"""Writes finished heads as weight folders with their cards and sources; knows no training."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from encoders.towers.audio import AudioHead
from encoders.towers.neighbours import pack
from encoders.towers.text import TextHead
from encoders.training.manifests import Track
from encoders.trunks.checkpoint import write_folder

LICENCE = "Apache-2.0"
SOURCES = "SOURCES.tsv"
COLUMNS = ("id", "file", "title", "author", "licence", "repo", "commit")
FAILURES = (
    "no classical tag: 'fanfare' or 'fugue' mean 'instrumental, not rock' to the audio side",
    "nostalgic and tender background music is hardly told apart",
    "scene words of games hardly beat chance",
    "English only; lyrics are not heard; statistics are those of 30 s excerpts of game music",
)


def save_heads(
    out_dir: Path, audio: AudioHead, text: TextHead, sources: Mapping[str, object]
) -> None:
    """Write `audio/`, `text/` and SOURCES.tsv below a folder.

    Matrices are kept in half precision, statistics in single.
    """
    tracks = cast("Sequence[Track]", sources["tracks"])
    shared = {
        "licence": LICENCE,
        **_facts(cast("Mapping[str, object]", sources["config"])),
        "trained_on": {**sources, "tracks": f"the {len(tracks)} recordings of {SOURCES}"},
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / SOURCES).write_text(sources_table(tracks), encoding="utf-8")
    write_folder(
        out_dir / "audio",
        {
            "mean": audio.mean.astype(np.float32),
            "spread": audio.spread.astype(np.float32),
            "matrix": audio.matrix.astype(np.float16),
            "radius": np.array([audio.radius], dtype=np.float32),
            "likeness": np.array([audio.first_likeness, audio.likeness_length], dtype=np.float32),
            "asking": audio.asking.astype(np.float32),
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
            "familiar": text.familiar.astype(np.float16),
            "names": text.names.astype(np.float16),
            "name_share": np.array([text.name_share], dtype=np.float32),
            "network_share": np.array([text.network_share], dtype=np.float32),
            **(pack(text.neighbours) if text.neighbours else {}),
        },
        {},
        {"name": "text head of the small profile", "keys": list(text.keys), **shared},
    )


def _facts(config: Mapping[str, object]) -> dict[str, object]:
    """What a card says beside the data; minutes and figures come after the evaluation.

    `encoders.cards.complete_card` adds them.
    """
    return {
        "origin": "trained here from nothing, over frozen trunks",
        "command": f"temptrack train {config['name']} --data DATA --out DIR",
        "seeds": list(cast("Sequence[int]", config["seeds"])),
        "known_failures": list(FAILURES),
    }


def sources_table(tracks: Sequence[Track]) -> str:
    """Whose recordings the heads learned from, one a line, tab separated."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for track in tracks:
        row = track.labels
        author = row.get("attribution") or track.artist or "not named by the source"
        origin = (row.get("repo") or "", row.get("commit") or "")
        file = "/".join(track.file.parts[-2:])
        writer.writerow([track.id, file, track.title, author, track.licence, *origin])
    return buffer.getvalue()
