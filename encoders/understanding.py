"""The one reader of words: what a wish asks for and rules out, and what was not understood.

Holds no network.

    understanding = understand_text("slow sad piano in A minor, no drums, about two minutes")
    for asked in understanding.asked: ...

Search makes filters and signed directions of it, composition makes a brief of it. English only: a
text in another language has `language_supported` False and nothing asked.

What may be asked (`Asked.name`: values of `Asked.value`):

    mood, activity              a group of the word lists ("sad", "workout")
    genre, instrument           a name of the lists ("deep house", "piano"); see genre_family,
                                general_midi_program
    vocals                      "vocals", "female vocals", "male vocals"; "instrumental" is
                                "vocals" with sign -1
    tempo                       "very slow", "slow", "medium", "fast", "very fast"
    tempo_bpm, _min, _max       beats a minute, float
    key                         "A minor", "Bb major", as spelt in the text; see same_key
    mode                        "major", "minor"
    metre                       "3/4"
    length_s, _min, _max        seconds, float
    bars                        float, whole
    era                         "80s", "00s", "retro", "modern"
    loudness, texture           "loud", "quiet"; "sparse", "dense", "solo", "acoustic",
                                "electronic" ...

`sign` is -1 for what is ruled out ("no drums", "not sad", "too loud").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from typing import Any

from encoders.lexicon.language import is_content, is_english, load_grammar
from encoders.lexicon.negation import Piece, find_denied
from encoders.lexicon.numbers import Number, find_numbers
from encoders.lexicon.spelling import forgive_letter
from encoders.lexicon.vocabulary import Entry, load_vocabulary, withheld_words

MAX_TEXT = 2_000  # characters that are read; the rest is ignored
MISSPELT = 0.7  # confidence of a word with one wrong letter
PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_WORD = re.compile(r"\br ?& ?b\b|[^\W_]+(?:['\u2019][^\W_]+)*|[^\w\s]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Holds one thing that a text asks for (sign 1) or rules out (sign -1)."""

    name: str
    value: str | float
    words: str  # as written
    sign: int = 1
    confidence: float = 1.0  # 0 to 1


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """Holds what a text was understood to mean."""

    text: str
    asked: tuple[Asked, ...]
    not_understood: tuple[str, ...]  # content words outside every list, as written
    language_supported: bool = True
    affirmed: str = ""  # the text without its denials: "slow piano" of "slow piano, no drums"
    denied: str = (
        ""  # what is denied: "drums"; both empty where nothing has content ("music, please")
    )
    near: tuple[str, ...] = ()  # phrases that the words not understood are taken for, by a tower

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def values(self, name: str, sign: int = 1) -> tuple[str | float, ...]:
        """Values of everything asked under one name with one sign, in the order of the text."""
        return tuple(a.value for a in self.asked if a.name == name and a.sign == sign)


@dataclass(frozen=True, kw_only=True)
class _Token:
    """Holds a word, stop or number with its place; `entries` where the lists know it."""

    words: str
    start: int
    stop: int
    entries: tuple[Entry, ...] = ()
    number: Number | None = None
    num_words: int = 1


def understand_text(text: str) -> Understanding:
    """Read a wish; never fails, says what it could not read."""
    return _understand(text, withheld_words())


def general_midi_program(instrument: str) -> int | None:
    """General MIDI program from 0, -1 for drums.

    None where there is none ("turntable") or the name is not ours.
    """
    return load_vocabulary().programs.get(instrument)


def instrument_family(instrument: str) -> str | None:
    """Family of an instrument's name: "keys", "strings", "brass", "drums" ..."""
    return load_vocabulary().families.get(instrument)


def genre_family(genre: str) -> str | None:
    """The genre at the root of the tree: "rock" for "death metal".

    None where the name is not ours.
    """
    from encoders.lexicon.vocabulary import genre_names

    profile = genre_names().get(genre)
    return load_vocabulary().families.get(profile) if profile else None


def same_key(one: str, other: str) -> bool:
    """True where two keys sound alike: "Bb major" and "A# major"."""
    return _pitch_class(one) == _pitch_class(other)


@lru_cache(maxsize=4096)
def _understand(text: str, withheld: frozenset[str]) -> Understanding:
    read = text[:MAX_TEXT]
    tokens = _match_phrases(_split(read))
    words = [t.words for t in tokens if t.words and t.words[0].isalnum()]
    exact = load_vocabulary().phrases  # what a letter was forgiven in proves no language
    num_understood = sum(t.num_words for t in tokens if t.words in exact or t.number)
    if not is_english(read, words, num_understood=num_understood):
        unread = tuple(t.words for t in tokens if is_content(t.words))
        return Understanding(
            text=text, asked=(), not_understood=unread, language_supported=False, affirmed=read
        )
    found = find_denied([Piece(words=t.words, kind=_kind(t)) for t in tokens])
    return Understanding(
        text=text,
        asked=tuple(_ask(read, tokens, found.phrases)),
        affirmed=_join(read, [t for i, t in enumerate(tokens) if i not in found.clauses]),
        denied=_join(read, [tokens[i] for i in sorted(found.phrases)]),
        not_understood=tuple(
            read[t.start : t.stop]
            for i, t in enumerate(tokens)
            if not t.entries
            and t.number is None
            and is_content(t.words)
            and not (t.words == "free" and i in found.clauses)
        ),
    )


def _pitch_class(key: str) -> tuple[int, str]:
    note, mode = key.split()
    return (PITCHES[note[0]] + note.count("#") - note.count("b", 1)) % 12, mode


def _split(text: str) -> list[_Token]:
    """Words and stops in order; a number with its unit is one token."""
    numbers = find_numbers(text)
    tokens = [_Token(words="", start=n.start, stop=n.stop, number=n) for n in numbers]
    covered = {c for n in numbers for c in range(n.start, n.stop)}
    for match in _WORD.finditer(text):
        if match.start() not in covered and match[0] not in "-_'\u2019":
            word = match[0].lower().replace("\u2019", "'").replace(" ", "")
            tokens.append(_Token(words=word, start=match.start(), stop=match.end()))
    return sorted(tokens, key=lambda t: t.start)


def _match_phrases(tokens: Sequence[_Token]) -> list[_Token]:
    """Join words to the longest phrases that the lists or the grammar know."""
    joined: list[_Token] = []
    i = 0
    while i < len(tokens):
        token = _longest_phrase(tokens, i) if tokens[i].number is None else tokens[i]
        joined.append(token)
        i += token.num_words
    return joined


def _longest_phrase(tokens: Sequence[_Token], i: int) -> _Token:
    vocabulary, grammar = load_vocabulary(), load_grammar()
    longest = _longest_from(withheld_words()).get(tokens[i].words, 0)
    for length in range(min(longest, len(tokens) - i), 0, -1):
        part = tokens[i : i + length]
        if any(t.number is not None for t in part):
            continue
        phrase = " ".join(t.words for t in part)
        known = vocabulary.phrases.get(phrase)
        ignored = phrase in grammar.idioms or phrase in grammar.not_negators
        if ignored or known or phrase in grammar.negators:
            return _Token(
                words="" if ignored else phrase,
                start=part[0].start,
                stop=part[-1].stop,
                entries=() if ignored or known is None else known,
                num_words=length,
            )
    return _single_word(tokens[i])


@cache
def _longest_from(withheld: frozenset[str]) -> dict[str, int]:
    """Words in the longest known phrase that begins with a word."""
    grammar = load_grammar()
    known = [load_vocabulary().phrases, grammar.idioms, grammar.not_negators, grammar.negators]
    longest: dict[str, int] = {}
    for phrase in (p for part in known for p in part):
        words = phrase.split()
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return longest


def _single_word(token: _Token) -> _Token:
    """A word outside the lists: perhaps "drumless", a possessive, or one letter off."""
    phrases = load_vocabulary().phrases
    word = token.words.removesuffix("'s").removesuffix("s'")
    stem = word.removesuffix("less")
    if stem != word:
        things = [e for s in (stem, stem + "s") for e in phrases.get(s, ())]
        denied = tuple(replace(e, sign=-1) for e in things if e.name in ("instrument", "vocals"))
        if denied:
            return replace(token, entries=denied[:1])
    if word != token.words and word in phrases:
        return replace(token, entries=phrases[word])
    meant = forgive_letter(word)
    entries = phrases[meant] if meant else ()
    return replace(
        token, entries=tuple(replace(e, confidence=e.confidence * MISSPELT) for e in entries)
    )


def _join(text: str, tokens: Sequence[_Token]) -> str:
    """The tokens as written; nothing where none of them has content."""
    if not any(t.entries or t.number or is_content(t.words) for t in tokens):
        return ""
    joined = " ".join(text[t.start : t.stop] for t in tokens)
    return joined.replace(" ,", ",").replace(" .", ".").strip(" ,.;:")


def _ask(text: str, tokens: Sequence[_Token], denied: Mapping[int, float]) -> list[Asked]:
    asked: list[Asked] = []
    for i, token in enumerate(tokens):
        words = text[token.start : token.stop]
        sign, sureness = (-1, denied[i]) if i in denied else (1, 1.0)
        if token.number is not None:
            n = token.number
            asked.append(
                Asked(name=n.name, value=n.value, words=words, sign=sign, confidence=n.confidence)
            )
        for e in token.entries:
            asked.append(
                Asked(name=e.name, value=e.value, words=words, sign=sign * e.sign,
                      confidence=round(e.confidence * sureness, 3))
            )  # fmt: skip
    return _without_repeats(asked)


def _kind(token: _Token) -> str:
    if token.number is not None:
        return token.number.name
    return token.entries[0].name if token.entries else ""


def _without_repeats(asked: Sequence[Asked]) -> list[Asked]:
    """The same thing twice counts once, with the higher confidence."""
    kept: dict[tuple[str, str | float, int], Asked] = {}
    for a in asked:
        key = (a.name, a.value, a.sign)
        if key not in kept or a.confidence > kept[key].confidence:
            kept[key] = a
    return list(kept.values())
