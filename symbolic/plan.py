"""Brief -> plan: every question about the piece answered, each missing wish by a musical default.

Defaults follow what listeners agree on: a fast tempo, many notes and loudness read as energy, the
major mode as happiness (Gabrielsson and Lindstrom, "The role of structure in the musical
expression of emotions", 2010).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symbolic.brief import (
    MAX_BARS,
    MAX_TEMPO,
    MIN_TEMPO,
    SERVED_METRES,
    Brief,
    Key,
    parse_key,
)
from symbolic.cast import Cast, assign_roles
from symbolic.grammar import DENSITY_EDGES, NUM_DENSITIES, Controls
from symbolic.instruments import DRUMS, find_programs, instrument_range
from symbolic.sketch import STEPS_PER_BAR, STEPS_PER_QUARTER, TONIC

DEFAULT_BARS = 16
MIDDLE_TEMPO, TEMPO_OCTAVES = 96.0, 0.6  # 63 to 145 quarter notes a minute
MIDDLE_ONSETS_PER_S, ONSET_OCTAVES = 2.4, 0.7
COMMON_TONICS: Mapping[str, tuple[int, ...]] = {"major": (0, 7, 2, 5, 10), "minor": (9, 4, 2, 7)}
# In the normalised key, as the training scores are.
MELODY_LIMITS = (59, 84)
BASS_LIMITS = (36, 52)
# Default instruments by style, for calm, middling and lively pieces.
DEFAULT_INSTRUMENTS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "pop": ((0, 48), (0, 48, 33), (0, 27, 33, DRUMS)),
    "folk": ((73, 24), (73, 25, 32), (110, 25, 32)),
    "game": ((79, 88, 46), (80, 89, 38), (81, 80, 38, DRUMS)),
}
STAND_INS = (0, 24, 48, 73, 11, 46, 19, 40, 80, 89, 12, 52)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is decided before a note is written.

    Attributes:
        tempo_qpm: Quarter notes a minute.
        key: The key that sounds.
        metre: The metre as written in the file.
        bars: Written bars.
        model_bars: Bars of the metre that the model writes.
        controls: What the model is told.
        programs: General MIDI programs that must all sound, -1 for the kit.
        cast: Their roles.
        shift: Semitones from the normalised key to the sounding key.
        melody_octave: Octaves added to the melody for its instrument.
        melody_range: Lowest and highest melody pitch in the normalised key.
        bass_range: The same for the bass.
        energy: Calm (-1) to wild (1); dynamics and textures follow it.
    """

    tempo_qpm: float
    key: Key
    metre: str
    bars: int
    model_bars: int
    controls: Controls
    programs: tuple[int, ...]
    cast: Cast
    shift: int
    melody_octave: int
    melody_range: tuple[int, int]
    bass_range: tuple[int, int]
    energy: float


def make_plan(brief: Brief, seed: int) -> Plan:
    """Answer every open question of a brief; the seed chooses only an open key."""
    metre = brief.metre or "4/4"
    model_metre, bars_per_bar = SERVED_METRES[metre]
    energy = brief.energy if brief.energy is not None else 0.0
    tempo, bars = _choose_time(brief, metre, energy)
    key = _choose_key(brief, seed)
    style = brief.style or ("pop" if model_metre == "4/4" else "folk")
    programs = choose_programs(brief, style, energy)
    cast = assign_roles(programs)
    shift = (key.tonic - TONIC[key.mode] + 6) % 12 - 6
    octave, melody_range = _place_melody(cast.melody, shift)
    return Plan(
        tempo_qpm=tempo,
        key=key,
        metre=metre,
        bars=bars,
        model_bars=bars * bars_per_bar,
        controls=Controls(
            metre=model_metre,
            mode=key.mode,
            style=style,
            density=_choose_density(energy, tempo),
            harmonic_rhythm=1 + (energy > 0.5) - (energy < -0.4),
        ),
        programs=programs,
        cast=cast,
        shift=shift,
        melody_octave=octave,
        melody_range=melody_range,
        bass_range=BASS_LIMITS,
        energy=energy,
    )


def quarters_per_bar(metre: str) -> float:
    """Quarter notes in one written bar."""
    model_metre, bars_per_bar = SERVED_METRES[metre]
    return STEPS_PER_BAR[model_metre] * bars_per_bar / STEPS_PER_QUARTER


def choose_programs(brief: Brief, style: str, energy: float) -> tuple[int, ...]:
    """The programs that will play: those asked for, or the style's, less the refused ones."""
    refused = {program for name in brief.without for program in find_programs(name)}
    chosen: list[int] = []
    for name in brief.instruments:
        fitting = [program for program in find_programs(name) if program not in refused]
        fresh = [program for program in fitting if program not in chosen]
        chosen += fresh[:1]
    if chosen:
        return tuple(chosen)
    level = 0 if energy < -0.3 else 2 if energy > 0.3 else 1
    default = [program for program in DEFAULT_INSTRUMENTS[style][level] if program not in refused]
    if not any(program != DRUMS for program in default):
        default += [program for program in STAND_INS if program not in refused][:1]
    if not default:
        raise ValueError(f"`without` leaves no instrument to play: {', '.join(brief.without)}")
    return tuple(default)


def _choose_time(brief: Brief, metre: str, energy: float) -> tuple[float, int]:
    """Tempo and bars. An open tempo bends so that the length is exact; bars decide over length."""
    tempo = brief.tempo_qpm or round(MIDDLE_TEMPO * 2 ** (TEMPO_OCTAVES * energy))
    if brief.length_s is None:
        return tempo, brief.bars or DEFAULT_BARS
    quarters = quarters_per_bar(metre)
    bars = brief.bars or round(brief.length_s * tempo / 60 / quarters)
    bars = min(max(bars, 1), MAX_BARS)
    if brief.tempo_qpm is None:
        exact = bars * quarters * 60 / brief.length_s
        tempo = min(max(exact, MIN_TEMPO), MAX_TEMPO)
    return tempo, bars


def _choose_key(brief: Brief, seed: int) -> Key:
    if brief.key is not None:
        return parse_key(brief.key)
    mode = "minor" if brief.valence is not None and brief.valence < 0 else "major"
    tonics = COMMON_TONICS[mode]
    tonic = tonics[int(np.random.default_rng((seed, 1)).integers(len(tonics)))]
    return Key(tonic=tonic, mode="minor" if mode == "minor" else "major")


def _choose_density(energy: float, tempo: float) -> int:
    """The density class whose onsets per second suit the energy at this tempo."""
    onsets_per_quarter = MIDDLE_ONSETS_PER_S * 2 ** (ONSET_OCTAVES * energy) * 60 / tempo
    return min(int(np.searchsorted(DENSITY_EDGES, onsets_per_quarter)), NUM_DENSITIES - 1)


def _place_melody(program: int | None, shift: int) -> tuple[int, tuple[int, int]]:
    """The octave in which the instrument reaches most of the usual melody, and what it reaches."""
    low, high = instrument_range(program) if program is not None else (0, 127)
    options = []
    for octave in (0, 1, -1, 2, -2, -3):
        move = shift + 12 * octave
        reach = max(MELODY_LIMITS[0], low - move), min(MELODY_LIMITS[1], high - move)
        options.append((reach[1] - reach[0] - 3 * abs(octave), octave, reach))
    _, octave, reach = max(options, key=lambda option: option[0])
    return octave, reach
