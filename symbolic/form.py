"""Which bars of a piece return: a plan of copies, so that a sketch has phrases. Knows no notes.

A body of at most 48 bars is composed; inside it phrases of eight bars return (A A B A and the
like), always with a new ending. Longer pieces repeat sections of the body. ::

    bar      1 2 3 4 | 5 6 7 8 | 9 10 11 12 | 13 14 15 16
    source   . . . . | 1 2 . . | .  .  .  . |  1  2  .  .      "." is newly composed
"""

from dataclasses import dataclass

import numpy as np

PHRASE = 8
SECTION = 16
MAX_BODY = 48
FREE_ENDING = 2  # bars of every phrase that are never copies
# One letter per phrase. Capitals that occur again return; small letters only look back.
PLANS = {1: "A", 2: "Ab", 3: "ABA", 4: "AABA", 5: "AABBA", 6: "AABABA"}


@dataclass(frozen=True, kw_only=True)
class Form:
    """Sources of the body's bars (None is new), and the order in which body bars are played."""

    sources: tuple[int | None, ...]
    order: tuple[int, ...]


def plan_form(num_bars: int, generator: np.random.Generator) -> Form:
    """A form for a piece of `num_bars`; the last two bars are always new."""
    body = num_bars
    repeats = 0
    if num_bars > MAX_BODY:
        repeats = -(-(num_bars - MAX_BODY) // SECTION)
        body = num_bars - repeats * SECTION
    order: list[int] = []
    for repeat in range(repeats):
        first = SECTION * (repeat % 2)
        order += range(first, first + SECTION)
    return Form(sources=_plan_body(body, generator), order=(*order, *range(body)))


def _plan_body(num_bars: int, generator: np.random.Generator) -> tuple[int | None, ...]:
    sources: list[int | None] = [None] * num_bars
    answer = int(generator.integers(2, 4))  # bars of the first half that the second half repeats
    firsts: dict[str, int] = {}
    for index, letter in enumerate(PLANS.get(num_bars // PHRASE, "")):
        start = index * PHRASE
        if letter in firsts:
            _copy(sources, start, firsts[letter], PHRASE - FREE_ENDING)
        else:
            firsts[letter] = start
            _copy(sources, start + PHRASE // 2, start if letter.isupper() else 0, answer)
    for bar in range(max(0, num_bars - FREE_ENDING), num_bars):
        sources[bar] = None
    return tuple(sources)


def _copy(sources: list[int | None], target: int, source: int, length: int) -> None:
    """Mark bars as copies; a copy of a copy points at the original."""
    for offset in range(min(length, PHRASE - FREE_ENDING)):
        if (target + offset) % PHRASE < PHRASE - FREE_ENDING:
            origin = sources[source + offset]
            sources[target + offset] = source + offset if origin is None else origin
