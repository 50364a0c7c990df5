"""From inner products to relevance, the probability that a track fits.

And the floor below which "no match" is honest.

    calibration = Calibration.fit(reference=..., pairs=..., nulls=...)
    calibration.relevance(query, scores)        # (K,) probabilities, in the order of the scores
    calibration.floor                           # below it: no match
    Calibration.from_bytes(calibration.to_bytes())

A score says little by itself: "piano" scores higher on everything than "techno". So a query is
first asked what it makes of ordinary music, the reference tracks that ship with it:

    z = (score - mean of the query on the reference) / its spread there

which answers "how far above ordinary music does this track fit?" whatever the query is made of
(words, picture, sound) and whatever else the catalogue holds. A query without direction spreads
little over the reference; its spread is taken as no smaller than `least_spread`, so nothing it
finds gets far. A logistic curve fitted on pairs that fit and pairs that do not turns z into a
probability; it keeps the order of the scores.

The floor is where no more than `false_match_rate` of queries that a catalogue cannot serve are
answered. Knows float32 rows, never titles. M reference tracks of R rows (the whole, then its
segments), D dimensions, K scores.
"""

import io
from dataclasses import dataclass, fields
from zipfile import BadZipFile

import numpy as np

from index.errors import UnreadableIndex

FORMAT = 2  # 1 knew no space
RIDGE = 1e-3  # keeps the curve finite where pairs are told apart without error
NEWTON_STEPS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Holds the reference, the curve and the floor."""

    reference: np.ndarray  # (M, R, D) float32 unit rows: the whole track, then its segments
    blend: float  # share of the best segment in a track's score beside the whole
    least_spread: float
    slope: float
    offset: float
    floor: float  # a relevance
    false_match_rate: float  # of queries that a catalogue of `catalogue_size` cannot serve
    catalogue_size: int
    space: str = ""  # of the reference; empty where it is not known

    def relevance(self, query: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Probabilities (K,) float32 for the scores (K,) of one unit query (D,).

        Keeps their order.
        """
        return self.probability(self.standardise(query, scores))

    def standardise(self, query: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Scores (K,) in spreads above what the query makes of ordinary music."""
        ordinary = track_scores(query[None], self.reference, self.blend)[0]
        spread = max(float(ordinary.std()), self.least_spread)
        return np.asarray((scores - ordinary.mean()) / spread)

    def probability(self, standard: np.ndarray) -> np.ndarray:
        """The curve: probabilities (K,) of standardised scores (K,)."""
        logits = np.clip(self.slope * standard + self.offset, -60.0, 60.0)
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)

    def to_bytes(self) -> bytes:
        """The calibration as an npz file without pickles; the reference in half precision."""
        stored = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        stored["reference"] = self.reference.astype(np.float16)
        buffer = io.BytesIO()
        stored["format"] = np.array(FORMAT)
        np.savez(buffer, **stored)  # type: ignore[arg-type] # taken for allow_pickle
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Calibration":
        """What `to_bytes` gave.

        Raises:
            UnreadableIndex: damaged, or of a format that is not known here.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                values = {name: stored[name] for name in stored.files}
        except (ValueError, OSError, EOFError, BadZipFile) as error:
            raise UnreadableIndex(f"calibration of {len(data)} bytes: {error}") from error
        version = int(values.pop("format", np.array(-1)))
        if not 1 <= version <= FORMAT:
            raise UnreadableIndex(f"calibration of another format, 1 to {FORMAT} are read")
        values.setdefault("space", np.array(""))
        if set(values) != {f.name for f in fields(cls)}:
            raise UnreadableIndex(f"calibration holds {sorted(values)}")
        reference = values.pop("reference").astype(np.float32)
        size, space = int(values.pop("catalogue_size")), str(values.pop("space"))
        numbers = {name: float(value) for name, value in values.items()}
        return cls(reference=reference, catalogue_size=size, space=space, **numbers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Holds queries (Q, D) and tracks (Q, R, D) that belong together row by row.

    Held out from the heads.
    """

    queries: np.ndarray
    tracks: np.ndarray


def fit_calibration(
    *,
    reference: np.ndarray,
    pairs: Pairs,
    unserved: list[tuple[np.ndarray, np.ndarray]],
    blend: float,
    false_match_rate: float = 0.15,
) -> Calibration:
    """Fit curve and floor.

    Args:
        reference: (M, R, D) rows of ordinary tracks.
        pairs: queries with tracks that fit them; every other track of the pairs stands for one
            that does not.
        unserved: queries (D,) with catalogues (N, R, D) that hold nothing for them.
        blend: share of the best segment in a track's score.
        false_match_rate: share of the unserved that may be answered.
    """
    ordinary = track_scores(pairs.queries, reference, blend)
    start = Calibration(
        reference=reference, blend=blend,
        least_spread=float(np.percentile(ordinary.std(axis=1), 25)),
        slope=1.0, offset=0.0, floor=0.5, false_match_rate=false_match_rate,
        catalogue_size=len(unserved[0][1]),
    )  # fmt: skip
    slope, offset = _fit_curve(*_standard_pairs(start, pairs))
    curved = _replace(start, slope=slope, offset=offset)
    best = [
        curved.relevance(query, track_scores(query[None], tracks, blend)[0]).max()
        for query, tracks in unserved
    ]
    return _replace(curved, floor=float(np.quantile(best, 1.0 - false_match_rate)))


def track_scores(queries: np.ndarray, tracks: np.ndarray, blend: float) -> np.ndarray:
    """(Q, N) scores of tracks (N, R, D): `blend` of the best segment, the rest of the whole."""
    per_row = np.einsum("qd,nrd->qnr", queries, tracks)
    whole, segments = per_row[:, :, 0], per_row[:, :, 1:]
    return np.asarray(blend * segments.max(axis=2) + (1.0 - blend) * whole)


def _standard_pairs(calibration: Calibration, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Standardised scores of pairs that fit and of as many that do not."""
    scores = track_scores(pairs.queries, pairs.tracks, calibration.blend)
    rows = [calibration.standardise(q, s) for q, s in zip(pairs.queries, scores, strict=True)]
    standard = np.stack(rows)
    fitting = np.diag(standard)
    return fitting, standard[~np.eye(len(standard), dtype=bool)]


def _fit_curve(fitting: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the logistic curve by Newton's method, both classes weighing alike."""
    x = np.concatenate([fitting, other])
    label = np.concatenate([np.ones(len(fitting)), np.zeros(len(other))])
    weight = np.where(label > 0, 0.5 / len(fitting), 0.5 / len(other))
    design, beta = np.stack([x, np.ones_like(x)], axis=1), np.zeros(2)
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weight * (p - label)) + RIDGE * np.array([beta[0], 0.0])
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design
        beta -= np.linalg.solve(curvature + RIDGE * np.eye(2), gradient)
    return max(float(beta[0]), RIDGE), float(beta[1])


def _replace(calibration: Calibration, **values: float) -> Calibration:
    kept = {f.name: getattr(calibration, f.name) for f in fields(calibration)}
    return Calibration(**{**kept, **values})
