"""Makes the brief of a piece out of words, a clip and music that came near; composes nothing.

What words ask goes before what the clip shows, and that before what similar music has; what
nobody says stays open. Tempo words stand for common metronome markings, mood words for their
valence and energy in the word lists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from symbolic.brief import (
    MAX_BARS,
    MAX_INSTRUMENTS,
    MAX_LENGTH_S,
    MAX_TEMPO,
    MIN_LENGTH_S,
    MIN_TEMPO,
    SERVED_METRES,
    Brief,
)
from symbolic.instruments import find_programs, instrument_name

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.towers.clip import ClipDescription
    from encoders.understanding import Asked, Understanding

# The tempo to play for each tempo word, in quarter notes a minute.
TEMPOS_QPM: Mapping[str, float] = MappingProxyType(
    {"very slow": 54.0, "slow": 72.0, "medium": 104.0, "fast": 138.0, "very fast": 168.0}
)
LOWEST_QPM, HIGHEST_QPM = 40.0, 200.0
# A clip without motion or cuts asks for the first tempo, a restless one for the second.
CLIP_TEMPOS_QPM = (64.0, 148.0)
RESTLESS_CUTS_PER_MINUTE = 30.0
SHORTEST_S, LONGEST_S = 2.0, 300.0
MIN_CONFIDENCE = 0.5
# Where a mode was asked without a tonic.
TONICS = MappingProxyType({"major": "C major", "minor": "A minor"})
STYLES = MappingProxyType({"folk": "folk", "country": "folk", "pop": "pop", "rock": "pop"})


@dataclass(frozen=True, kw_only=True)
class BriefReading:
    """A brief, and what was asked that no brief can hold: (attribute, value) pairs."""

    brief: Brief
    unserved: tuple[tuple[str, str], ...] = ()


def brief_from_query(
    understood: "Understanding | None",
    *,
    seen: "ClipDescription | None" = None,
    length_s: float | None = None,
    heard: "Sequence[Description]" = (),
) -> BriefReading:
    """The brief for a wish: its words first, then its clip, then similar music.

    Args:
        understood: How the words were read; None without words.
        seen: What was seen in the clip; None without one.
        length_s: Length that the piece must have when the words name none, such as the clip's.
        heard: What was heard in recordings that the piece should be like, closest first.
    """
    asked = [a for a in understood.asked if a.confidence >= MIN_CONFIDENCE] if understood else []
    bars = _number(asked, "bars")
    metre = _text(asked, "metre")
    without = _playable(asked, sign=-1)
    brief = Brief(
        tempo_qpm=_tempo(asked) or _clip_tempo(seen) or _heard_tempo(heard),
        key=_key(asked) or next((h.key for h in heard if h.key), None),
        metre=metre if metre in SERVED_METRES else None,
        bars=int(np.clip(round(bars), 1, MAX_BARS)) if bars else None,
        length_s=None if bars else _length(asked) or _limited_length(length_s),
        instruments=_not_refused(_playable(asked, sign=1), without),
        without=without,
        valence=_mood(asked, seen, heard, axis="valence"),
        energy=_mood(asked, seen, heard, axis="energy"),
        style=_style(asked),
    )
    return BriefReading(brief=brief, unserved=_unserved(asked, brief))


def without_asked(brief: Brief, instruments: Sequence[str]) -> Brief:
    """The brief without refusals of instruments that are asked for explicitly.

    Raises:
        ValueError: An instrument has no such name.
    """
    asked = {program for name in instruments for program in find_programs(name)}
    without = tuple(name for name in brief.without if not set(find_programs(name)) & asked)
    return replace(brief, without=without)


def _tempo(asked: "Iterable[Asked]") -> float | None:
    wanted = [a for a in asked if a.sign > 0]
    numbers = {a.name: float(a.value) for a in wanted if a.name.startswith("tempo_bpm")}
    words = [TEMPOS_QPM[str(a.value)] for a in wanted if a.name == "tempo"]
    low = numbers.get("tempo_bpm_min", LOWEST_QPM)
    high = numbers.get("tempo_bpm_max", HIGHEST_QPM)
    if "tempo_bpm" in numbers:
        return float(np.clip(numbers["tempo_bpm"], MIN_TEMPO, MAX_TEMPO))
    tempo = next(iter(words), None)
    if tempo is None and not numbers:
        return None
    if tempo is None:
        tempo = (low * high) ** 0.5
    return float(np.clip(np.clip(tempo, low, max(low, high)), LOWEST_QPM, HIGHEST_QPM))


def _clip_tempo(seen: "ClipDescription | None") -> float | None:
    """Between the two clip tempos, by how restless the picture is."""
    if seen is None:
        return None
    restless = max(seen.motion, seen.cuts_per_minute / RESTLESS_CUTS_PER_MINUTE)
    slowest, fastest = CLIP_TEMPOS_QPM
    return float(round(slowest + (fastest - slowest) * min(1.0, max(0.0, restless))))


def _heard_tempo(heard: "Sequence[Description]") -> float | None:
    tempos = [h.tempo_bpm for h in heard if h.tempo_bpm]
    return float(np.clip(tempos[0], LOWEST_QPM, HIGHEST_QPM)) if tempos else None


def _key(asked: "Sequence[Asked]") -> str | None:
    key, mode = _text(asked, "key"), _text(asked, "mode")
    return key or (TONICS.get(mode) if mode else None)


def _length(asked: "Sequence[Asked]") -> float | None:
    names = ("length_s", "length_s_max", "length_s_min")
    lengths = (_number(asked, name) for name in names)
    length_s = next((length_s for length_s in lengths if length_s), None)
    return None if length_s is None else float(np.clip(length_s, MIN_LENGTH_S, MAX_LENGTH_S))


def _limited_length(length_s: float | None) -> float | None:
    return None if length_s is None else float(np.clip(length_s, SHORTEST_S, LONGEST_S))


def _playable(asked: "Iterable[Asked]", *, sign: int) -> tuple[str, ...]:
    names = (playable_name(str(a.value)) for a in asked
             if a.name == "instrument" and a.sign == sign)  # fmt: skip
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_INSTRUMENTS]


def playable_name(instrument: str) -> str | None:
    """What the composer calls an instrument; None for one that General MIDI does not have."""
    from encoders.understanding import general_midi_program

    try:
        find_programs(instrument)
    except ValueError:
        program = general_midi_program(instrument)
        return None if program is None else instrument_name(program)
    return instrument


def _not_refused(instruments: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
    """Words that ask for an instrument and refuse it are read as refusing it."""
    refused = {program for name in without for program in find_programs(name)}
    return tuple(name for name in instruments if not set(find_programs(name)) <= refused)


def _mood(
    asked: "Sequence[Asked]",
    seen: "ClipDescription | None",
    heard: "Sequence[Description]",
    *,
    axis: str,
) -> float | None:
    """Valence or energy: the mean of what the words say, else the clip's, else similar music's."""
    from encoders.lexicon.vocabulary import AXES, load_vocabulary

    affects = load_vocabulary().affects
    said = [
        a.sign * affects[f"{a.name}:{a.value}"][AXES.index(axis)]
        for a in asked
        if f"{a.name}:{a.value}" in affects
    ]
    if said:
        return float(np.clip(np.mean(said), -1.0, 1.0))
    if seen is not None:
        return float(np.clip(getattr(seen, axis), -1.0, 1.0))
    return next((float(np.clip(h.moods[axis], -1, 1)) for h in heard if axis in h.moods), None)


def _style(asked: "Sequence[Asked]") -> str | None:
    from encoders.understanding import genre_family

    genre = _text(asked, "genre")
    return STYLES.get(genre_family(genre) or genre) if genre else None


def _unserved(asked: "Iterable[Asked]", brief: Brief) -> tuple[tuple[str, str], ...]:
    """What was asked for and cannot be composed: voices, some metres, instruments and numbers."""
    wanted = [a for a in asked if a.sign > 0]
    unserved = [("vocals", str(a.value)) for a in wanted if a.name == "vocals"]
    unserved += _beyond(wanted, brief)
    unserved += [("metre", metre) for metre in _values(wanted, "metre") if metre != brief.metre]
    unserved += [
        ("instruments", name)
        for name in _values(wanted, "instrument")
        if playable_name(name) not in brief.instruments
    ]
    return tuple(unserved)


def _beyond(wanted: "Sequence[Asked]", brief: Brief) -> list[tuple[str, str]]:
    """Numbers that the words ask for and that the brief had to bring into its limits."""
    numbers = (
        ("tempo_qpm", _number(wanted, "tempo_bpm"), brief.tempo_qpm),
        ("bars", _number(wanted, "bars"), brief.bars),
        ("length_s", None if brief.bars else _number(wanted, "length_s"), brief.length_s),
    )
    return [
        (name, f"{asked:g}")
        for name, asked, taken in numbers
        if asked is not None and taken is not None and round(asked) != round(taken)
    ]


def _values(asked: "Iterable[Asked]", name: str) -> list[str]:
    return [str(a.value) for a in asked if a.name == name]


def _text(asked: "Iterable[Asked]", name: str) -> str | None:
    return next((str(a.value) for a in asked if a.name == name and a.sign > 0), None)


def _number(asked: "Iterable[Asked]", name: str) -> float | None:
    return next((float(a.value) for a in asked if a.name == name and a.sign > 0), None)
