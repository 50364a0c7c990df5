"""The stories of playlists: continuing one from its tracks, and making one from words.

Read the two public functions from top to bottom. The searcher and the search for words come
from the layer above, behind the Protocols of `ports`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.catalogue.records import TrackFilter, TrackRecord, TrackVectors
from services.catalogue.store import Catalogue
from services.errors import InvalidRequest, NoSound, NotFound
from services.recommendation.candidates import candidates_of
from services.recommendation.continuation_reasons import explain_continuation
from services.recommendation.hits import Candidate, Hit, Ranking, Vector, best_first, hits_of
from services.recommendation.order import order_by_flow
from services.recommendation.ports import EmbedsWords, FindsTracks, SearchesTracks, TrackSnapshot
from services.recommendation.shaping import (
    cap_artists,
    diversify,
    drop_seen,
    keep_allowed,
    merge_versions,
)
from services.recommendation.taste import Taste, Weights, summarise_taste

if TYPE_CHECKING:
    from encoders.understanding import Understanding

DEFAULT_LIMIT = 20
MAX_LIMIT = 500
MAX_SEED = 500
POOL = 300
POOL_PER_HIT = 4
# How far words pull a continuation away from the taste of its seed, 0 to 1.
WORDS_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True)
class PlaylistSeed:
    """A playlist to continue; refuses one without tracks, with over 500, or a limit below 1.

    Attributes:
        track_ids: The tracks so far, in order.
        text: Words that steer the continuation; may be empty.
        filter: Conditions that every track must meet.
        limit: Number of tracks wished for.
        raw: Ranks by relevance alone: no caps, diversity, merging or order.
    """

    track_ids: tuple[str, ...]
    text: str = ""
    filter: TrackFilter = field(default_factory=TrackFilter)
    limit: int = DEFAULT_LIMIT
    raw: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.track_ids) <= MAX_SEED:
            raise InvalidRequest(
                f"the seed has {len(self.track_ids)} tracks; 1 to {MAX_SEED} are allowed"
            )
        if self.limit < 1:
            raise InvalidRequest(f"limit is {self.limit}; it must be 1 or more")


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """How a playlist goes on.

    Attributes:
        hits: In the order to play them.
        ignored_seed_ids: Seed tracks that the catalogue does not have, or that have no sound.
        understood: How the words were read; None without words.
    """

    hits: tuple[Hit, ...]
    ignored_seed_ids: tuple[str, ...] = ()
    understood: "Understanding | None" = None


@dataclass(frozen=True, kw_only=True)
class MadePlaylist:
    """A playlist made from words; `no_match` where nothing reaches the floor."""

    hits: tuple[Hit, ...]
    understood: "Understanding | None" = None
    no_match: bool = False


@dataclass(frozen=True, kw_only=True)
class PlaylistTools:
    """What the stories of playlists work with."""

    catalogue: Catalogue
    searcher: SearchesTracks
    embedder: EmbedsWords
    find: FindsTracks


@dataclass(frozen=True, kw_only=True)
class _Seed:
    """The seed tracks that have sound, in order, and the ids of those that do not."""

    tracks: tuple[TrackRecord, ...]
    vectors: tuple[Vector, ...]
    ignored_ids: tuple[str, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The seed tracks, of which no version is wished for."""
        return tuple(
            Candidate(track=track, relevance=1.0, vector=vector)
            for track, vector in zip(self.tracks, self.vectors, strict=True)
        )


def continue_playlist(seed: PlaylistSeed, tools: PlaylistTools) -> Continuation:
    """Continues a playlist with tracks that it does not have yet.

    Raises:
        NotFound: The catalogue has none of the seed tracks.
        NoSound: None of those it has can be heard.
    """
    known = _vectors_of(seed, tools)
    tastes, understood = _steer(summarise_taste(known.vectors), seed.text, tools)
    snapshot = tools.searcher.snapshot()
    rankings = _search(tastes, seed, snapshot, tools)
    merged = keep_allowed(merge_hits(rankings, tastes, snapshot), seed.filter)
    unseen = drop_seen(merged, {*seed.track_ids, *seed.filter.exclude_ids})
    if seed.raw:
        chosen = unseen[: seed.limit]
    else:
        kept = cap_artists(
            merge_versions(unseen, known=known.candidates), seed.filter.max_per_artist
        )
        chosen = order_by_flow(diversify(kept, seed.limit), known.tracks[-1].description)
        chosen = explain_continuation(chosen, known.tracks)
    return Continuation(
        hits=hits_of(chosen), ignored_seed_ids=known.ignored_ids, understood=understood
    )


def make_playlist(
    text: str, *, conditions: TrackFilter, limit: int, tools: PlaylistTools
) -> MadePlaylist:
    """Makes a playlist from words: what a search finds, in an order that flows from the best hit.

    Raises:
        InvalidRequest: There are no words, or the limit is outside 1 to 500.
    """
    if not text.strip():
        raise InvalidRequest("a playlist needs words to be made from")
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"limit is {limit}; it must be between 1 and {MAX_LIMIT}")
    found = tools.find(text, conditions=conditions, limit=limit)
    ordered = order_by_flow([_candidate(hit) for hit in found.hits], None)
    return MadePlaylist(
        hits=hits_of(ordered), understood=found.understood, no_match=not found.hits
    )


def merge_hits(
    rankings: Sequence[Ranking], tastes: Sequence[Taste], snapshot: TrackSnapshot
) -> list[Candidate]:
    """Joins the rankings of several tastes into one, best first.

    A track's relevance is the mean over tastes, weighted by their shares; a track outside a
    taste's ranking gets that ranking's lowest relevance.
    """
    keys = np.unique(np.concatenate([ranking.keys for ranking in rankings]))
    relevances, scores, starts_s = (np.zeros(len(keys)) for _ in range(3))
    for ranking, taste in zip(rankings, tastes, strict=True):
        places = np.searchsorted(keys, ranking.keys)
        relevances += taste.weight * _spread(ranking.relevances, places, len(keys))
        scores += taste.weight * _spread(ranking.scores, places, len(keys))
        starts_s[places] = ranking.starts_s
    merged = Ranking(
        keys=keys,
        scores=scores.astype(np.float32),
        relevances=relevances.astype(np.float32),
        starts_s=starts_s.astype(np.float32),
        plan=rankings[0].plan,
    )
    return best_first(candidates_of(merged, snapshot))


def _vectors_of(seed: PlaylistSeed, tools: PlaylistTools) -> _Seed:
    ids = dict.fromkeys(seed.track_ids)
    tracks = tools.catalogue.get_tracks(ids)
    if not tracks:
        raise NotFound(f"the catalogue has none of the {len(ids)} seed tracks")
    vectors = tools.catalogue.vectors_of(ids, str(tools.embedder.space))
    heard = [track_id for track_id in seed.track_ids if track_id in tracks and track_id in vectors]
    if not heard:
        raise NoSound(
            "none of the seed tracks can be heard: they are known by words or await a reindex"
        )
    return _Seed(
        tracks=tuple(tracks[track_id] for track_id in heard),
        vectors=tuple(_whole(vectors, track_id) for track_id in heard),
        ignored_ids=tuple(track_id for track_id in ids if track_id not in heard),
    )


def _whole(vectors: Mapping[str, TrackVectors], track_id: str) -> Vector:
    return vectors[track_id].track


def _steer(
    tastes: Sequence[Taste], text: str, tools: PlaylistTools
) -> "tuple[list[Taste], Understanding | None]":
    if not text.strip():
        return list(tastes), None
    words = tools.embedder.embed_text(text)
    steered = [
        replace(t, vector=tools.embedder.fuse(
            text=words.vector, sound=t.vector, balance=1 - WORDS_WEIGHT
        ))
        for t in tastes
    ]  # fmt: skip
    return steered, words.understanding


def _search(
    tastes: Sequence[Taste], seed: PlaylistSeed, snapshot: TrackSnapshot, tools: PlaylistTools
) -> list[Ranking]:
    allowed = None
    if not seed.filter.allows_all:
        allowed = tools.catalogue.rows_allowed(seed.filter, str(tools.embedder.space))
    pool = max(POOL, POOL_PER_HIT * seed.limit) + len(seed.track_ids)
    num_tracks = max(pool, snapshot.num_tracks) if seed.raw else pool
    return [
        snapshot.search(taste.vector, allowed=allowed, num_tracks=num_tracks) for taste in tastes
    ]


def _spread(values: Vector, places: npt.NDArray[np.int64], num_tracks: int) -> Weights:
    """The values at their places; the lowest of them everywhere else."""
    lowest = float(values.min()) if len(values) else 0.0
    spread = np.full(num_tracks, lowest)
    spread[places] = values
    return spread


def _candidate(hit: Hit) -> Candidate:
    return Candidate(
        track=hit.track, relevance=hit.relevance, start_s=hit.start_s, reasons=hit.reasons
    )
