"""Makers of sketches, plans and tiny networks for the tests of composing."""

import numpy as np
import torch
from hypothesis import strategies as st

from symbolic.grammar import Controls, Grammar
from symbolic.model import ComposerModel, ModelSize
from symbolic.quality import measure_sketch
from symbolic.sketch import METRES, QUALITY_NAMES, STEPS_PER_BAR, Chord, Mode, Note, Sketch
from symbolic.tokens import decode_tokens

TINY = ModelSize(width=16, num_layers=2, num_heads=2, window=24)


def make_network(seed: int = 0) -> ComposerModel:
    torch.manual_seed(seed)
    return ComposerModel(TINY).eval()


def make_statistics(sketch: Sketch) -> dict[str, tuple[float, float]]:
    return {name: (value, 1.0) for name, value in measure_sketch(sketch).items()}


def make_controls(metre: str = "4/4", mode: Mode = "major", style: str = "pop") -> Controls:
    return Controls(metre=metre, mode=mode, style=style, density=2)


def walk_grammar(
    metre: str,
    mode: Mode,
    num_bars: int,
    *,
    melody_range: tuple[int, int],
    bass_range: tuple[int, int],
    seed: int,
) -> Sketch:
    """A piece of legal tokens drawn without any model: the harshest user of the masks."""
    grammar = Grammar(metre, mode, num_bars, melody_range=melody_range, bass_range=bass_range)
    generator = np.random.default_rng(seed)
    tokens: list[int] = []
    while not grammar.done:
        tokens.append(int(generator.choice(np.flatnonzero(grammar.legal()))))
        grammar.push(tokens[-1])
    return decode_tokens(tokens, metre, mode)


def make_sketch(num_bars: int = 8, metre: str = "4/4", mode: Mode = "major") -> Sketch:
    """A plain tune over C F G C or its minor cousin, one note a beat."""
    steps = STEPS_PER_BAR[metre]
    home = 0 if mode == "major" else 9
    quality = "" if mode == "major" else "m"
    roots = [(home + (0, 5, 7, 0)[bar % 4]) % 12 for bar in range(num_bars)]
    roots[-1] = home
    chords = [Chord(onset=bar * steps, root=root, quality=quality)
              for bar, root in enumerate(roots)
              if bar == 0 or root != roots[bar - 1]]  # fmt: skip
    bass = [Note(onset=bar * steps, duration=steps, pitch=36 + root)
            for bar, root in enumerate(roots)]  # fmt: skip
    third = 4 if mode == "major" else 3
    melody = [
        Note(onset=bar * steps + step, duration=min(4, steps - step),
             pitch=60 + root + (0, third, 7, third)[step // 4 % 4])
        for bar, root in enumerate(roots[:-1]) for step in range(0, steps, 4)
    ]  # fmt: skip
    melody.append(Note(onset=(num_bars - 1) * steps, duration=steps, pitch=60 + home))
    return Sketch(metre=metre, mode=mode, num_bars=num_bars, melody=tuple(melody),
                  bass=tuple(bass), chords=tuple(chords))  # fmt: skip


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    """Any valid sketch: voices of one note at a time, everything inside the bars."""
    metre = draw(st.sampled_from(METRES))
    num_bars = draw(st.integers(1, 6))
    num_steps = num_bars * STEPS_PER_BAR[metre]
    onsets = st.lists(st.integers(0, num_steps - 1), unique=True, max_size=24).map(sorted)
    chords = [
        Chord(onset=onset, root=draw(st.integers(0, 11)),
              quality=draw(st.sampled_from(QUALITY_NAMES)))
        for onset in draw(onsets)
    ]  # fmt: skip
    voices = []
    for low, high in ((52, 93), (28, 55)):
        starts = draw(onsets)
        ends = [*starts[1:], num_steps]
        voices.append(tuple(
            Note(onset=start, duration=draw(st.integers(1, end - start)),
                 pitch=draw(st.integers(low, high)))
            for start, end in zip(starts, ends, strict=False)
        ))  # fmt: skip
    mode: Mode = draw(st.sampled_from(("major", "minor")))
    return Sketch(metre=metre, mode=mode, num_bars=num_bars, melody=voices[0], bass=voices[1],
                  chords=tuple(chords))  # fmt: skip
