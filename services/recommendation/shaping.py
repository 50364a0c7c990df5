"""Shapes a list of candidates: what may be in it, how often, how varied; never sees a query.

Every function takes candidates best first, keeps their order and returns a new list,
except `diversify`, which chooses.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from services.catalogue.records import TrackFilter, TrackRecord, clean_tags, key_number
from services.recommendation.hits import Candidate, Vector, best_first

DEFAULT_PER_ARTIST = 2
# Two recordings at least this close whose lengths agree are the same recording twice; the closest
# two of 420 different ones have 0.95; copies coded at 64 kbit/s have 0.98 and more in 95 %.
SAME_RECORDING_COSINE = 0.975
SAME_LENGTH_S = 2.0
BLOCK = 512
# Weight of relevance against novelty; Carbonell and Goldstein 1998 (maximal marginal relevance).
RELEVANCE_WEIGHT = 0.85
# Marks of a version in a title: "(2011 Remaster)", "[Live]", "- Remastered".
_VERSION_MARK = re.compile(
    r"[\(\[][^)\]]*\b(?:re-?master\w*|mono|stereo|deluxe|bonus|version|edit|mix)\b[^)\]]*[\)\]]"
    r"|\s-\s[^-]*\bre-?master\w*\b.*$",
    re.IGNORECASE,
)


def drop_seen(candidates: Sequence[Candidate], seen_ids: Collection[str]) -> list[Candidate]:
    """Leaves out tracks whose ids the caller has already."""
    return [c for c in candidates if c.track.id not in seen_ids]


def keep_allowed(candidates: Sequence[Candidate], conditions: TrackFilter) -> list[Candidate]:
    """Keeps tracks that meet every condition of the filter."""
    if conditions.allows_all:
        return list(candidates)
    return [c for c in candidates if allows(conditions, c.track)]


def allows(conditions: TrackFilter, track: TrackRecord) -> bool:
    """Whether a track meets every condition; what a track does not state meets no condition."""
    return (
        track.id not in conditions.exclude_ids
        and track.artist.casefold() not in {a.casefold() for a in conditions.exclude_artists}
        and (not conditions.licences or track.licence in conditions.licences)
        and set(clean_tags(conditions.all_tags)) <= set(track.tags)
        and not set(clean_tags(conditions.no_tags)) & set(track.tags)
        and _within(track.duration_s, conditions.min_duration_s, conditions.max_duration_s)
        and _sounds_allowed(conditions, track)
    )


def merge_versions(
    candidates: Sequence[Candidate], *, known: Sequence[Candidate] = ()
) -> list[Candidate]:
    """Keeps the first of each piece: same title and artist, or nearly identical recordings.

    Args:
        candidates: Best first.
        known: Tracks that the caller has; no version of them is kept.
    """
    together = [*known, *candidates]
    kept = np.zeros(len(together), dtype=np.bool_)
    names: set[tuple[str, str]] = set()
    for place, alike in enumerate(_same_recordings(together)):  # (place,), those before it
        name = _piece_name(together[place].track.title, together[place].track.artist)
        if name not in names and not (alike & kept[:place]).any():
            kept[place] = True
            names.update([name] if name else [])
    return [together[place] for place in np.flatnonzero(kept).tolist() if place >= len(known)]


def cap_artists(candidates: Sequence[Candidate], max_per_artist: int) -> list[Candidate]:
    """Keeps at most so many tracks of an artist; 0 takes the default, the nameless have no cap."""
    cap = max_per_artist or DEFAULT_PER_ARTIST
    seen: Counter[str] = Counter()
    kept = []
    for candidate in candidates:
        artist = candidate.track.artist.casefold().strip()
        seen[artist] += 1
        if not artist or seen[artist] <= cap:
            kept.append(candidate)
    return kept


def keep_above_floor(candidates: Sequence[Candidate], floor: float) -> list[Candidate]:
    """Keeps candidates whose relevance reaches the floor."""
    return [c for c in candidates if c.relevance >= floor]


def diversify(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Chooses `limit` candidates by maximal marginal relevance and returns them best first.

    The best candidate is always chosen; each next one trades its relevance against its
    cosine with the nearest one chosen before. Tracks without sound count as novel.
    """
    if len(candidates) <= limit:
        return best_first(candidates)
    relevances = np.array([c.relevance for c in candidates], dtype=np.float64)
    vectors = _matrix(candidates)  # (K, D)
    nearest = np.full(len(candidates), 0.0)
    chosen: list[int] = []
    for _ in range(limit):
        gains = RELEVANCE_WEIGHT * relevances - (1 - RELEVANCE_WEIGHT) * nearest
        gains[chosen] = -np.inf
        best = int(np.argmax(gains))
        chosen.append(best)
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return best_first([candidates[i] for i in chosen])


def _within(value: float | None, lowest: float | None, highest: float | None) -> bool:
    if lowest is None and highest is None:
        return True
    if value is None:
        return False
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _sounds_allowed(conditions: TrackFilter, track: TrackRecord) -> bool:
    heard = track.description
    tempo = heard.tempo_bpm if heard else None
    key = key_number(heard.key) if heard and heard.key else None
    in_tempo = _within(tempo, conditions.min_tempo_bpm, conditions.max_tempo_bpm)
    keys = {key_number(name) for name in conditions.keys} - {None}
    return in_tempo and (not conditions.keys or key in keys)


@lru_cache(maxsize=65_536)
def _piece_name(title: str, artist: str) -> tuple[str, str] | None:
    piece, player = _plain(_VERSION_MARK.sub("", title)), _plain(artist)
    return (piece, player) if piece and player else None


def _plain(words: str) -> str:
    folded = unicodedata.normalize("NFKD", words).casefold()
    return " ".join(re.findall(r"[^\W_]+", folded))


def _same_recordings(candidates: Sequence[Candidate]) -> Iterator[npt.NDArray[np.bool_]]:
    """For each candidate, which of those before it are nearly identical and as long.

    Works in blocks of rows: a whole catalogue squared would not fit into memory.
    """
    vectors = _matrix(candidates) if candidates else np.zeros((0, 1), np.float32)
    # (K, D); rows of tracks without sound are 0 and like nothing
    lengths_s = np.array([c.track.duration_s or 0.0 for c in candidates])
    for first in range(0, len(candidates), BLOCK):
        block = slice(first, first + BLOCK)
        as_long = np.abs(lengths_s[block, None] - lengths_s) <= SAME_LENGTH_S
        alike = (vectors[block] @ vectors.T >= SAME_RECORDING_COSINE) & as_long  # (BLOCK, K)
        for row, place in zip(alike, range(first, len(candidates)), strict=False):
            yield row[:place]


def _matrix(candidates: Sequence[Candidate]) -> Vector:
    dimension = next((len(c.vector) for c in candidates if c.vector is not None), 1)
    silent = np.zeros(dimension, dtype=np.float32)
    return np.stack([silent if c.vector is None else c.vector for c in candidates])
