"""Fits the profiles of the keys to rendered scores of the training split.

    python -m encoders.training.keys --data DIR [--out FOLDER]

The scores and speeds are those of `encoders.training.octaves` that have a stated key. Logistic
regression over 24 keys with one profile for all major and one for all minor keys; a penalty holds
them near Temperley's (Music and probability, 2007), scaled by a number that is fitted too.

N scores.
"""

import argparse
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from encoders.training.manifests import Track
from encoders.training.octaves import Hear, training_speeds
from encoders.training.speeds import hear_at
from encoders.trunks.checkpoint import write_folder
from encoders.trunks.harmony import read_chroma
from encoders.trunks.tonality import KEY_PROFILES, NUM_KEYS, parse_key, turned, unit_profile
from media.errors import MediaError

logger = logging.getLogger(__name__)

# fmt: off
TEMPERLEY = (
    (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
)
# fmt: on
PENALTY = 0.03
FIRST_SCALE = 5.0
NUM_STEPS = 100
LICENCE = "Apache-2.0"


def fit_profiles(rows: np.ndarray, keys: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of `KeyFinder` for (N, 12) unit profiles and their keys (N,) from 0 to 23."""
    seen = torch.from_numpy(np.stack([turned(row) for row in rows]).astype(np.float32))
    truth = torch.from_numpy(keys.astype(np.int64))
    start = torch.from_numpy(temperley())
    moved = torch.zeros(2, 12, requires_grad=True)
    scale = torch.tensor(FIRST_SCALE, requires_grad=True)
    preference = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [moved, scale, preference], max_iter=NUM_STEPS, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = seen @ (start * scale + moved).T + preference  # (N, 12, 2)
        logits = scores.transpose(1, 2).reshape(len(rows), NUM_KEYS)
        penalty = (moved**2).sum() + (preference**2).sum()
        value = torch.nn.functional.cross_entropy(logits, truth) + PENALTY * penalty
        value.backward()  # type: ignore[no-untyped-call]  # torch's own signature has no types
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    profiles = (start * scale + moved).detach().numpy()
    return {"profiles": profiles, "preference": preference.detach().numpy()}


def temperley() -> np.ndarray:
    """(2, 12) float32 Temperley's profiles, mean 0 and length 1."""
    profiles = np.array(TEMPERLEY, dtype=np.float32)
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


def gather_profiles(
    planned: Sequence[tuple[Track, float]], hear: Hear = hear_at
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 12) profiles and (N,) keys of the scores that state a major or minor key."""
    rows, keys = [], []
    for track, speed in planned:
        try:
            key = parse_key(track.labels["key"] or "")
            rows.append(unit_profile(read_chroma(hear(track, speed).samples)))
        except (ValueError, MediaError) as error:
            logger.info("score %s is left out: %s", track.id, error)
            continue
        keys.append(key)
    return np.stack(rows), np.array(keys)


def save_profiles(out_dir: Path, arrays: dict[str, np.ndarray], facts: dict[str, object]) -> None:
    """Write the weight folder; `facts` are what only the run knows."""
    card: dict[str, object] = {
        "name": "profiles of the keys",
        "licence": LICENCE,
        "origin": "fitted by this project, from the profiles of Temperley (2007)",
        "command": "python -m encoders.training.keys --data DIR",
        "seeds": [],
        "known_failures": [
            "a minor key and its relative major, above all in pop that stands between them",
            "modal tunes (Dorian, Mixolydian) are given the major or minor key nearest to them",
            "pieces that change their key are given one",
        ],
    }
    write_folder(out_dir, arrays, {}, {**card, **facts})


def main() -> None:
    """Fit from the command line."""
    parser = argparse.ArgumentParser(description="Fit the profiles of the keys.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=KEY_PROFILES)
    options = parser.parse_args()
    fit_to_folder(options.data, options.out)


def fit_to_folder(data_dir: Path, out_dir: Path, hear: Hear = hear_at) -> None:
    """Gather, fit and write."""
    start = time.monotonic()
    planned = [(t, speed) for t, speed in training_speeds(data_dir) if t.labels.get("key")]
    rows, keys = gather_profiles(planned, hear)
    arrays = fit_profiles(rows, keys)
    data = {
        "tracks": f"{len(rows)} scores of symbolic.jsonl, split train, rendered",
        "licences": sorted({track.licence for track, _ in planned}),
    }
    minutes = round((time.monotonic() - start) / 60, 1)
    save_profiles(out_dir, arrays, {"trained_on": data, "minutes": minutes, "figures": []})


if __name__ == "__main__":
    main()
