"""Figures of composing: 20 fixed briefs, what share of each attribute is met, and at what cost.

    python -m benchmarks.compose [--data ../shared/data] [--out figures.json]

Rows: best of 8 candidates, one unselected candidate, and the control, in which each piece is
judged by another brief. With the development data it adds how often key profiles agree with the
stated keys of real held-out scores, and how much of the melodies stands in the training scores.
Intervals are Wilson's, 95 %.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.intervals import wilson
from symbolic.brief import Brief
from symbolic.check import KEY_TONICS, PROFILES, find_key, measure_midi, read_notes
from symbolic.checkpoint import load_model
from symbolic.compose import Composer, load_composer
from symbolic.plan import make_plan
from symbolic.report import AttributeReport, report_attributes
from symbolic.sketch import STEPS_PER_QUARTER, Sketch

GRAM = 8
SEGMENT_STEPS = 16 * 16
WINDOW_BARS, WINDOW, MOST_WINDOWS = 12, 512, 150

# Tempo, key, metre, bars, instruments, and more where it is asked: varied on purpose.
BRIEFS = (
    Brief(tempo_qpm=72, key="A minor", metre="4/4", bars=16, instruments=("piano",)),
    Brief(tempo_qpm=120, key="C major", metre="4/4", bars=8, instruments=("piano", "Violin")),
    Brief(tempo_qpm=140, key="D major", metre="6/8", bars=16, instruments=("Fiddle", "guitar")),
    Brief(tempo_qpm=90, key="G major", metre="3/4", bars=16, instruments=("Flute", "harp")),
    Brief(tempo_qpm=100, key="F major", metre="2/4", bars=16, instruments=("Accordion", "Tuba")),
    Brief(tempo_qpm=60, key="E minor", metre="3/4", bars=24, instruments=("Cello", "piano")),
    Brief(tempo_qpm=128, key="F# minor", metre="4/4", bars=32, energy=0.8, without=("piano",),
          instruments=("Lead 2 (sawtooth)", "Synth Bass 1", "Pad 2 (warm)", "drums")),
    Brief(tempo_qpm=84, key="Bb major", metre="4/4", bars=12,
          instruments=("Clarinet", "Bassoon", "French Horn")),
    Brief(tempo_qpm=110, key="B minor", metre="6/8", bars=8, instruments=("Oboe", "strings")),
    Brief(tempo_qpm=66, key="Eb major", metre="4/4", bars=16, valence=0.5, energy=-0.6,
          instruments=("Electric Piano 1", "Fretless Bass", "Pad 1 (new age)")),
    Brief(tempo_qpm=160, key="A major", metre="2/4", bars=32, energy=0.6,
          instruments=("Trumpet", "Trombone", "Tuba", "drums")),
    Brief(tempo_qpm=96, key="D minor", metre="4/4", bars=20, valence=-0.6,
          instruments=("Violin", "Viola", "Cello", "Contrabass")),
    Brief(tempo_qpm=76, key="Ab major", metre="3/4", bars=8, instruments=("Music Box",)),
    Brief(tempo_qpm=104, key="C minor", metre="4/4", bars=16, without=("drums", "guitar"),
          instruments=("Alto Sax", "piano", "Acoustic Bass")),
    Brief(tempo_qpm=132, key="E major", metre="9/8", bars=16, instruments=("Pan Flute", "guitar")),
    Brief(tempo_qpm=88, key="G minor", metre="4/4", bars=64,
          instruments=("Choir Aahs", "Church Organ", "Timpani")),
    Brief(tempo_qpm=150, key="C# minor", metre="4/4", bars=16, style="game",
          instruments=("Lead 1 (square)", "Synth Bass 2", "drums")),
    Brief(tempo_qpm=54, key="B major", metre="4/4", bars=10, energy=-0.8,
          instruments=("Acoustic Guitar (nylon)",)),
    Brief(tempo_qpm=116, key="F minor", metre="12/8", bars=8,
          instruments=("Electric Guitar (clean)", "Electric Bass (finger)", "drums")),
    Brief(tempo_qpm=92, key="Db major", metre="3/4", bars=40, style="folk",
          instruments=("Recorder", "Dulcimer", "Viola")),
)  # fmt: skip


def main() -> None:
    """Print the tables; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    composer = load_composer()
    figures: dict[str, Any] = {"model": composer.name, "briefs": len(BRIEFS)}
    figures |= measure_adherence(composer)
    figures["length"] = measure_length(composer)
    if options.data.is_dir():
        figures["key_anchor"] = measure_key_anchor(options.data)
        figures["memorisation"] = measure_memorisation(composer, options.data)
        figures["likelihood"] = measure_likelihood(options.data)
    else:
        print(f"no development data at {options.data}: no anchor, no memorisation")
    print_figures(figures)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measure_adherence(composer: Composer) -> dict[str, Any]:
    """Share met per attribute for selected, single and shuffled pieces; seconds; key opinions."""
    selected, seconds = [], []
    for seed, brief in enumerate(BRIEFS):
        started = time.perf_counter()
        selected.append(composer.compose(brief, seed=seed).midi)
        seconds.append(time.perf_counter() - started)
    single = [composer.compose(brief, seed=seed, num_candidates=1).midi
              for seed, brief in enumerate(BRIEFS)]  # fmt: skip
    shuffled = selected[7:] + selected[:7]
    return {
        "best_of_8": share_met(selected),
        "single": share_met(single),
        "shuffled": share_met(shuffled),
        "second_key_opinion": {
            "best_of_8": key_opinions(selected),
            "single": key_opinions(single),
        },
        "valid": wilson([not measure_midi(data).problems for data in selected]),
        "ends_on_tonic": wilson([measure_midi(data).ends_on_tonic for data in selected]),
        "seconds": {
            "mean": round(float(np.mean(seconds)), 2),
            "median": round(float(np.median(seconds)), 2),
            "slowest": round(max(seconds), 2),
        },
    }


def share_met(pieces: Sequence[bytes]) -> dict[str, Any]:
    """Per attribute how many of the briefs that ask for it are met, judged from the bytes."""
    answers: dict[str, list[bool]] = {}
    for seed, (brief, data) in enumerate(zip(BRIEFS, pieces, strict=True)):
        for report in _judge(brief, seed, data):
            if report.met is not None:
                answers.setdefault(report.name, []).append(report.met)
    return {name: wilson(met) for name, met in answers.items()}


def _judge(brief: Brief, seed: int, data: bytes) -> Iterable[AttributeReport]:
    return report_attributes(brief, make_plan(brief, seed), measure_midi(data))


def key_opinions(pieces: Sequence[bytes]) -> dict[str, Any]:
    """Share of pieces whose asked key each profile hears; only the first one selects."""
    keys = [make_plan(brief, seed).key for seed, brief in enumerate(BRIEFS)]
    asked = [f"{KEY_TONICS[key.tonic]} {key.mode}" for key in keys]
    heard = {profile: [find_key(read_notes(data), profile)[0] for data in pieces]
             for profile in PROFILES}  # fmt: skip
    return {
        profile: wilson([a == b for a, b in zip(asked, names, strict=True)])
        for profile, names in heard.items()
    }


def measure_length(composer: Composer) -> dict[str, Any]:
    """Lengths from 10 to 120 s with and without a tempo: share within half a bar."""
    wishes = [Brief(length_s=length, tempo_qpm=tempo, metre=metre)
              for length in (10, 30, 45, 120) for tempo in (None, 97)
              for metre in ("4/4", "3/4")]  # fmt: skip
    met, errors = [], []
    for seed, brief in enumerate(wishes):
        piece = composer.compose(brief, seed=seed, num_candidates=2)
        met += [bool(r.met) for r in piece.attributes if r.name == "length_s"]
        errors.append(abs(piece.duration_s - (brief.length_s or 0)))
    return wilson(met) | {"largest_error_s": round(max(errors), 2)}


def measure_key_anchor(data_dir: Path) -> dict[str, Any]:
    """How often each profile hears the stated key of real scores never trained on."""
    from symbolic.training.harmony import parse_key
    from symbolic.training.scores import iterate_voices

    answers: dict[str, list[bool]] = {profile: [] for profile in PROFILES}
    for split in ("val", "test"):
        for row, voices in iterate_voices(data_dir, split):
            stated = parse_key(row["key"]) if row["key"] else None
            if stated is None:
                continue
            notes = np.concatenate((voices.melody, voices.accompaniment)).astype(float)
            first = notes[notes[:, 0] < notes[:, 0].min() + SEGMENT_STEPS]
            for profile, met in answers.items():
                met.append(find_key(first, profile)[0] == f"{KEY_TONICS[stated[0]]} {stated[1]}")
    return {profile: wilson(met) for profile, met in answers.items()}


def measure_memorisation(composer: Composer, data_dir: Path) -> dict[str, Any]:
    """Share of melodic 8-grams (interval, time between onsets) that training scores contain.

    Melodies are heard from pieces for one flute; repeats inside a piece are counted once.
    """
    from symbolic.training.train import read_pieces

    known: set[tuple[int, ...]] = set()
    for sketch, _ in read_pieces(data_dir, "train")[0]:
        known |= set(_grams(_melody_of(sketch)))
    ours: set[tuple[int, tuple[int, ...]]] = set()
    for seed, brief in enumerate(BRIEFS):
        wish = Brief(tempo_qpm=brief.tempo_qpm, key=brief.key, metre=brief.metre, bars=brief.bars,
                     style=brief.style, instruments=("Flute",))  # fmt: skip
        notes = read_notes(composer.compose(wish, seed=seed).midi)
        rows = [(round(onset * STEPS_PER_QUARTER), int(p)) for onset, _, p, _ in notes.tolist()]
        ours |= {(seed, gram) for gram in _grams(rows)}
    held_out = {
        (index, gram)
        for index, (sketch, _) in enumerate(read_pieces(data_dir, "test")[0])
        for gram in _grams(_melody_of(sketch))
    }
    return {
        "ours": wilson([gram in known for _, gram in ours]),
        "held_out_real": wilson([gram in known for _, gram in held_out]),
    }


def measure_likelihood(data_dir: Path) -> dict[str, Any]:
    """Nats per token on real scores never trained on, by metre, over windows of 12 bars."""
    import torch

    from symbolic.training.train import read_pieces, token_loss
    from symbolic.training.windows import cut_sketch, make_row, stack_rows

    network = load_model().network
    rows: dict[str, list[Any]] = {}
    for split in ("val", "test"):
        for sketch, style in read_pieces(data_dir, split)[0]:
            for first in range(0, sketch.num_bars - WINDOW_BARS + 1, WINDOW_BARS):
                cut = cut_sketch(sketch, first, first + WINDOW_BARS)
                left = sketch.num_bars - first
                rows.setdefault(sketch.metre, []).append(make_row(cut, style, left, WINDOW))
    figures = {}
    for metre, windows in sorted(rows.items()):
        chosen = windows[:: -(-len(windows) // MOST_WINDOWS)]
        with torch.no_grad():
            losses = [float(token_loss(network, stack_rows([row]))) for row in chosen]
        figures[metre] = {"nats": round(float(np.mean(losses)), 3), "n": len(losses)}
    return figures


def print_figures(figures: dict[str, Any]) -> None:
    """The tables as text."""
    print(f"{figures['model']}, {figures['briefs']} briefs, seconds {figures['seconds']}")
    rows = ("best_of_8", "single", "shuffled")
    print(f"{'attribute':14}" + "".join(f"{row:>28}" for row in rows))
    for name in figures["best_of_8"]:
        print(f"{name:14}" + "".join(f"{_cell(figures[row][name]):>28}" for row in rows))
    for row, opinions in figures["second_key_opinion"].items():
        for profile, share in opinions.items():
            print(f"key by {profile:12} {row:10} {_cell(share)}")
    for name in ("valid", "ends_on_tonic", "length"):
        print(f"{name:20} {_cell(figures[name])}")
    for metre, row in figures.get("likelihood", {}).items():
        print(f"{metre:6} {row['nats']:.3f} nats per token, {row['n']} windows")
    for name in ("key_anchor", "memorisation"):
        for row, share in figures.get(name, {}).items():
            print(f"{name:14} {row:14} {_cell(share)}")


def _cell(share: dict[str, Any]) -> str:
    return f"{share['share']:.1f} [{share['low']:.1f}, {share['high']:.1f}] n={share['n']}"


def _melody_of(sketch: Sketch) -> list[tuple[int, int]]:
    return [(note.onset, note.pitch) for note in sketch.melody]


def _grams(notes: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Every run of eight (interval, time between onsets) pairs of a melody."""
    pairs = [(b[1] - a[1], b[0] - a[0]) for a, b in itertools.pairwise(notes)]
    return [sum(pairs[i : i + GRAM], ()) for i in range(len(pairs) - GRAM + 1)]


if __name__ == "__main__":
    main()
