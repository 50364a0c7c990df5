"""Finds tracks that a wish names by title or artist; those without sound are found only so."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from services.catalogue.records import TrackRecord
from services.catalogue.store import Catalogue
from services.recommendation.hits import Candidate, Reason, best_first

if TYPE_CHECKING:
    from encoders.understanding import Understanding

# Relevance of a track whose title and artist are both named, or only one of them.
NAMED_FULLY = 0.98
NAMED = 0.9
# Share of the content words above which a wish is about the name.
MOST_WORDS = 0.6
MAX_NAMED = 50
MAX_LOOKUPS = 4
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_WORD = re.compile(rf"[^\W_]+(?:['{_APOSTROPHE}][^\W_]+)*")
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,120})[\"”]")
# Words that belong to the wish and not to a name.
_FILLER = frozenset(
    {"a", "an", "and", "any", "by", "for", "from", "i", "in", "it", "like", "me", "music", "my",
     "of", "on", "or", "piece", "play", "please", "recording", "some", "something", "song",
     "songs", "that", "the", "this", "title", "titled", "track", "tracks", "want", "with", "would",
     "you"}
)  # fmt: skip
BY_WORDS_ONLY = Reason(
    kind="words", text="known by title and artist only: there is no recording to hear"
)


def find_named(understood: "Understanding", catalogue: Catalogue) -> list[Candidate]:
    """Tracks whose whole title or whole artist stands in the words, best first."""
    found: dict[int, Candidate] = {}
    for words in _lookups(understood):
        for track in catalogue.find_by_words(words, limit=MAX_NAMED, has_sound=None):
            relevance = name_match(understood, track)
            if relevance > 0:
                found[track.key] = _named_candidate(track, relevance)
    return best_first(list(found.values()))


def name_match(understood: "Understanding", track: TrackRecord) -> float:
    """How surely words name a track: NAMED_FULLY, NAMED, or 0 when they do not.

    A whole title or artist must stand in the words, and be what they are about: most of them, in
    quotation marks, or a word that means nothing else. "Rain on a window" names no "Rain".
    """
    asked = set(_content_words(understood.text))
    title, artist = set(_content_words(track.title)), set(_content_words(track.artist))
    names = [name for name in (title, artist) if name and name <= asked]
    named = set().union(*names)
    if not named or not _is_about(named, asked, understood):
        return 0.0
    return NAMED_FULLY if len(names) == 2 else NAMED


def add_named(candidates: Sequence[Candidate], named: Sequence[Candidate]) -> list[Candidate]:
    """Raises candidates that were named and adds those that only words find, best first."""
    by_key = {c.track.key: c for c in candidates}
    for one in named:
        known = by_key.get(one.track.key)
        by_key[one.track.key] = one if known is None else _raise(known, one)
    return best_first(list(by_key.values()))


def last_without_sound(named: Sequence[Candidate]) -> list[Candidate]:
    """Those of the named tracks that no sound can rank, at relevance 0."""
    return [replace(c, relevance=0.0) for c in named if not c.track.has_sound]


def _raise(known: Candidate, named: Candidate) -> Candidate:
    relevance = max(known.relevance, named.relevance)
    return replace(known, relevance=relevance, reasons=(*named.reasons, *known.reasons))


def _named_candidate(track: TrackRecord, relevance: float) -> Candidate:
    name = f"“{track.title}”" + (f" by {track.artist}" if track.artist else "")
    reasons: tuple[Reason, ...] = (Reason(kind="words", text=f"you named it: {name}"),)
    if not track.has_sound:
        reasons = (*reasons, BY_WORDS_ONLY)
    return Candidate(track=track, relevance=relevance, reasons=reasons)


def _is_about(named: set[str], asked: set[str], understood: "Understanding") -> bool:
    quoted = [set(_content_words(words)) for words in _QUOTED.findall(understood.text)]
    unread = set(_content_words(" ".join(understood.not_understood)))
    return len(named) > MOST_WORDS * len(asked) or named in quoted or bool(named & unread)


def _lookups(understood: "Understanding") -> list[str]:
    """What to look for: words in quotation marks, words in no list, and the whole wish."""
    looked = [
        *_QUOTED.findall(understood.text),
        *[" ".join(understood.not_understood)],
        *understood.not_understood,
        " ".join(_content_words(understood.text)),
    ]
    plain = (" ".join(_content_words(words)) for words in looked)
    return list(dict.fromkeys(words for words in plain if words))[:MAX_LOOKUPS]


def _content_words(text: str) -> list[str]:
    words: Iterable[str] = (
        word.replace(_APOSTROPHE, "'") for word in _WORD.findall(text.casefold())
    )
    return [word for word in (w.removesuffix("'s") for w in words) if word not in _FILLER]
