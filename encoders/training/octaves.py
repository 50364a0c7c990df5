"""Trains the chooser of the octave on rendered scores of the training split.

    python -m encoders.training.octaves --data DIR [--out FOLDER]

Scores that keep one tempo are rendered with the default font, some of them faster or slower than
written, beside bars of a band made by chance, and heard by BeatNet; the chooser learns which of
the candidate tempi the score states. A candidate that is twice, half, three times or a third as
fast counts a little. Five networks from five seeds stand side by side and are averaged.

N scores, C candidates, F = 70 features, H hidden units.
"""

import argparse
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from encoders.bench.tempo import is_octave_right, is_right
from encoders.training.cache import EXCERPT_S
from encoders.training.grooves import make_groove
from encoders.training.manifests import MULTI_INSTRUMENT, Track, read_tracks
from encoders.training.speeds import beats_per_minute, hear_at
from encoders.trunks.beatnet import load_beatnet
from encoders.trunks.checkpoint import WEIGHTS, write_folder
from encoders.trunks.spectrum import SAMPLE_RATE
from encoders.trunks.tempo import (
    Rhythm,
    candidate_features,
    chooser_of,
    find_candidates,
    read_rhythm,
)
from media.audio import Sound
from media.errors import MediaError

logger = logging.getLogger(__name__)

SEEDS = (0, 1, 2, 3, 4)
NUM_HIDDEN = 8  # of each seed
NUM_EPOCHS = 300
LEARNING_RATE = 1e-2
WEIGHT_PENALTY = 1e-2
OCTAVE_CREDIT = 0.3
SHARES = {"POP909": 170 / 557, "Nottingham": 140 / 798}  # of these collections; all of the games
KEPT_SHARE = 0.67  # of what that leaves
TUNE_OCTAVES, TUNE_MIDDLE = 1.3, 0.45  # Nottingham states no tempo: 80 to 199 a minute
GAME_OCTAVES = 0.7
NUM_GROOVES = 120
LICENCE = "Apache-2.0"

Hear = Callable[[Track, float], Sound]


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """Holds what the chooser sees of a score and which candidates are right."""

    features: np.ndarray  # (C, F)
    credit: np.ndarray  # (C,) 1 right, 0.3 right but for the octave, 0 wrong


def train_chooser(
    examples: Sequence[Example], *, seeds: Sequence[int] = SEEDS, num_epochs: int = NUM_EPOCHS
) -> dict[str, np.ndarray]:
    """The chooser's arrays, by the names of `OctaveChooser`; examples without a right one wait."""
    usable = [e for e in examples if (e.credit > 0).any()]
    rows = np.concatenate([e.features for e in examples])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    batch = _pad(usable, mean, spread)
    nets = [_fit(batch, seed, num_epochs) for seed in seeds]
    return {
        "mean": mean.astype(np.float32),
        "spread": spread.astype(np.float32),
        "hidden": np.concatenate([hidden.weight.detach().numpy() for hidden, _ in nets]),
        "hidden_bias": np.concatenate([hidden.bias.detach().numpy() for hidden, _ in nets]),
        "out": np.concatenate([out.weight.detach().numpy()[0] for _, out in nets]) / len(nets),
    }


def training_speeds(data_dir: Path) -> list[tuple[Track, float]]:
    """The scores to learn from and how much faster than written each is played."""
    chosen = []
    for track in read_tracks(data_dir, "symbolic"):
        share = 1.0 if track.labels["collection"] in MULTI_INSTRUMENT else None
        share = SHARES.get(track.labels["collection"], share)
        if share is None or not (track.may_train and track.split == "train" and track.is_score):
            continue
        if _chance(f"pick{track.id}") <= share and _chance(f"o{track.id}") <= KEPT_SHARE:
            chosen.append((track, _speed(track)))
    return chosen


def gather_examples(planned: Sequence[tuple[Track, float]], hear: Hear = hear_at) -> list[Example]:
    """Listen to the scores; those that change their tempo or cannot be read are left out."""
    trunk, examples = load_beatnet(), []
    for track, speed in planned:
        try:
            bpm = beats_per_minute(track)
            if bpm is None:
                continue
            rhythm = read_rhythm(hear(track, speed).samples, trunk)
        except MediaError as error:
            logger.warning("score %s is left out: %s", track.id, error)
            continue
        examples.append(_example(rhythm, bpm * speed))
    return examples


def groove_examples(num_grooves: int = NUM_GROOVES) -> list[Example]:
    """Listen to bars of a band made by chance."""
    from media.render import render_midi

    trunk, examples = load_beatnet(), []
    for seed in range(num_grooves):
        data, bpm = make_groove(seed)
        sound = render_midi(data, sample_rate=SAMPLE_RATE, name=f"groove {seed}")
        rhythm = read_rhythm(sound.samples[: int(EXCERPT_S * SAMPLE_RATE)], trunk)
        examples.append(_example(rhythm, bpm))
    return examples


def save_chooser(out_dir: Path, arrays: dict[str, np.ndarray], facts: dict[str, object]) -> None:
    """Write the weight folder; `facts` are what only the run knows."""
    chooser_of(arrays)
    card: dict[str, object] = {
        "name": "chooser of the tempo's octave",
        "licence": LICENCE,
        "origin": "trained by this project",
        "command": "python -m encoders.training.octaves --data DIR",
        "seeds": list(SEEDS),
        "known_failures": [
            "music that is felt at twice or half the speed by some is given one of the two",
            "pieces in three or twelve may be given the bar or the third of a beat",
            "games' scores often state twice or half of what is felt, and it learned from them",
        ],
    }
    write_folder(out_dir, arrays, {}, {**card, **facts})


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the chooser of the tempo's octave.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "heads" / "tempo")
    options = parser.parse_args()
    train_to_folder(options.data, options.out)


def train_to_folder(data_dir: Path, out_dir: Path, hear: Hear = hear_at) -> None:
    """Gather, train and write."""
    start = time.monotonic()
    planned = training_speeds(data_dir)
    scores = gather_examples(planned, hear)
    arrays = train_chooser([*scores, *groove_examples()])
    data = {
        "tracks": f"{len(scores)} scores of symbolic.jsonl, split train, and {NUM_GROOVES} bands "
        "made by chance, rendered",
        "licences": sorted({track.licence for track, _ in planned}),
    }
    minutes = round((time.monotonic() - start) / 60, 1)
    save_chooser(out_dir, arrays, {"trained_on": data, "minutes": minutes, "figures": []})


def _example(rhythm: Rhythm, bpm: float) -> Example:
    candidates = find_candidates(rhythm)
    right, nearly = is_right(candidates, bpm), is_octave_right(candidates, bpm)
    return Example(
        features=candidate_features(rhythm, candidates),
        credit=np.maximum(right, OCTAVE_CREDIT * nearly),
    )


def _speed(track: Track) -> float:
    """Nottingham's tunes at any speed; half of the others a little faster or slower."""
    if track.labels["collection"] == "Nottingham":
        return float(round(2 ** (TUNE_OCTAVES * (_chance(track.id) - TUNE_MIDDLE)), 3))
    if _chance(f"f{track.id}") < 0.5:
        return 1.0
    return float(round(2 ** (GAME_OCTAVES * (_chance(track.id) - 0.5)), 3))


def _chance(text: str) -> float:
    """A number from 0 to 1 that a text always gets."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


@dataclass(frozen=True, kw_only=True, eq=False)
class _Batch:
    features: Tensor  # (N, C, F) standardised
    absent: Tensor  # (N, C) a large negative number where there is no candidate
    credit: Tensor  # (N, C)


def _pad(examples: Sequence[Example], mean: np.ndarray, spread: np.ndarray) -> _Batch:
    most = max(len(e.credit) for e in examples)
    features = torch.zeros(len(examples), most, len(mean))
    absent, credit = torch.full(features.shape[:2], -1e9), torch.zeros(features.shape[:2])
    for row, example in enumerate(examples):
        count = len(example.credit)
        features[row, :count] = torch.from_numpy((example.features - mean) / spread)
        absent[row, :count] = 0.0
        credit[row, :count] = torch.from_numpy(example.credit)
    return _Batch(features=features, absent=absent, credit=credit)


def _fit(batch: _Batch, seed: int, num_epochs: int) -> tuple[nn.Linear, nn.Linear]:
    """Adam on the whole batch: minus the log of the chosen credit."""
    torch.manual_seed(seed)
    hidden = nn.Linear(batch.features.shape[2], NUM_HIDDEN)
    out = nn.Linear(NUM_HIDDEN, 1, bias=False)
    parameters = [*hidden.parameters(), *out.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    for _ in range(num_epochs):
        scores = out(torch.tanh(hidden(batch.features)))[..., 0] + batch.absent
        chosen = torch.log_softmax(scores, dim=1) + torch.log(batch.credit + 1e-12)
        penalty = torch.stack([(p**2).sum() for p in parameters]).sum()
        loss = WEIGHT_PENALTY * penalty - torch.logsumexp(chosen, dim=1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own signature has no types
        optimiser.step()
    return hidden, out


if __name__ == "__main__":
    main()
