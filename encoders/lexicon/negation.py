"""Which of the found phrases a text denies.

"no drums, guitars or vocals", "not sad but hopeful", "anything but jazz".

Knows spans and word classes, no moods. The rules, in the order they are tried on each word after a
negator:

- a stop (. ; ! ? and dashes), "but", "just", "instead" ... or another negator ends its reach, and
  so does "with" unless nothing was reached before it ("nothing with drums");
- a comma ends it, unless what follows is a list that ends with "or", "nor" (or "and" after "no"
  and "without");
- "and" goes on to a like thing, but not from a noun to an adjective ("no vocals and soft piano");
- "not" reaches the adjectives that follow it, not the noun behind them ("not sad piano music");
- after three words that mean nothing here it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from encoders.lexicon.language import load_grammar

STOPS = frozenset(".;!?:()\u2013\u2014")
NOUNS = frozenset({"instrument", "vocals", "genre", "activity", "metre", "key"})
BEFORE_NOUNS = frozenset(
    {"no", "without", "avoid", "exclude", "neither", "minus", "lacking", "sans"}
)
ONE_ITEM = frozenset({"too", "less", "fewer", "least"})
MAX_UNKNOWN = 3
LOWERED = 0.7  # confidence of an adjective that is denied together with its noun: "no loud drums"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Holds one word, stop, or found phrase of a text."""

    words: str  # lower case
    kind: str = ""  # the name of a found phrase's first meaning; "" for a plain word or stop

    @property
    def is_noun(self) -> bool:
        """True for phrases that name things rather than qualities."""
        return self.kind in NOUNS


@dataclass(frozen=True, kw_only=True)
class Denied:
    """Holds what a text denies, as positions among its pieces."""

    phrases: dict[int, float]  # denied phrases, each with the confidence of that
    clauses: frozenset[int]  # every piece from a negator to the last phrase it reaches


def find_denied(pieces: Sequence[Piece]) -> Denied:
    """Read every negator of the text."""
    phrases: dict[int, float] = {}
    clauses: set[int] = set()
    negators = load_grammar().negators
    for i, piece in enumerate(pieces):
        reached = list[int]()
        if not piece.kind and piece.words in negators:
            reached = _reach(pieces, i)
        elif piece.words == "free" and i and pieces[i - 1].kind:
            reached = [i - 1]
        phrases |= dict.fromkeys(reached, 1.0)
        clauses |= set(range(min([i, *reached]), max([i, *reached]) + 1)) if reached else set()
    _soften_adjectives(pieces, phrases)
    return Denied(phrases=phrases, clauses=frozenset(clauses))


def _reach(pieces: Sequence[Piece], start: int) -> list[int]:
    """Positions of the phrases that the negator at `start` denies."""
    negator, reached, unknown, joined = pieces[start].words, list[int](), 0, False
    for i in range(start + 1, len(pieces)):
        piece = pieces[i]
        if piece.kind:
            if _leaves(pieces, reached, i, negator=negator, joined=joined):
                break
            reached.append(i)
            joined = False
            if negator in ONE_ITEM:
                break
        elif _ends(pieces, i, start, any_reached=bool(reached)):
            break
        elif piece.words in ("and", "or", "nor", ",", "/"):
            joined = True
        else:
            unknown += 1
            if unknown > MAX_UNKNOWN:
                break
    return reached


def _ends(pieces: Sequence[Piece], i: int, start: int, *, any_reached: bool) -> bool:
    grammar, word = load_grammar(), pieces[i].words
    if word == ",":
        return not _list_goes_on(pieces, i, start)
    if word == "with":
        return any_reached
    if word == "and" and i + 1 < len(pieces):
        return pieces[i + 1].words in ("a", "an", "some", "lots", "plenty", "very")
    return word in STOPS or word in grammar.breakers or word in grammar.negators - {"nor", "or"}


def _list_goes_on(pieces: Sequence[Piece], comma: int, start: int) -> bool:
    """True where only phrases, commas and articles stand between this comma and an "or"."""
    closers = {"or", "nor"} | ({"and"} if pieces[start].words in BEFORE_NOUNS else set())
    for piece in pieces[comma + 1 :]:
        if piece.words in closers:
            return True
        if not piece.kind and piece.words not in (",", "a", "the", "any"):
            return False
    return False


def _leaves(
    pieces: Sequence[Piece], reached: Sequence[int], i: int, *, negator: str, joined: bool
) -> bool:
    """True where the phrase at `i` is no longer what the negator means."""
    if not reached:
        return False
    last = pieces[reached[-1]]
    if joined:
        return last.is_noun and not pieces[i].is_noun
    return negator in ("not", "isn't", "never", "nor") and pieces[i].is_noun


def _soften_adjectives(pieces: Sequence[Piece], denied: dict[int, float]) -> None:
    for i in sorted(denied):
        if not pieces[i].is_noun and i + 1 in denied and pieces[i + 1].is_noun:
            denied[i] = LOWERED
