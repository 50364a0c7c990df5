"""What the tables of one's own catalogue mean, in words; measures nothing.

Grades are rules of thumb, written down here: what the shipped towers reach on development data
is "good", what lies half-way to chance is "poor".
"""

from collections.abc import Callable, Sequence
from functools import partial

from encoders.bench.table import MODEL, Row, Table
from services.evaluation.library import Finding

GOOD, FAIR, POOR, NONE = "good", "fair", "poor", "not measured"
FOUND_GOOD, FOUND_FAIR = 0.85, 0.65  # share found at the first place
SKEW_GOOD, SKEW_FAIR = 2.0, 4.0
REACHED_GOOD, REACHED_FAIR = 0.6, 0.35  # of what lists drawn at random reach


def explain(table: Table, *, most_listed: Sequence[str] = ()) -> Finding:
    """What one table says of the library; `most_listed` names its hubs."""
    if not table.rows:
        return Finding(protocol=table.name, grade=NONE, text=f"{table.name}: {table.note}.")
    words: dict[str, Callable[[Table], Finding]] = {
        "halves": _explain_halves,
        "robustness": _explain_robustness,
        "hubness": partial(_explain_hubs, most_listed),
        "coverage": _explain_coverage,
    }
    return words[table.name](table)


def _explain_halves(table: Table) -> Finding:
    row = _row(table, "R@1")
    grade = _grade(row.value, FOUND_GOOD, FOUND_FAIR)
    text = (
        f"Of {row.num_tracks:,} tracks, the first half finds its own second half first in "
        f"{_with_interval(row)}; chance is {row.chance:.2%}: {grade}."
    )
    if grade == POOR:
        text += " Many tracks sound alike, or change much on their way."
    return Finding(protocol=table.name, grade=grade, text=f"{text} {_skipped(table)}".strip())


def _explain_robustness(table: Table) -> Finding:
    rows = [r for r in table.rows if (r.method, r.metric) == (MODEL, "R@1")]
    worst = min(rows, key=lambda r: r.value)
    grade = _grade(worst.value, FOUND_GOOD, FOUND_FAIR)
    each = "; ".join(f"{r.subset} {_with_interval(r)}" for r in rows)
    text = (
        f"{worst.num_queries} files were changed and heard again; they find their original first "
        f"among {worst.num_tracks:,} after: {each}. The weakest is {worst.subset}: {grade}."
    )
    return Finding(protocol=table.name, grade=grade, text=text)


def _explain_hubs(most_listed: Sequence[str], table: Table) -> Finding:
    skew, with_hub, never = (
        _row(table, name) for name in ("skewness", "lists with a top hub", "never listed")
    )
    grade = GOOD if skew.value <= SKEW_GOOD else FAIR if skew.value <= SKEW_FAIR else POOR
    hubs = max(1, round(0.01 * skew.num_tracks))
    text = (
        f"Hubs: the {hubs} most listed of {skew.num_tracks:,} tracks stand in "
        f"{_with_interval(with_hub)} of the lists of ten likes (chance {with_hub.chance:.0%}), "
        f"{never.value:.0%} of the tracks in none (chance {never.chance:.0%}); skewness "
        f"{skew.value:.1f} (even lists {skew.chance:.1f}): {grade}. "
        f"Most listed: {', '.join(most_listed)}."
    )
    return Finding(protocol=table.name, grade=grade, text=text)


def _explain_coverage(table: Table) -> Finding:
    reached = _row(table, "reached")
    grade = _grade(reached.value / reached.chance, REACHED_GOOD, REACHED_FAIR)
    text = (
        f"Coverage: {reached.num_queries} different wishes, ten hits each, reach "
        f"{_with_interval(reached)} of the tracks; lists drawn at random would reach "
        f"{reached.chance:.0%}: {grade}."
    )
    return Finding(protocol=table.name, grade=grade, text=text)


def _row(table: Table, metric: str) -> Row:
    return next(r for r in table.rows if (r.method, r.metric) == (MODEL, metric))


def _grade(value: float, good: float, fair: float) -> str:
    return GOOD if value >= good else FAIR if value >= fair else POOR


def _with_interval(row: Row) -> str:
    return f"{row.value:.0%} (95 %: {row.low:.0%} to {row.high:.0%})"


def _skipped(table: Table) -> str:
    return "" if table.note.startswith("0 ") else f"{table.note}."
