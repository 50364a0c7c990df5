"""Constrained sampling: a network and a grammar -> several sketches at once, seeded.

Masks keep what is structural (see `grammar`), the form decides which bars return, and whatever
is left is drawn from the network. Judges nothing: `compose` selects.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from symbolic.form import Form
from symbolic.grammar import Controls, Grammar
from symbolic.model import Cache, ComposerModel
from symbolic.sketch import Chord, Note, Sketch
from symbolic.tokens import BAR, decode_tokens

TEMPERATURE = 0.95
MIN_SHARE = 0.04  # tokens less likely than this share of the likeliest are never drawn


@dataclass(frozen=True, kw_only=True)
class Request:
    """What all candidates of one call share; ranges are in the normalised key."""

    controls: Controls
    melody_range: tuple[int, int]
    bass_range: tuple[int, int]
    forms: tuple[Form, ...]  # one per candidate
    seed: int


@torch.inference_mode()
def sample_sketches(network: ComposerModel, request: Request) -> list[Sketch]:
    """One sketch per form, each with exactly the bars of its form's body."""
    with _one_thread():
        return _sample_rows(network, request)


@contextmanager
def _one_thread() -> Iterator[None]:
    """A step is too small to share out: torch's threads would wait for each other at each one."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


def _sample_rows(network: ComposerModel, request: Request) -> list[Sketch]:
    rows = [
        _Row(request, form, np.random.default_rng((request.seed, index)))
        for index, form in enumerate(request.forms)
    ]
    controls = torch.from_numpy(np.stack([request.controls.to_row()] * len(rows)))
    cache = Cache(network.size, len(rows))
    while not all(row.grammar.done for row in rows):
        features = np.stack([row.grammar.reader.features for row in rows]).astype(np.int64)
        logits = network(torch.from_numpy(features[:, None]), controls, cache)[:, 0]
        for row, row_logits in zip(rows, logits.double().numpy(), strict=True):
            row.advance(row_logits)
    metre, mode = request.controls.metre, request.controls.mode
    return [decode_tokens(row.tokens, metre, mode) for row in rows]


class _Row:
    """One candidate: its tokens so far, and the tokens that a returning bar forces."""

    def __init__(self, request: Request, form: Form, generator: np.random.Generator) -> None:
        self.tokens: list[int] = []
        self.grammar = Grammar(
            request.controls.metre,
            request.controls.mode,
            len(form.sources),
            melody_range=request.melody_range,
            bass_range=request.bass_range,
        )
        self._sources = form.sources
        self._generator = generator
        self._bars: list[list[int]] = []
        self._forced: list[int] = []  # still to come, next one last

    def advance(self, logits: NDArray[np.float64]) -> None:
        """Add one token, the forced one or a drawn one; nothing once the piece is done."""
        if self.grammar.done:
            return
        token = self._forced.pop() if self._forced else self._draw(logits)
        self.tokens.append(token)
        self.grammar.push(token)
        if token == BAR:
            source = self._sources[len(self._bars)]
            self._bars.append([])
            if source is not None:
                self._forced = [BAR, *reversed(self._bars[source])]
        elif self._bars:
            self._bars[-1].append(token)

    def _draw(self, logits: NDArray[np.float64]) -> int:
        legal = np.flatnonzero(self.grammar.legal())
        scores = logits[legal] / TEMPERATURE
        weights = np.exp(scores - scores.max())
        weights[weights < MIN_SHARE] = 0.0
        bounds = np.cumsum(weights)
        return int(legal[np.searchsorted(bounds, self._generator.random() * bounds[-1], "right")])


def play_in_order(sketch: Sketch, order: Sequence[int]) -> Sketch:
    """The bars of a body in the order of its form, as one sketch; a seam cuts what sounds on."""
    melody: list[Note] = []
    bass: list[Note] = []
    chords: list[Chord] = []
    steps = sketch.steps_per_bar
    for target, bar in enumerate(order):
        bar_steps, move = range(bar * steps, (bar + 1) * steps), (target - bar) * steps
        melody += [replace(n, onset=n.onset + move) for n in sketch.melody if n.onset in bar_steps]
        bass += [replace(n, onset=n.onset + move) for n in sketch.bass if n.onset in bar_steps]
        chords += [replace(c, onset=c.onset + move) for c in sketch.chords if c.onset in bar_steps]
    return replace(
        sketch,
        num_bars=len(order),
        melody=_cut_overlaps(melody, len(order) * steps),
        bass=_cut_overlaps(bass, len(order) * steps),
        chords=tuple(chords),
    )


def _cut_overlaps(notes: Sequence[Note], num_steps: int) -> tuple[Note, ...]:
    ends = [note.onset for note in notes[1:]] + [num_steps]
    return tuple(
        replace(note, duration=min(note.end, end) - note.onset)
        for note, end in zip(notes, ends, strict=False)  # a voice may be empty
    )
