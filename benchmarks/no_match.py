"""How often "no match" is answered where nothing fits, and how often wrongly where something does.

Run from the repository's root: `python -m benchmarks.no_match [--data DIR] [--json]`.
Catalogues of at most 30 tracks of one kind (recordings of `emotify` by genre, `stock`, rendered
classical piano) are asked the questions of `no_match.tsv`: twelve that each can serve, twelve that
it cannot, and ten that are not about music. None of these tracks or texts was used to fit heads or
calibration.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.intervals import wilson
from encoders.embed import load_embedder
from encoders.training.judging import CATALOGUE_SIZE, spread_out, track_rows
from encoders.training.manifests import Track, read_tracks
from encoders.trunks.checkpoint import WEIGHTS
from index.calibration import Calibration, track_scores

OUT = WEIGHTS / "heads" / "calibration.npz"
QUESTIONS = Path(__file__).with_suffix(".tsv")
ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Holds one text, the catalogue that it is asked of, and whether that can serve it."""

    catalogue: str
    served: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Holds what came of the questions of one kind to one catalogue."""

    catalogue: str
    kind: str  # "served", "unserved", "not about music"
    num_tracks: int
    num_questions: int
    no_match: float  # share answered "no match", in per cent
    low: float  # its 95 % interval (Wilson)
    high: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--each", action="store_true", help="every question with its best relevance"
    )
    options = parser.parse_args(arguments)
    calibration = Calibration.from_bytes(OUT.read_bytes())
    best = ask_all(options.data, calibration)
    if options.each:
        for question, relevance in sorted(best.items(), key=lambda item: item[1]):
            print(f"{relevance:.3f} {asdict(question)}")
    answered = count(best, calibration.floor)
    if options.json:
        print(json.dumps([asdict(a) for a in answered]))
        return
    for a in answered:
        print(
            f"{a.catalogue:14}{a.kind:18}{a.num_questions:4} questions, "
            f"no match {a.no_match:.0f} % [{a.low:.0f}, {a.high:.0f}]"
        )


def ask_all(data_dir: Path, calibration: Calibration) -> dict[Question, float]:
    """The best relevance of every question."""
    embedder, best = load_embedder(), dict[Question, float]()
    for name, tracks in catalogues(data_dir).items():
        rows = track_rows(tracks)
        asked = [q for q in read_questions() if q.catalogue in (name, ANY)]
        queries = embedder.embed_texts([q.text for q in asked])
        for question, query in zip(asked, queries, strict=True):
            scores = track_scores(query[None], rows, calibration.blend)[0]
            relevance = float(calibration.relevance(query, scores).max())
            name_of = question.text + (" " if question.catalogue == ANY else "")
            asked_here = Question(catalogue=name, served=question.served, text=name_of)
            best[asked_here] = relevance
    return best


def catalogues(data_dir: Path) -> dict[str, list[Track]]:
    """Thirty tracks of one kind each, the first of their manifests."""
    emotify = read_tracks(data_dir, "emotify")
    found = {
        genre: [t for t in emotify if t.labels["genre"] == genre]
        for genre in ("classical", "rock", "electronic")
    }
    found["background"] = read_tracks(data_dir, "stock")
    scores = read_tracks(data_dir, "symbolic")
    found["piano scores"] = [t for t in scores if t.labels["collection"].startswith("Classical")]
    return {name: spread_out(tracks, CATALOGUE_SIZE) for name, tracks in found.items()}


def read_questions() -> list[Question]:
    """The questions of `no_match.tsv`."""
    with QUESTIONS.open(encoding="utf-8", newline="") as lines:
        return [
            Question(catalogue=r["catalogue"], served=r["served"] == "yes", text=r["text"])
            for r in csv.DictReader(lines, delimiter="\t")
        ]


def count(best: Mapping[Question, float], floor: float) -> list[Answered]:
    """Shares by catalogue and kind, then over all catalogues."""
    names = sorted({q.catalogue for q in best})
    answered = [a for name in names for a in _count_kinds(best, floor, name)]
    return answered + _count_kinds(best, floor, "all")


def _count_kinds(best: Mapping[Question, float], floor: float, name: str) -> list[Answered]:
    answered = []
    for kind in ("served", "unserved", "not about music"):
        values = [r for q, r in best.items() if _kind(q) == kind and name in (q.catalogue, "all")]
        share = wilson([relevance < floor for relevance in values])
        answered.append(
            Answered(
                catalogue=name,
                kind=kind,
                num_tracks=CATALOGUE_SIZE,
                num_questions=share["n"],
                no_match=share["share"],
                low=share["low"],
                high=share["high"],
            )
        )
    return answered


def _kind(question: Question) -> str:
    if question.served:
        return "served"
    return "not about music" if question.text.endswith(" ") else "unserved"


if __name__ == "__main__":
    main()
