"""Questions and tracks that relevance is fitted on, none of which the heads have learned from.

    material = calibration_material(setting)
    material.reference      # (M, R, D) rows of training recordings: ordinary music
    material.queries, material.tracks       # held-out recordings with their own words
    material.unserved       # questions with catalogues that cannot serve them

The catalogues that cannot serve are rendered scores, which no head has heard, asked for what they
are not, and questions that are not about music. Knows no curve and no floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.bench.setting import Setting
from encoders.bench.text import words_of
from encoders.bench.tracks import embed_tracks
from encoders.training.manifests import MULTI_INSTRUMENT, Track, read_tracks, training_tracks

NUM_REFERENCE = 160
NUM_ROWS = 6  # the whole and five segments: a 30 s excerpt
CATALOGUE_SIZE = 30

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


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationMaterial:
    """Holds unit vectors; R rows of a track are the whole and its segments."""

    reference: np.ndarray  # (M, R, D)
    queries: np.ndarray  # (Q, D)
    tracks: np.ndarray  # (Q, R, D), row by row what fits the queries
    unserved: list[tuple[np.ndarray, np.ndarray]]  # (D,) with a catalogue (N, R, D)


def calibration_material(setting: Setting) -> CalibrationMaterial:
    """Everything that the curve and the floor are fitted on, by the towers of the setting."""
    held_out = [t for t in read_tracks(setting.data_dir, "audio") if t.split != "train"]
    worded = [t for t in held_out if words_of(t.labels)]
    return CalibrationMaterial(
        reference=_reference(setting),
        queries=setting.embedder.embed_texts([f"{words_of(t.labels)} music" for t in worded]),
        tracks=track_rows(worded, setting),
        unserved=_unserved(setting),
    )


def track_rows(tracks: Sequence[Track], setting: Setting | None = None) -> np.ndarray:
    """(N, R, D): whole and segments of each track.

    The last segment repeated where there are fewer.
    """
    vectors = embed_tracks(tracks, setting)
    rows = []
    for whole, segments in zip(vectors.tracks, vectors.segments, strict=True):
        places = np.minimum(np.arange(NUM_ROWS - 1), len(segments) - 1)
        rows.append(np.concatenate([whole[None], segments[places]]))
    return np.stack(rows)


def spread_out(tracks: Sequence[Track], count: int) -> list[Track]:
    """At most `count` tracks, evenly over the manifest."""
    return list(tracks[:: max(1, len(tracks) // count)][:count])


def _reference(setting: Setting) -> np.ndarray:
    recordings = [t for t in training_tracks(setting.data_dir) if not t.is_score]
    chosen = np.sort(np.random.default_rng(0).permutation(len(recordings))[:NUM_REFERENCE])
    return track_rows([recordings[i] for i in chosen], setting)


def _unserved(setting: Setting) -> list[tuple[np.ndarray, np.ndarray]]:
    scores = [
        t for t in read_tracks(setting.data_dir, "symbolic") if t.may_train and t.split == "train"
    ]
    recordings = [t for t in read_tracks(setting.data_dir, "audio") if t.split != "train"]
    asked: list[tuple[str, list[Track]]] = [
        (texts, [t for t in scores if t.is_score and t.labels["collection"] == collection])
        for collection, texts in ABSENT.items()
    ]
    mixed = [t for t in scores if t.labels["collection"] in MULTI_INSTRUMENT]
    asked += [(ABSENT_RECORDINGS, recordings), (NONSENSE, mixed), (NONSENSE, recordings)]
    unserved = []
    for texts, tracks in asked:
        rows = track_rows(spread_out(tracks, CATALOGUE_SIZE), setting)
        unserved += [(q, rows) for q in setting.embedder.embed_texts(texts.split("|"))]
    return unserved
