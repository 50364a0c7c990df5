"""Orders tracks so that they flow: tempo, key and energy change little from one to the next.

Keys are compared on the Camelot wheel (the circle of fifths with each minor key beside its
relative major), tempos in octaves with doubling forgiven. Knows nothing of relevance.
N = number of tracks.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from encoders.attributes import Description
from services.catalogue.records import key_number
from services.recommendation.hits import Candidate

Costs = npt.NDArray[np.float64]

TEMPO_WEIGHT = 1.0
KEY_WEIGHT = 0.6
ENERGY_WEIGHT = 0.8
# A fact that one of the two lacks costs as much as a middling jump.
UNKNOWN_COST = 0.35
# 2-opt looks at every pair of tracks; beyond this many the greedy order is kept.
MAX_IMPROVED = 120
# Every step is weighed against every other; longer lists are ordered part by part.
PART = 500


def order_by_flow(candidates: Sequence[Candidate], last: Description | None) -> list[Candidate]:
    """Orders candidates to flow on from `last`: nearest neighbour, then 2-opt.

    Args:
        candidates: The tracks to order, in any order; the first is the start when `last` is None.
        last: What was heard in the track that plays before them.
    """
    ordered: list[Candidate] = []
    for first in range(0, len(candidates), PART):
        ordered += _order_part(candidates[first : first + PART], last)
        last = ordered[-1].track.description
    return ordered


def _order_part(candidates: Sequence[Candidate], last: Description | None) -> list[Candidate]:
    heard = [last, *(c.track.description for c in candidates)]
    costs = np.array([[flow_cost(a, b) for b in heard] for a in heard])  # (1 + N, 1 + N)
    path = _nearest_neighbour(costs, first_fixed=last is None)
    if len(candidates) <= MAX_IMPROVED:
        path = _two_opt(path, costs, fixed=1 if last is not None else 2)
    return [candidates[i - 1] for i in path[1:]]


def flow_cost(before: Description | None, after: Description | None) -> float:
    """How hard the step from one track to the next is to hear, 0 (smooth) to about 2.4."""
    if before is None or after is None:
        return UNKNOWN_COST * (TEMPO_WEIGHT + KEY_WEIGHT + ENERGY_WEIGHT)
    tempo = tempo_distance(before.tempo_bpm, after.tempo_bpm)
    key = key_distance(before.key, after.key)
    energy = abs(before.moods.get("energy", 0.0) - after.moods.get("energy", 0.0)) / 2
    return TEMPO_WEIGHT * tempo + KEY_WEIGHT * key + ENERGY_WEIGHT * energy


def tempo_distance(one_bpm: float | None, other_bpm: float | None) -> float:
    """Distance of two tempos, 0 to 1 (half an octave); doubling and halving cost nothing."""
    if not one_bpm or not other_bpm:
        return UNKNOWN_COST
    octaves = float(np.log2(one_bpm / other_bpm))
    return 2 * abs(octaves - round(octaves))


def key_distance(one: str | None, other: str | None) -> float:
    """Steps between keys on the Camelot wheel, 0 to 1; relative major and minor are one step."""
    a, b = camelot(one), camelot(other)
    if a is None or b is None:
        return UNKNOWN_COST
    around = abs(a[0] - b[0])
    steps = min(around, 12 - around) + (a[1] != b[1])
    return steps / 7


def camelot(key: str | None) -> tuple[int, str] | None:
    """The place of "A minor" on the Camelot wheel: 1 to 12 and "A" (minor) or "B" (major)."""
    number = key_number(key) if key else None
    if number is None:
        return None
    # A minor key stands beside its relative major, three semitones up.
    is_minor = number >= 12
    major = (number + 3) % 12 if is_minor else number
    # Seven semitones are one step round the circle of fifths; C major is 8B.
    return (7 * major + 7) % 12 + 1, "A" if is_minor else "B"


def _nearest_neighbour(costs: Costs, *, first_fixed: bool) -> list[int]:
    path = [0, 1] if first_fixed else [0]
    left = [i for i in range(1, len(costs)) if i not in path]
    while left:
        nearest = min(left, key=lambda i: (costs[path[-1], i], i))
        path.append(nearest)
        left.remove(nearest)
    return path


def _two_opt(path: list[int], costs: Costs, *, fixed: int) -> list[int]:
    """Turns stretches of the path round while that makes it smoother; the first `fixed` stay."""
    improved = True
    while improved:
        improved = False
        for i in range(fixed, len(path) - 1):
            for j in range(i + 1, len(path)):
                if _turn_gain(path, costs, i, j) > 1e-9:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    improved = True
    return path


def _turn_gain(path: list[int], costs: Costs, i: int, j: int) -> float:
    before = costs[path[i - 1], path[i]]
    after = costs[path[i - 1], path[j]]
    if j + 1 < len(path):
        before += costs[path[j], path[j + 1]]
        after += costs[path[i], path[j + 1]]
    return float(before - after)
