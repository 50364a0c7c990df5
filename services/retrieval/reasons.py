"""Says why a track was chosen, as a person would: only facts that were checked, best first.

A reason needs both sides: the query asked for something, and the track's description or words
have it. Where nothing else can be said, the closeness in sound is the reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from encoders.lexicon.vocabulary import AXES, load_vocabulary
from services.catalogue.records import key_number
from services.recommendation.hits import Candidate, Reason
from services.retrieval.asks import MIN_CONFIDENCE, in_tempo, presence

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.towers.clip import ClipDescription
    from encoders.understanding import Asked
    from services.retrieval.wish import Wish

MAX_REASONS = 4
# Cosine of a mood word's affect with the track's, from which the track supports the word.
SUPPORTED_FROM = 0.5
# Length of the track's affect on the axes that count, below which it supports no mood.
CLEAR_AFFECT = 0.15
TAG_FROM = 0.3
SURELY_UNSUNG = 0.3
CLEAR_SIDE = 0.15
START_WORTH_SAYING_S = 3.0


def explain(candidates: Sequence[Candidate], wish: "Wish") -> list[Candidate]:
    """The same candidates with their reasons, at most MAX_REASONS and never none."""
    return [replace(c, reasons=reasons_for(c, wish)) for c in candidates]


def reasons_for(candidate: Candidate, wish: "Wish") -> tuple[Reason, ...]:
    """Reasons for one candidate, best first: named, words, likeness, clip, place, closeness."""
    reasons = [*candidate.reasons, *_word_reasons(candidate, wish)]
    if candidate.track.description is not None:
        reasons += _likeness_reasons(candidate.track.description, wish)
        reasons += _clip_reasons(candidate.track.description, wish.seen)
    reasons += _place_reasons(candidate, wish)
    if not any(reason.kind != "place" for reason in reasons):
        reasons.insert(0, _closeness(candidate, wish))
    return tuple(dict.fromkeys(reasons))[:MAX_REASONS]


def supports_mood(heard: "Description", affect: Sequence[float]) -> bool:
    """Whether what was heard points the way of an affect given on AXES."""
    shared = [(a, heard.moods[axis]) for axis, a in zip(AXES, affect, strict=True)
              if axis in heard.moods]  # fmt: skip
    if not shared:
        return False
    asked, got = np.array(shared, dtype=np.float64).T
    lengths = float(np.linalg.norm(asked)), float(np.linalg.norm(got))
    if min(lengths) < CLEAR_AFFECT:
        return False
    return float(asked @ got) / (lengths[0] * lengths[1]) >= SUPPORTED_FROM


def clock(seconds: float) -> str:
    """Seconds as a person writes a place in a recording: 0:12."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _word_reasons(candidate: Candidate, wish: "Wish") -> Iterator[Reason]:
    if wish.understood is None:
        return
    heard, tags = candidate.track.description, candidate.track.tags
    certain = [a for a in wish.understood.asked if a.confidence >= MIN_CONFIDENCE]
    if heard is not None:
        yield from _mood_reasons(heard, certain)
        for asked in _without_vaguer_tempo(certain):
            yield from _exact_reasons(heard, asked)
    yield from _tag_reasons(tags, certain)


def _mood_reasons(heard: "Description", asked: "Iterable[Asked]") -> Iterator[Reason]:
    affects = load_vocabulary().affects
    fitting = [
        a for a in asked
        if f"{a.name}:{a.value}" in affects and a.name in ("mood", "activity")
        and supports_mood(heard, [a.sign * x for x in affects[f"{a.name}:{a.value}"]])
    ]  # fmt: skip
    moods = [str(a.value) for a in fitting if a.name == "mood" and a.sign > 0]
    if moods:
        yield Reason(kind="mood", text=f"sounds {_join(moods)}, as you asked")
    for a in fitting:
        if a.sign < 0:
            yield Reason(kind="mood", text=f"not {a.value}, as you asked")
        elif a.name == "activity":
            yield Reason(kind="mood", text=f"its mood suits “{a.words}”")


def _exact_reasons(heard: "Description", asked: "Asked") -> Iterator[Reason]:
    if asked.name.startswith("tempo"):
        yield from _tempo_reasons(heard, asked)
    elif asked.name in ("key", "mode") and heard.key:
        yield from _key_reasons(heard.key, asked)
    elif asked.name == "vocals":
        yield from _vocal_reasons(heard, asked)
    elif asked.name in ("instrument", "genre"):
        yield from _sound_reasons(heard, asked)


def _without_vaguer_tempo(asked: "Sequence[Asked]") -> "list[Asked]":
    """Leaves out tempo words where a number was asked too."""
    has_number = any(a.name == "tempo_bpm" for a in asked)
    return [a for a in asked if not (has_number and a.name == "tempo")]


def _tempo_reasons(heard: "Description", asked: "Asked") -> Iterator[Reason]:
    tempo_bpm = heard.tempo_bpm
    if tempo_bpm is None or asked.sign < 0:
        return
    if asked.name == "tempo":
        if in_tempo(asked, tempo_bpm):
            yield Reason(kind="tempo", text=f"{tempo_bpm:.0f} bpm, {asked.value} as you asked")
        return
    if in_tempo(asked, tempo_bpm):
        yield Reason(
            kind="tempo", text=f"{tempo_bpm:.0f} bpm, as near as you asked ({asked.words})"
        )
        return
    for factor, name in ((2.0, "half"), (0.5, "double")):
        if asked.name == "tempo_bpm" and in_tempo(asked, tempo_bpm * factor):
            text = f"{tempo_bpm:.0f} bpm, {name} the {asked.value:g} that you asked for"
            yield Reason(kind="tempo", text=text)


def _key_reasons(key: str, asked: "Asked") -> Iterator[Reason]:
    if asked.name == "mode":
        fits = key.endswith(str(asked.value)) == (asked.sign > 0)
    else:
        fits = (key_number(key) == key_number(str(asked.value))) == (asked.sign > 0)
    if fits and asked.sign > 0:
        yield Reason(kind="key", text=f"in {key}, as you asked")


def _vocal_reasons(heard: "Description", asked: "Asked") -> Iterator[Reason]:
    there = presence(asked, heard)
    if asked.sign < 0 and heard.vocals <= SURELY_UNSUNG:
        yield Reason(kind="other", text="nobody sings, as you asked")
    if asked.sign > 0 and there == 1.0:
        yield Reason(kind="other", text="somebody sings, as you asked")


def _sound_reasons(heard: "Description", asked: "Asked") -> Iterator[Reason]:
    there = presence(asked, heard)
    name = (
        f"{asked.value} can be heard"
        if asked.name == "instrument"
        else f"sounds like {asked.value}"
    )
    if asked.sign > 0 and there == 1.0:
        yield Reason(kind="tag", text=name)
    if asked.sign < 0 and there == 0.0:
        yield Reason(kind="tag", text=f"no {asked.value}, as you asked")


def _tag_reasons(tags: Sequence[str], asked: "Iterable[Asked]") -> Iterator[Reason]:
    wanted = {str(a.value).casefold() for a in asked if a.sign > 0}
    wanted |= {a.words.casefold() for a in asked if a.sign > 0}
    found = [tag for tag in tags if tag in wanted]
    if found:
        yield Reason(kind="tag", text=f"tagged {_join([f'“{tag}”' for tag in found])}")


def _likeness_reasons(heard: "Description", wish: "Wish") -> Iterator[Reason]:
    if wish.heard is None:
        return
    model = f"“{wish.like.title or wish.like.id}”" if wish.like else "your recording"
    shared = list(_shared_facts(heard, wish.heard))
    if shared:
        yield Reason(kind="similar", text=f"like {model}: {_join(shared)}")
    else:
        yield Reason(kind="similar", text=f"among the closest in sound to {model}")


def _shared_facts(one: "Description", other: "Description") -> Iterator[str]:
    if one.tempo_bpm and other.tempo_bpm and abs(np.log2(one.tempo_bpm / other.tempo_bpm)) < 0.08:
        yield f"about {one.tempo_bpm:.0f} bpm"
    if one.key and other.key and key_number(one.key) == key_number(other.key):
        yield f"in {one.key}"
    both = [t for t, p in one.tags.items() if min(p, other.tags.get(t, 0.0)) >= TAG_FROM]
    yield from sorted(both, key=lambda t: -one.tags[t])[:2]


def _clip_reasons(heard: "Description", seen: "ClipDescription | None") -> Iterator[Reason]:
    """What music and picture share; their scales differ, so only clear sides are compared."""
    if seen is None:
        return
    pace = _side(seen.energy, low="calm", high="lively")
    if pace and pace == _side(heard.moods.get("energy", 0.0), low="calm", high="lively"):
        yield Reason(kind="mood", text=f"{pace}, as the movement of the clip is")
    light = _side(seen.valence, low="dark", high="bright")
    if light and light == _side(heard.moods.get("valence", 0.0), low="dark", high="bright"):
        yield Reason(kind="mood", text=f"{light}, as the picture is")


def _side(value: float, *, low: str, high: str) -> str:
    """Which side of the middle a value from -1 to 1 clearly lies on, or ""."""
    return high if value > CLEAR_SIDE else low if value < -CLEAR_SIDE else ""


def latest_start_s(candidate: Candidate, clip_s: float) -> float:
    """The latest place from which a track lasts as long as a clip; 0 where it is shorter."""
    return max(0.0, (candidate.track.duration_s or 0.0) - clip_s)


def _place_reasons(candidate: Candidate, wish: "Wish") -> Iterator[Reason]:
    if candidate.start_s < START_WORTH_SAYING_S:
        return
    mood = _only_mood(wish)
    why = f"where it is most {mood}" if mood else "where it fits best"
    if wish.clip_s is not None and candidate.start_s == latest_start_s(candidate, wish.clip_s):
        why = "so that it lasts as long as the clip"
    yield Reason(kind="place", text=f"starts at {clock(candidate.start_s)}, {why}")


def _only_mood(wish: "Wish") -> str:
    """The mood that alone decided which place is best, or ""."""
    if wish.understood is None or wish.seen is not None or wish.heard is not None:
        return ""
    asked = wish.understood.asked
    return str(asked[0].value) if len(asked) == 1 and asked[0].name == "mood" else ""


def _closeness(candidate: Candidate, wish: "Wish") -> Reason:
    asked = "your words" if wish.understood else "the clip" if wish.seen else "what you brought"
    return Reason(
        kind="other", text=f"its sound is close to {asked} ({candidate.relevance:.0%} sure)"
    )


def _join(words: Sequence[str]) -> str:
    unique = list(dict.fromkeys(words))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)
