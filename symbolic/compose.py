"""Composing: brief -> plan -> candidates -> checked and selected piece, with a report.

Reading `Composer.compose` from top to bottom is the explanation. The checker measures the bytes
of every candidate; attributes met decide first, likeness to real music second.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symbolic.brief import Brief
from symbolic.check import KEY_TONICS, Measurements, measure_midi
from symbolic.checkpoint import SHIPPED, LoadedModel, load_model
from symbolic.form import Form, plan_form
from symbolic.midi_file import Heading, write_midi
from symbolic.orchestrate import orchestrate
from symbolic.plan import Plan, make_plan
from symbolic.quality import rate_sketch
from symbolic.report import AttributeReport, count_missed, report_attributes
from symbolic.sample import Request, play_in_order, sample_sketches
from symbolic.sketch import Sketch

MAX_CANDIDATES = 32


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A finished piece.

    Attributes:
        midi: A Standard MIDI File.
        seed: What makes the piece again, with the same brief, model and number of candidates.
        model: Name and hash of the weights.
        attributes: What was asked, what the checker found, and how it was served.
        num_candidates: How many pieces were written to choose from.
        chords: One chord symbol list per bar, as the plan behind the notes.
        duration_s: Seconds to the end of the last bar.
    """

    midi: bytes
    seed: int
    model: str
    attributes: tuple[AttributeReport, ...]
    num_candidates: int
    chords: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    sketch: Sketch
    midi: bytes
    measured: Measurements


class Composer:
    """Holds one loaded network; `compose` changes nothing in it, so threads may share it."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """Name and hash of the weights."""
        return self._model.name

    def compose(self, brief: Brief, *, seed: int, num_candidates: int = 8) -> Composition:
        """Write the piece that a brief asks for, the same one for the same seed.

        Args:
            brief: What the piece must be.
            seed: 0 or more.
            num_candidates: 1 to 32 pieces to choose from.

        Raises:
            ValueError: The seed or the number of candidates is not allowed, or the brief leaves
                no instrument to play.
        """
        _check_numbers(seed, num_candidates)
        plan = make_plan(brief, seed)
        candidates = self._write_candidates(plan, seed, num_candidates)
        best = max(candidates, key=lambda candidate: self._rate(candidate, brief, plan))
        return Composition(
            midi=best.midi,
            seed=seed,
            model=self._model.name,
            attributes=report_attributes(brief, plan, best.measured),
            num_candidates=num_candidates,
            chords=_chords_by_bar(best.sketch, plan),
            duration_s=best.measured.length_s,
        )

    def _write_candidates(self, plan: Plan, seed: int, count: int) -> list[_Candidate]:
        forms = tuple(
            plan_form(plan.model_bars, np.random.default_rng((seed, 2, index)))
            for index in range(count)
        )
        request = Request(
            controls=plan.controls,
            melody_range=plan.melody_range,
            bass_range=plan.bass_range,
            forms=forms,
            seed=seed,
        )
        bodies = sample_sketches(self._model.network, request)
        return [_finish(body, form, plan) for body, form in zip(bodies, forms, strict=True)]

    def _rate(self, candidate: _Candidate, brief: Brief, plan: Plan) -> tuple[int, float]:
        missed = count_missed(report_attributes(brief, plan, candidate.measured))
        unsound = len(candidate.measured.problems) + (candidate.measured.key != _key_name(plan))
        quality = rate_sketch(candidate.sketch, self._model.statistics)
        return -missed, quality - unsound


def load_composer(folder: Path = SHIPPED) -> Composer:
    """The composer with the shipped weights, or those of another folder.

    Raises:
        BrokenWeights: The weights are missing or damaged.
    """
    return Composer(load_model(folder))


def _check_numbers(seed: int, num_candidates: int) -> None:
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    if not 1 <= num_candidates <= MAX_CANDIDATES:
        raise ValueError(f"num_candidates must be 1 to {MAX_CANDIDATES}, not {num_candidates}")


def _finish(body: Sketch, form: Form, plan: Plan) -> _Candidate:
    sketch = play_in_order(body, form.order)
    heading = Heading(tempo_qpm=plan.tempo_qpm, metre=plan.metre, key=plan.key)
    midi = write_midi(orchestrate(sketch, plan), heading)
    return _Candidate(sketch=sketch, midi=midi, measured=measure_midi(midi))


def _key_name(plan: Plan) -> str:
    return f"{KEY_TONICS[plan.key.tonic]} {plan.key.mode}"


def _chords_by_bar(sketch: Sketch, plan: Plan) -> tuple[str, ...]:
    bars: list[list[str]] = [[] for _ in range(sketch.num_bars)]
    for chord in sketch.chords:
        bars[chord.onset // sketch.steps_per_bar].append(chord.name(plan.shift))
    return tuple(" ".join(bar) for bar in bars)
