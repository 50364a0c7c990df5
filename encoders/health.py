"""Whether the towers can be trusted: fixed inputs in, figures out, a broken tower named.

    checks = check_towers(embedder)                 # all of them, some seconds
    checks = check_towers(embedder, quick=True)     # what a start can afford, under 2 s when warm
    require_healthy(checks)                         # BrokenTower says which tower and what to do
    write_references(embedder)                      # after every training

Hashes show that files are those of their cards. They do not show that the vectors are any good:
published weights have been collapsed, preprocessed wrongly and random from call to call without a
file being damaged. So each tower answers a few sentences, sounds and clips that are made by code
(`encoders/probes.py`):

    answers     every vector has length 1 and the space's dimension; NaN or an error fails
    spread      different inputs differ: mean cosine over all pairs
    antonyms    opposite words lie apart: largest cosine of a pair
    repeats     the same input twice gives the same bits
    pairs       share of wrong assignments of sentences to sounds that score below the right one
    references  lowest cosine to the vectors that were recorded when the weights were made, which
                shows other preprocessing, other weights, another tokeniser; of sentences what the
                network alone makes of them, so that lists of words may change

The quick check makes answers, spread and references of fewer sounds and clips. The references were
written by towers that had passed all the others. Knows no catalogue.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zipfile import BadZipFile

import numpy as np

from encoders.errors import BrokenTower
from encoders.probes import (
    ANTONYMS,
    CLIP_WORDS,
    SENTENCES,
    SOUND_WORDS,
    probe_clips,
    probe_sounds,
)

if TYPE_CHECKING:
    from encoders.embed import ClipEmbedding, SoundEmbedding
    from encoders.space import Space
    from media.audio import Sound
    from media.video import Frames

TOWERS = ("text", "sound", "clip")
REFERENCES = "health.npz"  # beside the weight folders
MOST_ALIKE = 0.8  # mean cosine; a collapsed tower reaches 0.99, shipped ones stay below 0.2
MOST_ALIKE_ANTONYMS = 0.5
LEAST_PAIRED = 0.9  # of 23 wrong assignments 21 score below the right one
LEAST_SAME = 1.0 - 1e-4  # other processors differ by 1e-6, half precision by 1e-6
LENGTH_TOLERANCE = 1e-5
QUICK_SOUNDS, QUICK_CLIPS = ("pad", "wall"), ("bright still", "dark fast")

REINSTALL = "install Temptrack again, or train and install the heads anew"
RECORD = "after changing weights on purpose: python -m encoders.health"


class Towers(Protocol):
    """What is checked; `encoders.embed.Embedder` is one."""

    weights: Path

    @property
    def space(self) -> "Space":
        """The space of every vector."""

    def forget(self) -> None:
        """Drops remembered vectors, so that the next answer is computed."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (N, D)."""

    def embed_sentences(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (N, D) of the sentences alone, as no list of words had been read."""

    def embed_sound(self, sound: "Sound") -> "SoundEmbedding":
        """A sound's vectors."""

    def embed_clip(self, frames: "Frames") -> "ClipEmbedding":
        """A clip's vector."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure of one tower and the range in which it must lie.

    Attributes:
        name: Tower and figure, "text: spread".
        ok: Whether the figure lies in the range.
        figure: What was measured; NaN where nothing could be.
        allowed: The lowest and the highest value that are right.
        remedy: What to do; empty where nothing is to be done.
        found: What stood in the way, where no figure could be measured.
    """

    name: str
    ok: bool
    figure: float
    allowed: tuple[float, float]
    remedy: str = ""
    found: str = ""

    @property
    def measured(self) -> str:
        """The figure beside what is allowed, in words."""
        low, high = self.allowed
        return self.found or f"{self.figure:.6g}, allowed is {low:g} to {high:g}"

    def __str__(self) -> str:
        return f"{self.name}: {self.measured}"


@dataclass(frozen=True, kw_only=True, eq=False)
class References:
    """Vectors of the fixed inputs as the towers of a space gave them, by tower and input."""

    space: str
    vectors: Mapping[str, np.ndarray]  # "text", "sound", "clip" -> (N, D)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Probe:
    """One tower with its inputs: what it answers and what its answers are compared with."""

    tower: str
    rows: tuple[int, ...]  # of the recorded vectors
    answer: Callable[[], np.ndarray]  # (N, D)
    record: Callable[[], np.ndarray] | None = None  # what is recorded, where it is not the answer
    words: tuple[str, ...] = ()  # the sentence of each input


def check_towers(
    towers: Towers,
    *,
    quick: bool = False,
    only: Sequence[str] = TOWERS,
    references: Path | None = None,
) -> tuple[Check, ...]:
    """Every figure of every tower; never raises for a broken one.

    Args:
        towers: what is checked.
        quick: only what a start can afford.
        only: the towers that are asked.
        references: the recorded vectors; by default those beside the weights.
    """
    recorded = _read_references(references or towers.weights / REFERENCES)
    checks: list[Check] = []
    for probe in _probes(towers, quick=quick):
        if probe.tower not in only:
            continue
        try:
            checks.extend(_check_tower(towers, probe, recorded, quick=quick))
        except Exception as error:  # noqa: BLE001 - whatever a broken tower raises is its failure
            checks.append(_broken(probe.tower, error))
    return tuple(checks)


def require_healthy(checks: Sequence[Check]) -> None:
    """Let healthy towers pass.

    Raises:
        BrokenTower: one check or more failed; the message names them and says what to do.
    """
    failed = [check for check in checks if not check.ok]
    if failed:
        remedies = dict.fromkeys(check.remedy for check in failed)
        raise BrokenTower(
            f"{'; '.join(str(check) for check in failed)}. What to do: {'; '.join(remedies)}"
        )


def write_references(towers: Towers, path: Path | None = None) -> Path:
    """Record the vectors of the fixed inputs; refuses towers that fail any other check.

    Raises:
        BrokenTower: the towers are not fit to be a reference.
    """
    path = path or towers.weights / REFERENCES
    checks = check_towers(towers, references=path)
    require_healthy([check for check in checks if not check.name.endswith(": references")])
    arrays = {p.tower: (p.record or p.answer)() for p in _probes(towers, quick=False)}
    arrays["space"] = np.array(str(towers.space))
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type] # taken for allow_pickle
    return path


def _probes(towers: Towers, *, quick: bool) -> Iterator[_Probe]:
    sounds, clips = probe_sounds(), probe_clips()
    heard = QUICK_SOUNDS if quick else tuple(sounds)
    seen = QUICK_CLIPS if quick else tuple(clips)
    yield _Probe(
        tower="text",
        rows=tuple(range(len(SENTENCES))),
        answer=lambda: towers.embed_texts(SENTENCES),
        record=lambda: towers.embed_sentences(SENTENCES),
    )
    yield _Probe(
        tower="sound",
        rows=tuple(list(sounds).index(name) for name in heard),
        answer=lambda: np.stack([towers.embed_sound(sounds[name]).track for name in heard]),
        words=tuple(SOUND_WORDS[name] for name in heard),
    )
    yield _Probe(
        tower="clip",
        rows=tuple(list(clips).index(name) for name in seen),
        answer=lambda: np.stack([towers.embed_clip(clips[name]).vector for name in seen]),
        words=tuple(CLIP_WORDS[name] for name in seen),
    )


def _check_tower(
    towers: Towers, probe: _Probe, recorded: References | None, *, quick: bool
) -> Iterator[Check]:
    towers.forget()
    vectors = probe.answer()
    answers = _check_answers(probe.tower, vectors, towers.space.dimension)
    yield answers
    if not answers.ok:
        return
    yield _judge(f"{probe.tower}: spread", mean_cosine(vectors), high=MOST_ALIKE)
    now = probe.record() if probe.record else vectors
    yield _check_references(probe, now, recorded, str(towers.space))
    if quick:
        return
    towers.forget()
    repeated = float(np.array_equal(vectors, probe.answer()))
    yield _judge(f"{probe.tower}: repeats", repeated, low=1.0)
    if probe.words:
        share = paired_share(towers.embed_texts(probe.words) @ vectors.T)
        yield _judge(f"{probe.tower}: pairs", share, low=LEAST_PAIRED)
    else:
        opposites = _antonym_cosines(towers)
        yield _judge("text: antonyms", opposites, high=MOST_ALIKE_ANTONYMS)


def mean_cosine(vectors: np.ndarray) -> float:
    """Mean inner product over all pairs of different rows of (N, D) unit vectors."""
    cosines = vectors @ vectors.T
    return float(cosines[np.triu_indices(len(vectors), k=1)].mean())


def paired_share(scores: np.ndarray) -> float:
    """How surely (N, N) scores find who belongs to whom, the right pairs on the diagonal.

    The share of the other assignments whose sum is lower. What a sentence scores on everything,
    and what everything scores on a sound, is in every assignment alike and so counts for nothing.
    Ties count against the tower.
    """
    size = len(scores)
    right = float(np.trace(scores))
    others = [order for order in permutations(range(size)) if order != tuple(range(size))]
    sums = np.array([scores[np.arange(size), order].sum() for order in others])
    return float((sums < right - 1e-6).mean())


def _check_answers(tower: str, vectors: np.ndarray, dimension: int) -> Check:
    """The largest difference of a length from 1; the width and the numbers must be right too."""
    name, allowed = f"{tower}: answers", (0.0, LENGTH_TOLERANCE)
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        found = f"vectors of shape {vectors.shape}, the space has {dimension} dimensions"
        return Check(
            name=name, ok=False, figure=np.nan, allowed=allowed, remedy=REINSTALL, found=found
        )
    off = float(np.abs(np.linalg.norm(vectors.astype(np.float64), axis=1) - 1.0).max())
    return _judge(name, off, low=0.0, high=LENGTH_TOLERANCE)


def _check_references(
    probe: _Probe, vectors: np.ndarray, recorded: References | None, space: str
) -> Check:
    name, allowed = f"{probe.tower}: references", (LEAST_SAME, 1.0)
    found = ""
    if recorded is None:
        found = f"there is no whole {REFERENCES} beside the weights"
    elif recorded.space != space:
        found = f"recorded for {recorded.space}, these towers are {space}"
    elif recorded.vectors[probe.tower].shape[1:] != vectors.shape[1:]:
        found = f"recorded with {recorded.vectors[probe.tower].shape[1]} dimensions"
    if found or recorded is None:
        return Check(
            name=name, ok=False, figure=np.nan, allowed=allowed, remedy=RECORD, found=found
        )
    same = (vectors * recorded.vectors[probe.tower][list(probe.rows)]).sum(axis=1)
    return _judge(name, float(same.min()), low=LEAST_SAME, high=1.0 + LENGTH_TOLERANCE)


def _antonym_cosines(towers: Towers) -> float:
    rows = towers.embed_texts([text for pair in ANTONYMS for text in pair])
    return float((rows[0::2] * rows[1::2]).sum(axis=1).max())


def _judge(name: str, figure: float, *, low: float = -1.0, high: float = 1.0) -> Check:
    ok = low <= figure <= high  # false for NaN
    return Check(
        name=name, ok=ok, figure=figure, allowed=(low, high), remedy="" if ok else REINSTALL
    )


def _broken(tower: str, error: Exception) -> Check:
    """The check of a tower that gave no vectors at all."""
    return Check(
        name=f"{tower}: answers",
        ok=False,
        figure=np.nan,
        allowed=(0.0, LENGTH_TOLERANCE),
        remedy=REINSTALL,
        found=f"{type(error).__name__}: {error}",
    )


def _read_references(path: Path) -> References | None:
    """What was recorded; None where nothing whole is there."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            vectors = {name: stored[name] for name in stored.files}
        space = str(vectors.pop("space"))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return References(space=space, vectors=vectors)


def main() -> None:
    """Record the vectors of the towers in a folder of weights, by default the shipped ones."""
    from encoders.embed import load_embedder
    from encoders.trunks.checkpoint import WEIGHTS

    parser = argparse.ArgumentParser(description="Record the vectors of healthy towers.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    write_references(load_embedder(weights=parser.parse_args().weights))


if __name__ == "__main__":
    main()
