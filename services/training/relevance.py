"""Fits relevance to trained heads and writes it beside them, with its card.

    calibration = calibrate_heads(setting, heads_dir, space=str(embedder.space))

On free data that the heads have not learned from; `encoders/training/judging.py` says which.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from encoders.bench.setting import Setting
from encoders.metrics import auroc, bootstrap_interval
from encoders.training.judging import calibration_material
from encoders.training.manifests import read_tracks
from encoders.trunks.checkpoint import CARD, file_sha256
from index.calibration import Calibration, Pairs, fit_calibration, track_scores

CALIBRATION = "calibration.npz"
BLEND = 0.5  # as grouping of hits does; no worse than either alone on validation
FALSE_MATCH_RATE = 0.35  # of questions chosen to be hard; see docs/experiments.md
COMMAND = "python -m benchmarks.fit_calibration --data DATA"


def calibrate_heads(setting: Setting, heads_dir: Path, *, space: str) -> Calibration:
    """Fit curve and floor by the towers of a setting and write them below `heads_dir`."""
    started = time.monotonic()
    material = calibration_material(setting)
    pairs = Pairs(queries=material.queries, tracks=material.tracks)
    calibration = fit_calibration(
        reference=material.reference,
        pairs=pairs,
        unserved=material.unserved,
        blend=BLEND,
        false_match_rate=FALSE_MATCH_RATE,
    )
    calibration = replace(calibration, space=space)
    out = heads_dir / CALIBRATION
    out.write_bytes(calibration.to_bytes())
    minutes = (time.monotonic() - started) / 60.0
    write_card(out, setting.data_dir, figure=pair_figure(calibration, pairs), minutes=minutes)
    return calibration


def write_card(out: Path, data_dir: Path, *, figure: dict[str, object], minutes: float) -> None:
    """Write the card of the calibration beside it."""
    used = [t for t in read_tracks(data_dir, "audio") if t.may_train]
    used += [t for t in read_tracks(data_dir, "symbolic") if t.may_train and t.split == "train"]
    card = {
        "name": "calibration of relevance, and the music that it compares with",
        "licence": "Apache-2.0",
        "origin": "fitted here, after the heads and on their vectors",
        "trained_on": {
            "tracks": "reference: training recordings; curve: recordings held out from the heads, "
            "with their own words; floor: rendered scores and held-out recordings",
            "licences": sorted({t.licence for t in used}),
        },
        "command": COMMAND,
        "seeds": [0],
        "minutes": round(minutes, 2),
        "figures": [figure],
        "known_failures": [
            "ordinary music is game music here: singing and orchestras are rarer in it than in "
            "most collections, so such tracks look fitting too soon",
            "the floor is that of words; a sound is answered from even odds on",
        ],
        "files": {out.name: file_sha256(out)},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (out.parent / CARD).write_text(text + "\n", encoding="utf-8")


def pair_figure(calibration: Calibration, pairs: Pairs) -> dict[str, object]:
    """How surely relevance tells tracks that fit from others: AUROC over the pairs."""
    scores = track_scores(pairs.queries, pairs.tracks, calibration.blend)
    standard = np.stack(
        [calibration.standardise(q, s) for q, s in zip(pairs.queries, scores, strict=True)]
    )
    same = np.eye(len(standard), dtype=bool)

    def statistic(rows: np.ndarray) -> float:
        return auroc(standard[rows].ravel(), same[rows].ravel())

    found = bootstrap_interval([str(i) for i in range(len(standard))], statistic)
    return {
        "what": "AUROC of relevance, a track with its own words among others",
        "on": "recordings held out from the heads; the curve was fitted on them",
        "n": len(standard),
        **{name: round(value, 4) for name, value in asdict(found).items()},
        "chance": 0.5,
        "command": COMMAND,
    }
