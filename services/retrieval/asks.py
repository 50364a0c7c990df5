"""What words ask exactly, held against what was heard in a track: filters and signed terms.

The vector of a sentence says how music should sound; numbers, keys and negations are exact, so
they are checked against the description. A term is a likelihood ratio that multiplies the odds
of relevance, 1 where the track has what was asked; what was not heard for certain changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from services.catalogue.records import TrackRecord, key_number
from services.recommendation.hits import Candidate, best_first, with_relevance

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.understanding import Asked, Understanding

# Quarter notes a minute that tempo words mean; they overlap as the words do.
TEMPO_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "very slow": (0.0, 70.0),
        "slow": (0.0, 96.0),
        "medium": (84.0, 128.0),
        "fast": (116.0, 999.0),
        "very fast": (145.0, 999.0),
    }
)
TEMPO_TOLERANCE = 0.08
MIN_CONFIDENCE = 0.5
# No sound alone makes a track surer than this when something exact speaks against it.
SUREST = 0.99
# Weight from which a tag of the audio trunk stands for a genre.
SAME_GENRE = 0.9
# Likelihood ratios of what a track lacks; tempo and key may be misheard, so none is near 0.
WRONG_TEMPO = 0.6
WRONG_TEMPO_WORD = 0.85
WRONG_KEY = 0.75
WRONG_MODE = 0.85
WRONG_LENGTH = 0.85
NO_VOICE = 0.7
NO_INSTRUMENT = 0.75
UNWANTED = 0.2
# Descriptions of catalogues that were made before there were heads for instruments have none of
# this; their guitar was a tag that says nothing (guitars of rock records get 0.05 and less).
HEARD_BY_HEADS = "drums"
TAG_THAT_SAYS_NOTHING = "guitar"
# Heads that hear a whole family of the word lists, by the family's name there.
FAMILY_HEADS: Mapping[str, str] = MappingProxyType(
    {
        "keys": "keyboard",
        "woodwind": "woodwinds",
        "voice": "choir",
        "synth": "synthesizer",
        **{name: name for name in ("organ", "guitar", "bass", "strings", "brass", "drums")},
    }
)
FEMALE_TAGS = ("female vocalists", "female vocalist")
MALE_TAGS = ("male vocalists",)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where a probability means absence, and from where presence; between them lies doubt."""

    absent: float
    there: float

    def presence(self, probability: float) -> float:
        """0 for absent, 1 for there, a straight line between."""
        share = (probability - self.absent) / (self.there - self.absent)
        return min(1.0, max(0.0, share))


# Read off 138 recordings: orchestras and games lie below 0.37, instrumental pop at 0.37 to 0.57,
# sung pop at 0.85 (median); a tag that fits is rarely surer than 0.5.
SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "vocals": Scale(absent=0.45, there=0.65),
        "genre": Scale(absent=0.1, there=0.3),
        "instrument": Scale(absent=0.15, there=0.5),
    }
)


def weigh_asks(
    candidates: Sequence[Candidate], understood: "Understanding | None"
) -> list[Candidate]:
    """Moves each relevance by the agreement of the track with the words, and sorts again."""
    if understood is None or not any(_is_exact(asked) for asked in understood.asked):
        return list(candidates)
    weighed = [
        with_relevance(c, move_odds(c.relevance, agreement(understood, c.track)))
        for c in candidates
    ]
    return best_first(weighed)


def move_odds(relevance: float, ratio: float) -> float:
    """The probability whose odds are those of `relevance` times a likelihood ratio."""
    surest = min(relevance, SUREST)
    return surest * ratio / (1.0 - surest + surest * ratio) if ratio != 1.0 else relevance


def agreement(understood: "Understanding", track: TrackRecord) -> float:
    """How far a track has what the words ask exactly, UNWANTED or less to 1."""
    if track.description is None:
        return 1.0
    terms = (_term(asked, track, track.description) for asked in _certain(understood.asked))
    return float(np.prod([1.0, *terms]))


def drop_ruled_out(
    candidates: Sequence[Candidate], understood: "Understanding | None"
) -> tuple[list[Candidate], tuple[str, ...]]:
    """Leaves out tracks that have what the words rule out, and says so in remarks."""
    if understood is None:
        return list(candidates), ()
    denied = [asked for asked in _certain(understood.asked) if asked.sign < 0]
    remarks = [
        f"no track could be checked for {a.value}; “no {a.value}” only steers the search"
        for a in denied
        if _is_unheard(a, candidates)
    ]
    kept: list[Candidate] = []
    for candidate in candidates:
        reason = next((a for a in denied if is_ruled_out(a, candidate.track)), None)
        if reason is None:
            kept.append(candidate)
        else:
            remarks.append(f"tracks with {reason.value} were left out, as you asked")
    return kept, tuple(dict.fromkeys(remarks))


def _is_unheard(asked: "Asked", candidates: Sequence[Candidate]) -> bool:
    """Whether something to be left out is nothing that is listened for."""
    if asked.name not in ("instrument", "vocals"):
        return False
    heard = [c.track.description for c in candidates if c.track.description is not None]
    return bool(heard) and all(presence(asked, h) is None for h in heard)


def is_ruled_out(asked: "Asked", track: TrackRecord) -> bool:
    """Whether a track has what was asked not to be there, by its tags or by ear."""
    if str(asked.value).casefold() in track.tags:
        return True
    return track.description is not None and presence(asked, track.description) == 1.0


def presence(asked: "Asked", heard: "Description") -> float | None:
    """How surely a track has a voice, genre or instrument, 0 to 1; None where nobody knows."""
    value = str(asked.value)
    if asked.name == "vocals":
        probability: float | None = _voice_probability(value, heard)
    elif asked.name == "genre":
        probability = _genre_probability(value, heard)
    elif asked.name == "instrument":
        return _instrument_presence(value, heard.instruments)
    else:
        return None
    return None if probability is None else SCALES[asked.name].presence(probability)


def in_tempo(asked: "Asked", tempo_bpm: float) -> bool:
    """Whether a tempo is what a word or a number asks, 8 % either way."""
    low, high = tempo_range(asked)
    return low * (1 - TEMPO_TOLERANCE) <= tempo_bpm <= high * (1 + TEMPO_TOLERANCE)


def tempo_range(asked: "Asked") -> tuple[float, float]:
    """Quarter notes a minute that an ask about tempo allows: lowest and highest."""
    match asked.name:
        case "tempo":
            return TEMPO_RANGES[str(asked.value)]
        case "tempo_bpm_min":
            return float(asked.value), 999.0
        case "tempo_bpm_max":
            return 0.0, float(asked.value)
    return float(asked.value), float(asked.value)


def _is_exact(asked: "Asked") -> bool:
    exact = ("tempo", "tempo_bpm", "tempo_bpm_min", "tempo_bpm_max", "key", "mode", "vocals")
    lengths = ("length_s", "length_s_min", "length_s_max")
    denied = asked.sign < 0 and asked.name == "genre"
    return asked.name in (*exact, *lengths, "instrument") or denied


def _certain(asked: "Iterable[Asked]") -> "list[Asked]":
    return [one for one in asked if one.confidence >= MIN_CONFIDENCE]


def _term(asked: "Asked", track: TrackRecord, heard: "Description") -> float:
    if asked.name.startswith("tempo"):
        return _tempo_term(asked, heard.tempo_bpm)
    if asked.name in ("key", "mode"):
        return _key_term(asked, heard.key)
    if asked.name.startswith("length_s"):
        return _length_term(asked, track.duration_s)
    return _sound_term(asked, heard)


def _tempo_term(asked: "Asked", tempo_bpm: float | None) -> float:
    if tempo_bpm is None:
        return 1.0
    if asked.name == "tempo":
        fits = in_tempo(asked, tempo_bpm) == (asked.sign > 0)
        return 1.0 if fits else WRONG_TEMPO_WORD
    if asked.name != "tempo_bpm" or asked.sign < 0:
        return 1.0 if in_tempo(asked, tempo_bpm) == (asked.sign > 0) else WRONG_TEMPO
    octaves = np.log2(tempo_bpm / float(asked.value))
    off = abs(octaves - np.round(octaves))  # half and double time are forgiven
    beyond = max(0.0, float(off) - float(np.log2(1 + TEMPO_TOLERANCE)))
    return max(WRONG_TEMPO, 1.0 - 2.0 * beyond)


def _key_term(asked: "Asked", key: str | None) -> float:
    if key is None:
        return 1.0
    if asked.name == "mode":
        return 1.0 if key.endswith(str(asked.value)) == (asked.sign > 0) else WRONG_MODE
    same = key_number(key) == key_number(str(asked.value))
    return 1.0 if same == (asked.sign > 0) else WRONG_KEY


def _length_term(asked: "Asked", duration_s: float | None) -> float:
    """A longer track can be cut, so only "at most" minds one."""
    if duration_s is None or asked.sign < 0:
        return 1.0
    if asked.name == "length_s_max":
        return 1.0 if duration_s <= float(asked.value) else WRONG_LENGTH
    return 1.0 if duration_s >= 0.9 * float(asked.value) else WRONG_LENGTH


def _sound_term(asked: "Asked", heard: "Description") -> float:
    there = presence(asked, heard)
    if there is None:
        return 1.0
    if asked.sign < 0:
        return 1.0 - (1.0 - UNWANTED) * there
    least = {"vocals": NO_VOICE, "instrument": NO_INSTRUMENT}.get(asked.name, 1.0)
    return least + (1.0 - least) * there


def _instrument_presence(value: str, heard: Mapping[str, float]) -> float | None:
    """By the instrument's own head; where there is none, absent with its whole family."""
    from encoders.lexicon.vocabulary import load_vocabulary

    if HEARD_BY_HEADS not in heard:
        known = value in heard and value != TAG_THAT_SAYS_NOTHING
        return SCALES["instrument"].presence(heard[value]) if known else None
    if value in heard:
        return _scale_of(value).presence(heard[value])
    family = FAMILY_HEADS.get(load_vocabulary().families.get(value, ""), "")
    if family in heard and _scale_of(family).presence(heard[family]) == 0.0:
        return 0.0
    return None


def _scale_of(instrument: str) -> Scale:
    """Where the shipped head of an instrument was seen to be sure."""
    from encoders.towers.instruments import instrument_doubts

    doubt = instrument_doubts().get(instrument)
    return Scale(absent=doubt.absent, there=doubt.there) if doubt else SCALES["instrument"]


def _voice_probability(value: str, heard: "Description") -> float:
    """Probability of a voice, or of a woman's or a man's by the shares of their tags."""
    women, men = (
        max((heard.tags.get(tag, 0.0) for tag in tags), default=0.0)
        for tags in (FEMALE_TAGS, MALE_TAGS)
    )
    shares = {"female vocals": women, "male vocals": men}
    if value not in shares or women + men == 0.0:
        return heard.vocals
    return heard.vocals * min(1.0, 2.0 * shares[value] / (women + men))


def _genre_probability(genre: str, heard: "Description") -> float | None:
    """The surest of the tags that stand for a genre."""
    from encoders.lexicon.vocabulary import load_vocabulary

    weights = load_vocabulary().tags.get(f"genre:{genre}", {})
    known = [
        heard.tags[tag] for tag, w in weights.items() if w >= SAME_GENRE and tag in heard.tags
    ]
    return max(known) if known else None
