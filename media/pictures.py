"""Pictures of scores for people to look at; reads no file."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.errors import NoContent
from media.instruments import name_program
from media.midi import DRUMS, Score

# Colours that people with colour-blindness tell apart (Okabe and Ito, 2008), then repeats in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A800", "#7A4FBF")
_OTHERS_COLOUR, _DRUM_COLOUR = "#8A8F98", "#333A45"
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
_PITCH_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_MAX_BAR_LABELS = 24
_MAX_GRID_LINES = 400
_MAX_EDGED_NOTES = 800
_MARGIN_PITCHES = 3

Colours = dict[int, str]


def write_piano_roll(score: Score, path: Path, title: str) -> None:
    """Writes a PNG: bars across, pitch names upwards, one colour an instrument, drums below.

    Raises:
        NoContent: a score without notes.
    """
    if len(score.pitches) == 0:
        raise NoContent(f"{title}: has no notes to draw")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    has_drums, has_pitches = (score.programs == DRUMS).any(), (score.programs != DRUMS).any()
    figure = Figure(figsize=(14, 7 if has_drums and has_pitches else 6), dpi=120)
    FigureCanvasAgg(figure)
    heights = [4.2] * bool(has_pitches) + [1.1] * bool(has_drums)
    axes = figure.subplots(
        len(heights),
        1,
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        gridspec_kw={"hspace": 0.06},
    )[:, 0]
    colours = _choose_colours(score)
    if has_pitches:
        _draw_pitches(axes[0], score, colours)
    if has_drums:
        _draw_drums(axes[-1], score)
    _label_time(axes, score)
    _label_figure(figure, axes[0], score, colours, title)
    with warnings.catch_warnings():
        # A title may be in a script that the font lacks; boxes are better than no picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, format="png", bbox_inches="tight", facecolor="white")


def _choose_colours(score: Score) -> Colours:
    """The instruments with most notes get a colour of their own."""
    programs, counts = np.unique(score.programs[score.programs != DRUMS], return_counts=True)
    by_count = programs[np.argsort(-counts, kind="stable")]
    colours = {
        int(p): _COLOURS[i] if i < len(_COLOURS) else _OTHERS_COLOUR
        for i, p in enumerate(by_count)
    }
    return colours | ({DRUMS: _DRUM_COLOUR} if (score.programs == DRUMS).any() else {})


def _draw_pitches(axes: Any, score: Score, colours: Colours) -> None:
    melodic = score.programs != DRUMS
    low = int(score.pitches[melodic].min()) - _MARGIN_PITCHES
    high = int(score.pitches[melodic].max()) + _MARGIN_PITCHES
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#F3F4F7", linewidth=0, zorder=0)
        if pitch % 12 == 0:
            axes.axhline(pitch - 0.5, color="#C9CDD6", linewidth=0.7, zorder=1)
    for program, colour in colours.items():
        chosen = score.programs == program
        if program != DRUMS and chosen.any():
            _draw_notes(axes, score, chosen, score.pitches, colour)
    axes.set_ylim(low - 0.5, high + 0.5)
    axes.set_ylabel("pitch")
    step = 1 if high - low <= 14 else 12
    ticks = [p for p in range(low, high + 1) if p % step == 0]
    axes.set_yticks(ticks, [f"{_PITCH_NAMES[p % 12]}{p // 12 - 1}" for p in ticks])


def _draw_drums(axes: Any, score: Score) -> None:
    """One row for each drum that sounds, lowest number at the bottom."""
    chosen = score.programs == DRUMS
    drums = np.unique(score.pitches[chosen])
    rows = np.searchsorted(drums, score.pitches)
    axes.scatter(
        score.onsets_q[chosen],
        rows[chosen],
        s=9,
        marker="|",
        linewidths=1.4,
        color=_DRUM_COLOUR,
        zorder=3,
    )
    axes.set_ylim(-0.8, len(drums) - 0.2)
    axes.set_yticks([])
    axes.set_ylabel("drums")


def _draw_notes(
    axes: Any,
    score: Score,
    chosen: NDArray[np.bool_],
    rows: NDArray[np.int16],
    colour: str,
) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    left, bottom = score.onsets_q[chosen], rows[chosen] - 0.42
    right, top = left + np.maximum(score.durations_q[chosen], 0.05), bottom + 0.84
    corners = np.stack(
        [
            np.stack([left, bottom]),
            np.stack([left, top]),
            np.stack([right, top]),
            np.stack([right, bottom]),
        ]
    ).transpose(2, 0, 1)  # (notes, 4 corners, 2)
    # Soft notes are paler.
    shades = [(*to_rgba(colour)[:3], 0.45 + 0.55 * v / 127) for v in score.velocities[chosen]]
    edge = 0.25 if len(left) < _MAX_EDGED_NOTES else 0.0  # edges would hide thin notes
    axes.add_collection(
        PolyCollection(
            list(corners), facecolors=shades, edgecolors="white", linewidths=edge, zorder=3
        )
    )


def _bar_lines(score: Score) -> NDArray[np.float64]:
    """Quarter notes at which bars begin, by the metres of the score."""
    end_q = float((score.onsets_q + score.durations_q).max())
    starts_q = [_quarters_at(score, time_s) for time_s, _, _ in score.metres]
    parts = []
    for (_, numerator, denominator), start_q, following_q in zip(
        score.metres, starts_q, [*starts_q[1:], max(end_q, starts_q[-1] + 0.01)], strict=True
    ):
        parts.append(np.arange(start_q, following_q - 1e-3, 4 * numerator / denominator))
    return np.concatenate(parts)


def _quarters_at(score: Score, time_s: float) -> float:
    """The inverse of the tempo map."""
    quarters = 0.0
    for (start_s, qpm), end_s in zip(
        score.tempos, [*(t for t, _ in score.tempos[1:]), float("inf")], strict=True
    ):
        if time_s <= start_s:
            break
        quarters += (min(time_s, end_s) - start_s) * qpm / 60
    return quarters


def _label_time(axes: Any, score: Score) -> None:
    lines = _bar_lines(score)
    step = _nice_step(len(lines) / _MAX_BAR_LABELS)
    every = _nice_step(len(lines) / _MAX_GRID_LINES)
    for one in axes:
        for line in lines[::every]:
            one.axvline(line, color="#DDE0E6", linewidth=0.6, zorder=1)
        for line in lines[::step]:
            one.axvline(line, color="#B9BEC9", linewidth=0.8, zorder=1)
        one.tick_params(length=0, labelsize=9, colors="#333A45")
        for spine in one.spines.values():
            spine.set_visible(False)
    end_q = float((score.onsets_q + score.durations_q).max())
    axes[-1].set_xlim(0, max(end_q, 1e-3))
    axes[-1].set_xticks(lines[::step], [str(1 + i * step) for i in range(len(lines[::step]))])
    axes[-1].set_xlabel("bar")


def _nice_step(at_least: float) -> int:
    step = 1
    while step < at_least:
        step *= 2
    return step


def _label_figure(figure: Any, top: Any, score: Score, colours: Colours, title: str) -> None:
    from matplotlib.patches import Patch

    numerator, denominator = score.metres[0][1:]
    minutes, seconds = divmod(round(score.duration_s), 60)
    facts = [
        f"{score.tempos[0][1]:.0f} quarter notes a minute",
        f"{numerator}/{denominator}",
        f"{len(score.pitches)} notes",
        f"{minutes}:{seconds:02d}",
    ]
    facts += [score.key_signatures[0][1]] if score.key_signatures else []
    top.set_title(
        title,
        loc="left",
        fontsize=14,
        fontweight="bold",
        color="#1F2530",
        pad=24,
        parse_math=False,
    )
    top.text(
        0,
        1.02,
        "  ·  ".join(facts),
        transform=top.transAxes,
        fontsize=9.5,
        color="#5B6270",
        va="bottom",
    )
    figure.legend(
        handles=[Patch(color=colour, label=name_program(p)) for p, colour in colours.items()],
        loc="upper left",
        bbox_to_anchor=(0.905, 0.885),
        frameon=False,
        fontsize=9,
        labelcolor="#333A45",
    )
