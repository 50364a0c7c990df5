"""Forgives one wrong letter in a word of the lists; refuses to touch ordinary English words."""

from collections.abc import Iterator
from functools import cache, lru_cache
from string import ascii_lowercase

from encoders.lexicon.language import english_words, is_content
from encoders.lexicon.vocabulary import load_vocabulary, withheld_words

SHORTEST = 5  # letters; shorter words have too many neighbours
FORGIVEN = ("mood", "activity", "genre", "instrument", "tempo", "vocals")


def forgive_letter(word: str) -> str | None:
    """The one list word that is a letter away (added, lost, changed or swapped), or None.

    A lost letter is likelier than an added one, and that than a changed one. None too where the
    word is ordinary English, or several list words are as near and mean different things.
    """
    return _forgive_letter(word, withheld_words())


@lru_cache(maxsize=10_000)
def _forgive_letter(word: str, withheld: frozenset[str]) -> str | None:
    if len(word) < SHORTEST or not word.isalpha() or word in english_words():
        return None
    if not is_content(word):
        return None
    targets = _targets(withheld)
    for neighbours in (_swapped_or_lost(word), _added(word), _changed(word)):
        near = sorted({n for n in neighbours if n in targets})
        if near:
            return near[0] if len({targets[n] for n in near}) == 1 else None
    return None


@cache
def _targets(withheld: frozenset[str]) -> dict[str, tuple[str, ...]]:
    phrases = load_vocabulary().phrases
    return {
        phrase: tuple(e.key for e in entries)
        for phrase, entries in phrases.items()
        if len(phrase) >= SHORTEST - 1 and phrase.isalpha() and entries[0].name in FORGIVEN
    }


def _swapped_or_lost(word: str) -> Iterator[str]:
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in ascii_lowercase)


def _added(word: str) -> Iterator[str]:
    yield from (word[:i] + word[i + 1 :] for i in range(len(word)))


def _changed(word: str) -> Iterator[str]:
    for i in range(len(word)):
        yield from (word[:i] + letter + word[i + 1 :] for letter in ascii_lowercase)
