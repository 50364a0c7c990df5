"""Numbers in a wish: tempo, bars, length, metre, key and era.

Each with the characters it covers; knows no moods.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# fmt: off
WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "sixteen": 16,
    "twenty": 20, "twenty-four": 24, "thirty": 30, "thirty-two": 32, "forty": 40,
    "forty-five": 45, "fifty": 50, "sixty": 60, "sixty-four": 64, "seventy": 70, "eighty": 80,
    "ninety": 90, "hundred": 100, "a hundred": 100, "one hundred": 100,
}
# fmt: on
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_N = rf"(?:\d+(?:\.\d+)?|\b(?:{_WORD.replace('-', '[- ]')})\b)"
_BPM = r"(?:bpm|b\.p\.m\.?|beats (?:per|a|/) ?minute)"
_LESS = (
    r"(?:under|below|less than|at most|max(?:imum)?|up to|no more than|not more than"
    r"|slower than|no faster than|shorter than|no longer than)"
)
_MORE = (
    r"(?:over|above|more than|at least|min(?:imum)?|no less than"
    r"|faster than|no slower than|longer than|no shorter than)"
)
_LEAD = r"(?P<lead>\b(?:[Ii]n|[Kk]ey of|[Kk]ey:?) )?"
_MODE = r"(?P<mode>major|minor|maj|min|dur|moll|Major|Minor)\b"
_TAIL = r"(?P<tail>[ -](?:key|mode|feel|tonality|scale|mood|chord))?"
_MIN = r"(?:minutes?|mins?\b)"
_SEC = r"(?:seconds?|secs?\b|s\b)"
_HINT = re.compile(r"\d|bpm|beats|bars?\b|measure|min|sec|maj|\bin [A-G]|key of", re.I)
FASTEST_BPM, MOST_BARS, LONGEST_S = 400.0, 4096, 36_000.0
FLATS = {"Cb": "B", "Fb": "E", "E#": "F", "B#": "C"}


@dataclass(frozen=True, kw_only=True)
class Number:
    """Holds one number with its meaning."""

    name: str
    value: str | float
    start: int  # characters of the text
    stop: int
    confidence: float = 1.0


def find_numbers(text: str) -> list[Number]:
    """Every number of the text that has a unit or a musical form, first come first.

    They never overlap.
    """
    if not _HINT.search(text):
        return []
    found: list[Number] = []
    taken: set[int] = set()
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            span = set(range(*match.span()))
            numbers = [] if span & taken else list(read(match))
            if numbers:
                found += numbers
                taken |= span
    return sorted(found, key=lambda n: n.start)


def _value(words: str) -> float:
    words = words.lower().replace(" ", "-")
    return float(WORDS.get(words, WORDS.get(words.replace("-", " "), 0)) or float(words))


def _ranged(
    name: str, low: str, high: str, factor: float = 1.0
) -> Callable[[re.Match[str]], Iterator[Number]]:
    def read(match: re.Match[str]) -> Iterator[Number]:
        ends = ((f"{name}_min", match[low]), (f"{name}_max", match[high]))
        for end_name, words in ends:
            yield _number(match, end_name, _value(words) * factor)

    return read


def _bounded(name: str, factor: float = 1.0) -> Callable[[re.Match[str]], Iterator[Number]]:
    def read(match: re.Match[str]) -> Iterator[Number]:
        bound = "_max" if re.match(_LESS, match[0], re.I) else "_min"
        yield _number(match, name + bound, _value(match["n"]) * factor)

    return read


def _plain(name: str) -> Callable[[re.Match[str]], Iterator[Number]]:
    def read(match: re.Match[str]) -> Iterator[Number]:
        value = _value(match["n"])
        if 0 < value <= (MOST_BARS if name == "bars" else FASTEST_BPM):
            yield _number(match, name, value)

    return read


def _clock(match: re.Match[str]) -> Iterator[Number]:
    yield _number(match, "length_s", 60.0 * int(match["m"]) + int(match["s"]))


def _minutes(match: re.Match[str]) -> Iterator[Number]:
    seconds = 60.0 * _value(match["n"]) + (_value(match["s"]) if match["s"] else 0.0)
    seconds += 30.0 if match["half"] or match["half2"] else 0.0
    if seconds <= LONGEST_S:
        yield _number(match, "length_s", seconds)


def _half_minute(match: re.Match[str]) -> Iterator[Number]:
    yield _number(match, "length_s", 30.0)


def _seconds(match: re.Match[str]) -> Iterator[Number]:
    if 0 < _value(match["n"]) <= LONGEST_S:
        yield _number(match, "length_s", _value(match["n"]))


def _metre(match: re.Match[str]) -> Iterator[Number]:
    if 1 <= int(match["a"]) <= 32:
        yield _number(match, "metre", f"{int(match['a'])}/{match['b']}")


def _key(match: re.Match[str]) -> Iterator[Number]:
    """Read "in A minor" as a key; "in a minor key" names a mode and is left to the word lists."""
    note, led = match["note"], bool(match["lead"])
    if match["tail"] or (note == "a" and not led):
        return
    mode = "major" if match["mode"].lower() in ("major", "maj", "dur") else "minor"
    yield _number(match, "key", f"{_note_name(note, match['acc'])} {mode}")


def _note_key(match: re.Match[str]) -> Iterator[Number]:
    """Take "in D" as D major, "in Am" as A minor; the first with half confidence."""
    mode = "minor" if match["m"] else "major"
    yield _number(
        match,
        "key",
        f"{_note_name(match['note'], match['acc'])} {mode}",
        0.8 if match["m"] else 0.5,
    )


def _note_name(note: str, accidental: str | None) -> str:
    signs = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}
    name = note.upper() + signs.get((accidental or "").strip(" -").lower(), "")
    return FLATS.get(name, name)


def _decade(match: re.Match[str]) -> Iterator[Number]:
    yield _number(match, "era", f"{match['d']}0s")


def _year(match: re.Match[str]) -> Iterator[Number]:
    yield _number(match, "era", f"{match['d']}0s", 0.7)


def _number(
    match: re.Match[str], name: str, value: str | float, confidence: float = 1.0
) -> Number:
    return Number(
        name=name, value=value, start=match.start(), stop=match.end(), confidence=confidence
    )


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[Number]]], ...] = tuple(
    (re.compile(pattern, flags), read)
    for pattern, flags, read in (
        (rf"(?P<lo>{_N})\s*(?:-|\u2013|to|and)\s*(?P<hi>{_N})\s*{_BPM}", re.I,
         _ranged("tempo_bpm", "lo", "hi")),
        (rf"(?:{_LESS}|{_MORE})\s+(?P<n>{_N})\s*{_BPM}", re.I, _bounded("tempo_bpm")),
        (rf"(?P<n>{_N})[\s-]*{_BPM}", re.I, _plain("tempo_bpm")),
        (r"\b(?:bpm|tempo)(?: of| is|:|=| at)*\s*(?P<n>\d{2,3})\b", re.I, _plain("tempo_bpm")),
        (rf"(?P<n>{_N})[\s-]+(?:bars?|measures?)\b(?![\s-]+blues)", re.I, _plain("bars")),
        (r"\b(?:19|20)(?P<d>\d)0'?s\b", re.I, _decade),
        (r"(?:'|\b)(?P<d>[5-90])0'?s\b", re.I, _decade),
        (r"\b(?:19|20)(?P<d>\d)\d\b(?![\s-]*(?:bpm|bars|sec|min))", re.I, _year),
        (r"\b(?P<m>\d{1,2}):(?P<s>[0-5]\d)\b", re.I, _clock),
        (rf"(?:{_LESS}|{_MORE})\s+(?P<n>{_N})[\s-]*{_MIN}", re.I, _bounded("length_s", 60.0)),
        (rf"(?:{_LESS}|{_MORE})\s+(?P<n>{_N})[\s-]*{_SEC}", re.I, _bounded("length_s")),
        (r"\bhalf (?:a|of a) minute\b|\bhalf-minute\b", re.I, _half_minute),
        (rf"(?P<n>{_N})(?P<half> and a half)?[\s-]*{_MIN}(?P<half2> and a half)?"
         rf"(?:\s*(?:and|,)?\s*(?P<s>{_N})[\s-]*{_SEC})?", re.I, _minutes),
        (rf"(?P<n>(?!an?\b){_N})[\s-]*{_SEC}", re.I, _seconds),
        (r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>2|4|8|16)(?![\d/])", re.I, _metre),
        (rf"{_LEAD}\b(?P<note>[A-Ga])(?P<acc>#|♯|b|♭|[ -](?:sharp|flat))?[ -]?{_MODE}{_TAIL}",
         0, _key),
        (r"\b(?P<note>[b-g])(?P<lead>)(?P<acc>#|♯|♭|[ -](?:sharp|flat))?[ -]"
         r"(?P<mode>major|minor)\b(?P<tail>)", 0, _key),
        (r"\b(?:in|key of) (?P<note>[A-G])(?P<acc>#|♯|b|♭| sharp| flat)?(?P<m>m)?(?![\w'])",
         0, _note_key),
    )
)  # fmt: skip
