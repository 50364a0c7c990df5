"""Whether a text is English, and which of its words carry no content.

Knows no music terms beyond those it is given.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from encoders.lexicon.vocabulary import FOLDER, read_list

MAX_FOREIGN_LETTERS = 0.3  # share of letters outside the Latin script
LAST_ASCII = 127
LOANED = "éëï\u2018\u2019"  # in English words too: café, Noël, naïve


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """Holds the closed word classes of English and the commonest words of its neighbours."""

    negators: frozenset[str]
    not_negators: frozenset[str]
    breakers: frozenset[str]
    idioms: frozenset[str]
    english: frozenset[str]
    filler: frozenset[str]
    foreign: frozenset[str]
    closed: frozenset[str]  # function words, filler and all the other closed classes together


@cache
def load_grammar() -> Grammar:
    """The lists of grammar.json, read once per process."""
    lists = read_list("grammar")
    foreign = {word for words in lists["foreign"].values() for word in words}
    return Grammar(
        negators=frozenset(lists["negators"]),
        not_negators=frozenset(lists["not_negators"]),
        breakers=frozenset(lists["breakers"]),
        idioms=frozenset(lists["idioms"]),
        english=frozenset(lists["english"]),
        filler=frozenset(lists["filler"]),
        foreign=frozenset(foreign - set(lists["english"]) - set(lists["filler"])),
        closed=frozenset(
            word for name in ("english", "filler", "breakers", "negators") for word in lists[name]
        ),
    )


@cache
def english_words() -> frozenset[str]:
    """Twenty thousand ordinary words: what is among them is no misspelling of a music word."""
    return frozenset((FOLDER / "english.txt").read_text(encoding="utf-8").split())


def is_english(text: str, words: Sequence[str], *, num_understood: int) -> bool:
    """False where another script or another language's commonest words outweigh what is English.

    Args:
        text: as the caller wrote it.
        words: the same as lower-case words.
        num_understood: how many of the words the music lists know.
    """
    letters = [c for c in text if c.isalpha()]
    other = sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if letters and other / len(letters) > MAX_FOREIGN_LETTERS:
        return False
    grammar = load_grammar()
    foreign = sum(word in grammar.foreign or _has_accent(word) for word in words)
    closed = sum(word in grammar.english or word in grammar.filler for word in words)
    return foreign == 0 or foreign <= closed + num_understood


def is_content(word: str) -> bool:
    """True for a word that says something about the wish.

    Not a function word, filler, number or sign.
    """
    return len(word) > 1 and any(c.isalpha() for c in word) and word not in load_grammar().closed


def _has_accent(word: str) -> bool:
    return any(ord(c) > LAST_ASCII and c not in LOANED for c in word)
