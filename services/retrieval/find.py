"""The story of a search: from words, a clip, a recording or a track to the music that fits.

Read `find_music` from top to bottom; its steps stand below it and in the modules they come from.
Knows no transport.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from encoders.attributes import Description
from services.catalogue.records import TrackFilter
from services.generation.brief import brief_from_query
from services.generation.compose import ComposedPiece, PieceRequest, compose_music
from services.recommendation.candidates import candidates_of
from services.recommendation.hits import Candidate, hits_of
from services.recommendation.ports import FindsTracks
from services.recommendation.shaping import (
    cap_artists,
    diversify,
    drop_seen,
    keep_above_floor,
    keep_allowed,
    merge_versions,
)
from services.retrieval.asks import drop_ruled_out, weigh_asks
from services.retrieval.named import add_named, find_named, last_without_sound
from services.retrieval.query import Answer, MusicQuery, SimilarQuery
from services.retrieval.reasons import explain, latest_start_s
from services.retrieval.snapshot import Snapshot
from services.retrieval.tools import Tools
from services.retrieval.wish import Wish, make_wish

# Tracks looked at for each query; filters, caps and diversity choose among them.
POOL = 300
POOL_PER_HIT = 4
# The calibration fits its floor on words. A sound alone asks for its likes, and is answered
# by what is more likely to fit than not.
EVEN_ODDS = 0.5
# Hits below the floor that tell a composer what came nearest.
NUM_SIMILAR = 3


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the search found: candidates best first, how it searched, and the floor.

    `num_tracks` is how many could have been heard, whatever the conditions.
    """

    candidates: tuple[Candidate, ...]
    plan: str
    floor: float
    num_tracks: int

    @property
    def best_relevance(self) -> float:
        """Relevance of the best candidate; 0 without any."""
        return self.candidates[0].relevance if self.candidates else 0.0


def find_music(query: MusicQuery, tools: Tools) -> Answer:
    """Finds music for text, a clip, a recording, a MIDI file, a track or any mix of them.

    Raises:
        MediaError: A file cannot be read.
        NotFound: The track to be like is not there.
        NoSound: The track to be like has no sound.
    """
    wish = make_wish(query, tools)  # decode, embed, understand, fuse
    found = search_tracks(query, wish, tools)  # plan, search, group by track
    if query.raw:
        return _answer(found.candidates[: query.limit], wish, found)
    kept = drop_seen(keep_allowed(found.candidates, query.filter), _seen_ids(query))
    kept, ruled_out = drop_ruled_out(kept, wish.understood)
    pieces = merge_versions(kept, known=wish.known)
    fitting = keep_above_floor(pieces, found.floor)
    chosen = diversify(cap_artists(fitting, query.filter.max_per_artist), query.limit)
    chosen = leave_room(chosen, wish.clip_s)
    answer = _answer(explain(chosen, wish), wish, replace(found, candidates=tuple(pieces)))
    if answer.no_match and query.may_compose:
        answer = replace(answer, composed=compose_instead(query, wish, pieces, tools))
    return replace(answer, remarks=(*answer.remarks, *ruled_out))


def find_similar(query: SimilarQuery, tools: Tools) -> Answer:
    """Finds tracks that sound like one of the catalogue; the track itself is never answered.

    Raises:
        NotFound: There is no such track.
        NoSound: It has no sound to compare.
    """
    asked = MusicQuery(
        like_track_id=query.track_id, filter=query.filter, limit=query.limit, raw=query.raw
    )
    return find_music(asked, tools)


def find_for_playlist(tools: Tools) -> FindsTracks:
    """The search that playlists are made with: the same story, asked for more."""

    def find(text: str, *, conditions: TrackFilter, limit: int) -> Answer:
        return find_music(MusicQuery(text=text, filter=conditions, limit=limit), tools)

    return find


def search_tracks(query: MusicQuery, wish: Wish, tools: Tools) -> Found:
    """Searches the index and the names, and weighs what the words ask exactly; best first."""
    snapshot = tools.searcher.snapshot()
    num_tracks = snapshot.num_tracks if query.raw else max(POOL, POOL_PER_HIT * query.limit)
    allowed = allowed_rows(query.filter, snapshot, tools)
    ranking = snapshot.search(wish.vector, allowed=allowed, num_tracks=max(1, num_tracks))
    candidates = weigh_asks(candidates_of(ranking, snapshot), wish.understood)
    named = find_named(wish.understood, tools.catalogue) if wish.understood else []
    if query.raw:
        candidates = drop_seen(candidates, _seen_ids(query))[: query.limit]
        extra = keep_allowed(last_without_sound(named), query.filter)
        candidates = [*candidates, *extra]
    else:
        candidates = add_named(candidates, named)
    return Found(
        candidates=tuple(candidates),
        plan=ranking.plan,
        floor=floor_for(wish, snapshot),
        num_tracks=snapshot.num_tracks,
    )


def floor_for(wish: Wish, snapshot: Snapshot) -> float:
    """Relevance below which "no match" is the honest answer to a wish."""
    floor = snapshot.calibration.floor
    by_sound_alone = wish.understood is None and wish.seen is None
    return min(floor, EVEN_ODDS) if by_sound_alone else floor


def allowed_rows(
    conditions: TrackFilter, snapshot: Snapshot, tools: Tools
) -> npt.NDArray[np.int64] | None:
    """Rows that meet the conditions; None where all do."""
    if conditions.allows_all:
        return None
    return tools.catalogue.rows_allowed(conditions, snapshot.space)


def leave_room(candidates: Sequence[Candidate], clip_s: float | None) -> list[Candidate]:
    """Starts early enough that the music lasts as long as the clip, where the track does."""
    if clip_s is None:
        return list(candidates)
    return [replace(c, start_s=min(c.start_s, latest_start_s(c, clip_s))) for c in candidates]


def compose_instead(
    query: MusicQuery, wish: Wish, nearest: Sequence[Candidate], tools: Tools
) -> ComposedPiece:
    """Composes a piece for a wish that nothing fits; it is labelled as generated."""
    reading = brief_from_query(
        wish.understood,
        seen=wish.seen,
        length_s=wish.clip_s,
        heard=[wish.heard] if wish.heard else _heard(nearest[:NUM_SIMILAR]),
    )
    return compose_music(
        PieceRequest(
            brief=reading.brief, unserved=reading.unserved, seed=query.seed, render=query.render
        ),
        composer=tools.composer,
        reader=tools.reader,
    )


def _answer(hits: Sequence[Candidate], wish: Wish, found: Found) -> Answer:
    return Answer(
        hits=hits_of(hits),
        understood=wish.understood,
        seen=wish.seen,
        no_match=found.best_relevance < found.floor or not found.candidates,
        floor=found.floor,
        best_relevance=found.best_relevance,
        plan=found.plan,
        remarks=(*wish.remarks, *_remarks_on(found)),
    )


def _remarks_on(found: Found) -> tuple[str, ...]:
    """Why nothing at all could be answered."""
    if found.candidates:
        return ()
    if not found.num_tracks:
        return ("the catalogue holds no music that can be heard yet: import some first",)
    return ("no track of the catalogue meets the conditions",)


def _seen_ids(query: MusicQuery) -> frozenset[str]:
    return frozenset((*query.filter.exclude_ids, query.like_track_id))


def _heard(candidates: Sequence[Candidate]) -> list[Description]:
    return [c.track.description for c in candidates if c.track.description is not None]
