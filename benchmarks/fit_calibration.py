"""Fits the calibration that ships with the heads.

On free data that the heads have not learned from.

Run from the repository's root: `python -m benchmarks.fit_calibration --data DIR`; writes
`encoders/weights/heads/calibration.npz`. Run it after every training.

Reference: training recordings. Curve: held-out recordings with their own words. Floor: rendered
scores, which no head has heard, asked for what they are not, and questions that are not about
music. None of the texts or tracks of `no_match.py` is used here.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from encoders.bench.text import words_of
from encoders.bench.tracks import embed_tracks
from encoders.embed import Embedder, load_embedder
from encoders.metrics import auroc, bootstrap_interval
from encoders.training.manifests import MULTI_INSTRUMENT, Track, read_tracks, training_tracks
from encoders.trunks.checkpoint import CARD, WEIGHTS, file_sha256
from index.calibration import Calibration, Pairs, fit_calibration, track_scores

OUT = WEIGHTS / "heads" / "calibration.npz"
NUM_REFERENCE = 160
NUM_ROWS = 6  # the whole and five segments: a 30 s excerpt
CATALOGUE_SIZE = 30
BLEND = 0.5  # as grouping of hits does; no worse than either alone on validation
FALSE_MATCH_RATE = 0.25  # of questions chosen to be hard; see docs/experiments.md

# What the collections of rendered scores and the held-out recordings, game music, do not hold.
ABSENT = {
    "POP909": "black metal|a techno set|boom bap|acid house|a punk anthem|rapping over beats"
    "|grunge guitars|a dubstep drop|jungle breaks|shredding guitar solos|EDM|thrash",
    "Nottingham": "nu metal|psytrance|trap beats|deep house|skate punk|freestyle rap|stoner rock"
    "|big room EDM|hardstyle|screaming vocals over guitars|synthwave|dark ambient drones",
    "Freedoom": "a cappella choir|soft harp lullaby|a romantic ballad for a wedding|bossa nova"
    "|sleepy rain sounds|a tender love song|country fiddle|spa music|gospel choir"
    "|gentle fingerpicked guitar|a happy children song|meditation",
}
ABSENT_RECORDINGS = (
    "a country song with male vocals|a gospel choir|gangster rap|a blues singer|reggae"
    "|a boy band|an R&B ballad|a soul singer|mariachi|a singer songwriter|a crooner|motown"
    "|bluegrass|rockabilly|an indie rock band|hip hop|female singer with a guitar|honky tonk"
)
NONSENSE = (
    "how tall is the tower|train times to the airport|reset the router|the boiling point of water"
    "|a cheap hotel|python list comprehension|election results|car insurance|parking near me"
    "|update the spreadsheet|what is my balance|shoe sizes|tomorrow's weather|bus stop"
    "|cancel the subscription|a recipe with lentils|tax office phone number|how to tie a tie"
    "|the distance to Mars|broken washing machine|mortgage rates|passport renewal form"
    "|who wrote the report|unit test failed"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, write and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    embedder = load_embedder()
    reference = _reference(options.data)
    pairs = _pairs(embedder, options.data)
    calibration = fit_calibration(
        reference=reference,
        pairs=pairs,
        unserved=_unserved(embedder, options.data),
        blend=BLEND,
        false_match_rate=FALSE_MATCH_RATE,
    )
    calibration = replace(calibration, space=str(embedder.space))
    options.out.write_bytes(calibration.to_bytes())
    minutes = (time.monotonic() - started) / 60.0
    write_card(options.out, options.data, figure=pair_figure(calibration, pairs), minutes=minutes)
    print(_summary(calibration, options.out))


def write_card(out: Path, data_dir: Path, *, figure: dict[str, object], minutes: float) -> None:
    """Write the card of the calibration beside it."""
    used = [t for t in read_tracks(data_dir, "audio") if t.may_train]
    used += [t for t in read_tracks(data_dir, "symbolic") if t.may_train and t.split == "train"]
    card = {
        "name": "calibration of relevance, and the music that it compares with",
        "licence": "Apache-2.0",
        "origin": "fitted here, after the heads and on their vectors",
        "trained_on": {
            "tracks": "reference: training recordings; curve: recordings held out from the heads, "
            "with their own words; floor: rendered scores and held-out recordings",
            "licences": sorted({t.licence for t in used}),
        },
        "command": "python -m benchmarks.fit_calibration --data DATA",
        "seeds": [0],
        "minutes": round(minutes, 2),
        "figures": [figure],
        "known_failures": [
            "ordinary music is game music here: singing and orchestras are rarer in it than in "
            "most collections, so such tracks look fitting too soon",
            "the floor is that of words; a sound is answered from even odds on",
        ],
        "files": {out.name: file_sha256(out)},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (out.parent / CARD).write_text(text + "\n", encoding="utf-8")


def pair_figure(calibration: Calibration, pairs: Pairs) -> dict[str, object]:
    """How surely relevance tells tracks that fit from others: AUROC over the pairs."""
    scores = track_scores(pairs.queries, pairs.tracks, calibration.blend)
    standard = np.stack(
        [calibration.standardise(q, s) for q, s in zip(pairs.queries, scores, strict=True)]
    )
    same = np.eye(len(standard), dtype=bool)

    def statistic(rows: np.ndarray) -> float:
        return auroc(standard[rows].ravel(), same[rows].ravel())

    found = bootstrap_interval([str(i) for i in range(len(standard))], statistic)
    return {
        "what": "AUROC of relevance, a track with its own words among others",
        "on": "recordings held out from the heads; the curve was fitted on them",
        "n": len(standard),
        **{name: round(value, 4) for name, value in asdict(found).items()},
        "chance": 0.5,
        "command": "python -m benchmarks.fit_calibration --data DATA",
    }


def track_rows(tracks: Sequence[Track]) -> np.ndarray:
    """(N, R, D): whole and segments of each track.

    The last segment repeated where there are fewer.
    """
    vectors = embed_tracks(tracks)
    rows = []
    for whole, segments in zip(vectors.tracks, vectors.segments, strict=True):
        places = np.minimum(np.arange(NUM_ROWS - 1), len(segments) - 1)
        rows.append(np.concatenate([whole[None], segments[places]]))
    return np.stack(rows)


def _reference(data_dir: Path) -> np.ndarray:
    recordings = [t for t in training_tracks(data_dir) if not t.is_score]
    chosen = np.sort(np.random.default_rng(0).permutation(len(recordings))[:NUM_REFERENCE])
    return track_rows([recordings[i] for i in chosen])


def _pairs(embedder: Embedder, data_dir: Path) -> Pairs:
    held_out = [t for t in read_tracks(data_dir, "audio") if t.split != "train"]
    worded = [t for t in held_out if words_of(t.labels)]
    queries = embedder.embed_texts([f"{words_of(t.labels)} music" for t in worded])
    return Pairs(queries=queries, tracks=track_rows(worded))


def _unserved(embedder: Embedder, data_dir: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    scores = [t for t in read_tracks(data_dir, "symbolic") if t.may_train and t.split == "train"]
    recordings = [t for t in read_tracks(data_dir, "audio") if t.split != "train"]
    asked: list[tuple[str, list[Track]]] = [
        (texts, [t for t in scores if t.is_score and t.labels["collection"] == collection])
        for collection, texts in ABSENT.items()
    ]
    mixed = [t for t in scores if t.labels["collection"] in MULTI_INSTRUMENT]
    asked += [(ABSENT_RECORDINGS, recordings), (NONSENSE, mixed), (NONSENSE, recordings)]
    unserved = []
    for texts, tracks in asked:
        rows = track_rows(spread_out(tracks, CATALOGUE_SIZE))
        unserved += [(query, rows) for query in embedder.embed_texts(texts.split("|"))]
    return unserved


def spread_out(tracks: Sequence[Track], count: int) -> list[Track]:
    """At most `count` tracks, evenly over the manifest."""
    return list(tracks[:: max(1, len(tracks) // count)][:count])


def _summary(calibration: Calibration, out: Path) -> str:
    return (
        f"{out}: slope {calibration.slope:.3f}, offset {calibration.offset:.3f}, "
        f"floor {calibration.floor:.3f} (z {(_z(calibration)):.2f}), "
        f"least spread {calibration.least_spread:.4f}"
    )


def _z(calibration: Calibration) -> float:
    odds = calibration.floor / (1.0 - calibration.floor)
    return float((np.log(odds) - calibration.offset) / calibration.slope)


if __name__ == "__main__":
    main()
