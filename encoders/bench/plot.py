"""One picture of a table: a panel for each metric, a line for each method, chance dashed.

matplotlib is loaded when a picture is drawn.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.bench.table import MODEL, RANDOM, Row, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg", ".pdf")
NUM_COLUMNS = 4
PANEL_WIDTH, LINE_HEIGHT = 3.1, 0.24  # inches
OURS, OTHERS, CHANCE = "#1f5fa8", "#7a7a7a", "#c0392b"
MARKERS = "osD^vP*X"
MAX_SUBSETS = len(MARKERS)
COUNTED = ("rank",)  # metrics of which fewer is better and which grow with N: drawn on a log axis


def draw_table(table: Table, file: Path) -> None:
    """Write a forest plot; differences between methods stay in the table.

    Raises:
        ValueError: a name that ends in none of .png, .svg, .pdf, or a table without rows.
    """
    wrong = check_name(file)
    if wrong:
        raise ValueError(wrong)
    rows = [row for row in table.rows if " minus " not in row.method]
    if not rows:
        raise ValueError(f"the table {table.name!r} has no rows to draw")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = _in_order(row.metric for row in rows)
    subsets = _in_order(row.subset for row in rows)[:MAX_SUBSETS]
    methods = sorted(_in_order(row.method for row in rows), key=lambda name: name == RANDOM)
    columns = min(NUM_COLUMNS, len(metrics))
    height = 0.75 + LINE_HEIGHT * len(methods) * max(1.0, 0.6 * len(subsets))
    num_lines = -(-len(metrics) // columns)
    figure = Figure(figsize=(2.0 + PANEL_WIDTH * columns, 0.8 + height * num_lines))
    FigureCanvasAgg(figure)
    panels = figure.subplots(num_lines, columns, squeeze=False, sharey=True)
    for panel, metric in zip(panels.flat, metrics, strict=False):
        chosen = [row for row in rows if row.metric == metric and row.subset in subsets]
        _draw_panel(panel, chosen, methods=methods, subsets=subsets)
    for panel in panels.flat[len(metrics) :]:
        panel.set_visible(False)
    _add_words(figure, table, subsets)
    figure.savefig(file, dpi=130)


def check_name(file: Path) -> str:
    """What is wrong with the name of a picture, "" where nothing is."""
    if file.suffix.lower() in FORMATS:
        return ""
    return f"{file.name}: a picture ends in {', '.join(FORMATS)}"


def _draw_panel(
    panel: "Axes", rows: Sequence[Row], *, methods: Sequence[str], subsets: Sequence[str]
) -> None:
    chances = {round(row.chance, 3) for row in rows}
    for row in rows:
        shift = (subsets.index(row.subset) + 0.5) / len(subsets) - 0.5
        place = methods.index(row.method) + 0.7 * shift
        colour = OURS if row.method.startswith(MODEL) else OTHERS
        below, above = max(row.value - row.low, 0.0), max(row.high - row.value, 0.0)
        panel.errorbar(
            row.value, place, xerr=[[below], [above]], color=colour, capsize=2, linewidth=1.2,
            marker=MARKERS[subsets.index(row.subset)], markersize=4.5,
        )  # fmt: skip
        if len(chances) > 1:  # each point has its own
            panel.plot(row.chance, place, color=CHANCE, marker="|", markersize=9)
    if len(chances) == 1:
        panel.axvline(chances.pop(), color=CHANCE, linestyle="--", linewidth=0.9, zorder=0)
    panel.set_title(rows[0].metric if rows else "", fontsize=9)
    if rows and any(word in rows[0].metric for word in COUNTED):
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter("{x:g}")
    panel.set_yticks(range(len(methods)), methods, fontsize=8)
    panel.set_ylim(len(methods) - 0.5, -0.5)  # the first method on top
    panel.tick_params(axis="x", labelsize=8)
    panel.grid(axis="x", alpha=0.25)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _add_words(figure: Any, table: Table, subsets: Sequence[str]) -> None:
    """Title, what it is about, and which marker is which subset."""
    from matplotlib.lines import Line2D

    counts = {row.subset: (row.num_tracks, row.num_queries) for row in reversed(table.rows)}
    handles = [
        Line2D([], [], color="#444444", marker=MARKERS[i], linestyle="", label=(
            f"{subset} (N {counts[subset][0]:,}, Q {counts[subset][1]:,})"
        ))
        for i, subset in enumerate(subsets)
    ]  # fmt: skip
    handles.append(Line2D([], [], color=CHANCE, linestyle="--", marker="|", label="chance"))
    figure.suptitle(f"{table.name}: {table.note}", fontsize=10, x=0.01, ha="left")
    figure.legend(
        handles=handles, loc="lower left", ncols=min(4, len(handles)), fontsize=8, frameon=False
    )
    figure.tight_layout(rect=(0, 0.35 / figure.get_figheight(), 1, 1))


def _in_order(names: Any) -> list[str]:
    """Each name once, in the order in which they come."""
    return list(dict.fromkeys(names))
