"""The word lists of this folder as one table of phrases; knows nothing of grammar.

    vocabulary = load_vocabulary()
    vocabulary.phrases["road trip"]      # (Entry(name="activity", value="road trip", ...),)
    vocabulary.affects["mood:sad"]       # (-0.9, -0.6, 0.1, -0.4, 0.3) on AXES
    vocabulary.tags["genre:metal"]       # {"metal": 1.0, ...} on the audio trunk's tags

Phrases are lower case with spaces for hyphens. Words can be withheld for a measurement of what
is understood without them:

    with without_words({"calm", "peaceful"}):
        understand_text("calm piano").not_understood        # ("calm",)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
AXES = ("valence", "energy", "tension", "power", "tenderness")

# Words that also have an everyday meaning, or say less about the music than others of their list.
UNSURE = {
    "beat": 0.6, "bass": 0.8, "still": 0.5, "deep": 0.5, "hard": 0.6, "flat": 0.4, "simple": 0.6,
    "complex": 0.6, "busy": 0.5, "hip": 0.5, "words": 0.6, "fire": 0.5, "date": 0.6, "run": 0.6,
    "major": 0.6, "minor": 0.6, "female": 0.8, "male": 0.8, "woman": 0.6, "women": 0.6,
    "love": 0.8, "cool": 0.6, "short": 0.5, "raw": 0.6, "rich": 0.6, "match": 0.5, "stars": 0.5,
    "car": 0.6, "keyboard": 0.8, "keyboards": 0.8, "solo": 0.8, "modern": 0.6,
    "contemporary": 0.6, "current": 0.4, "recent": 0.4, "friends": 0.6, "following": 0.5,
    "film": 0.5, "movie": 0.5, "digital": 0.6, "square": 0.4, "tom": 0.6, "traditional": 0.6,
    "keys": 0.7, "samples": 0.6, "market": 0.6, "king": 0.6, "broke": 0.5, "broken": 0.6,
    "meeting": 0.6, "desk": 0.6, "email": 0.6, "crowd": 0.6, "cake": 0.7, "lift off": 0.8,
    "ordered": 0.4, "grey": 0.6, "gray": 0.6, "sick": 0.6, "alone": 0.8, "failed": 0.6,
    "train": 0.6, "flight": 0.6, "laptop": 0.6, "computer": 0.7, "internet": 0.6,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Holds one meaning of a phrase."""

    name: str  # "mood", "activity", "genre", "instrument", "tempo", ...
    value: str
    sign: int = 1  # -1: the phrase itself denies the value ("instrumental" denies "vocals")
    confidence: float = 1.0

    @property
    def key(self) -> str:
        """The entry's name in `affects` and `tags`."""
        return f"{self.name}:{self.value}"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Holds every phrase with its meanings, and what each meaning says of affect and tags.

    Genres say it by their profile: "genre:metal" stands for all 43 kinds of metal.
    """

    phrases: Mapping[str, tuple[Entry, ...]]
    affects: Mapping[str, tuple[float, ...]]  # "name:value" -> AXES, each in [-1, 1]
    tags: Mapping[str, Mapping[str, float]]  # "name:value" -> weights on the audio trunk's tags
    heads: Mapping[str, Mapping[str, float]]  # "genre:rock" -> weights on the instrument heads
    families: Mapping[str, str]  # genre or instrument -> its family
    programs: Mapping[str, int | None]  # instrument -> General MIDI program from 0, -1 = drums


def read_list(name: str) -> Any:
    """One JSON file of this folder; Any because each has its own shape."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


_WITHHELD: ContextVar[frozenset[str]] = ContextVar("withheld words", default=frozenset())


def load_vocabulary() -> Vocabulary:
    """The table, built once per process and set of withheld words."""
    return _build_vocabulary(withheld_words())


def withheld_words() -> frozenset[str]:
    """Words that the lists do without at present; what is cached of the lists is keyed by them."""
    return _WITHHELD.get()


@contextmanager
def without_words(words: Iterable[str]) -> Iterator[None]:
    """Leave every phrase that holds one of these words out of the table, for a `with` block."""
    token = _WITHHELD.set(frozenset(word.lower() for word in words))
    try:
        yield
    finally:
        _WITHHELD.reset(token)


@cache
def _build_vocabulary(withheld: frozenset[str]) -> Vocabulary:
    phrases: dict[str, tuple[Entry, ...]] = {}
    for phrase, entry in _all_entries():
        if not withheld.isdisjoint(phrase.split()):
            continue
        confidence = UNSURE.get(phrase, 1.0)
        sure = Entry(name=entry.name, value=entry.value, sign=entry.sign, confidence=confidence)
        if sure not in phrases.get(phrase, ()):
            phrases[phrase] = (*phrases.get(phrase, ()), sure)
    genres, instruments = read_list("genres")["profiles"], read_list("instruments")["instruments"]
    return Vocabulary(
        phrases=phrases,
        affects=_affects(),
        tags=_tags(genres, instruments),
        heads={f"genre:{n}": d["heads"] for n, d in genres.items() if "heads" in d},
        families={n: d["family"] for part in (genres, instruments) for n, d in part.items()},
        programs={n: d["program"] for n, d in instruments.items()},
    )


@cache
def genre_names() -> dict[str, str]:
    """Every genre name with the profile it belongs to."""
    profiles = read_list("genres")["profiles"]
    return {name: profile for profile, d in profiles.items() for name in (profile, *d["names"])}


def _all_entries() -> Iterator[tuple[str, Entry]]:
    for value, d in read_list("moods")["moods"].items():
        yield from ((w, Entry(name="mood", value=value)) for w in d["words"])
    for value, d in read_list("activities")["activities"].items():
        yield from ((w, Entry(name="activity", value=value)) for w in d["words"])
    for name in genre_names():
        yield name, Entry(name="genre", value=name)
    for value, d in read_list("instruments")["instruments"].items():
        yield from ((w, Entry(name="instrument", value=value)) for w in d["words"])
    yield from _term_entries(read_list("terms"))


def _term_entries(terms: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    for name in ("tempo", "loudness", "texture", "vocals", "mode", "metre", "era"):
        for value, words in terms[name].items():
            yield from ((w, Entry(name=name, value=value)) for w in words)
    for word in terms["no vocals"]:
        yield word, Entry(name="vocals", value="vocals", sign=-1)
    for word, metre in terms["genre metre"].items():
        yield word, Entry(name="metre", value=metre)


def _affects() -> dict[str, tuple[float, ...]]:
    affects = {f"mood:{n}": tuple(d["affect"]) for n, d in read_list("moods")["moods"].items()}
    for name, d in read_list("activities")["activities"].items():
        affects[f"activity:{name}"] = tuple(d["affect"])
    for key, values in read_list("terms")["affects"].items():
        affects[key] = tuple(values)
    return affects


def _tags(genres: dict[str, Any], instruments: dict[str, Any]) -> dict[str, dict[str, float]]:
    tags = {f"genre:{profile}": dict(d["tags"]) for profile, d in genres.items()}
    tags |= {f"instrument:{n}": dict(d["tags"]) for n, d in instruments.items()}
    for name, lists in (("mood", "moods"), ("activity", "activities")):
        groups = read_list(lists)[lists]
        tags |= {f"{name}:{n}": dict(d["tags"]) for n, d in groups.items() if "tags" in d}
    return tags | {key: dict(weights) for key, weights in read_list("terms")["tags"].items()}
