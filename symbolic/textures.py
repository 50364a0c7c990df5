"""Accompaniment textures: one voiced chord and its stretch of bar -> played notes. No instruments.

Rules of a player's hand, not learnt: held chords, broken chords, chords on the beat, and the
"oom-pah" of dances. Times are steps; a beat is what a listener taps (a dotted quarter in 6/8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from symbolic.parts import PlayedNote
from symbolic.sketch import Chord

Texture = Literal["held", "broken", "beats", "off_beats"]
COMPOUND = ("6/8", "9/8")


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A chord over the steps [start, stop) of the bar that begins at `bar_start`."""

    chord: Chord
    start: int
    stop: int
    bar_start: int
    is_last_bar: bool


def beat_steps(metre: str) -> int:
    """Steps in a beat: 6 in compound metres, else 4."""
    return 6 if metre in COMPOUND else 4


def split_into_bars(
    chords: Sequence[Chord], steps_per_bar: int, num_bars: int
) -> Iterator[Stretch]:
    """Chords cut at bar lines, in order."""
    stops = [chord.onset for chord in chords[1:]] + [steps_per_bar * num_bars]
    for chord, stop in zip(chords, stops, strict=False):  # there may be no chords
        start = chord.onset
        while start < stop:
            bar = start // steps_per_bar
            end = min(stop, (bar + 1) * steps_per_bar)
            yield Stretch(
                chord=chord,
                start=start,
                stop=end,
                bar_start=bar * steps_per_bar,
                is_last_bar=bar == num_bars - 1,
            )
            start = end


def voice_chord(chord: Chord, shift: int, before: Sequence[int], centre: float) -> tuple[int, ...]:
    """Three or four close pitches near `centre` that move little from the voicing before."""
    classes = sorted({(pitch_class + shift) % 12 for pitch_class in chord.pitch_classes})
    options = []
    for lowest in range(len(classes)):
        rotated = classes[lowest:] + classes[:lowest]
        for octave in range(2, 8):
            pitches = [12 * octave + rotated[0]]
            for pitch_class in rotated[1:]:
                pitches.append(pitches[-1] + (pitch_class - pitches[-1]) % 12)
            options.append(tuple(pitches))
    return min(options, key=lambda pitches: _movement(pitches, before, centre))


def play_texture(
    texture: Texture, stretch: Stretch, pitches: Sequence[int], *, metre: str, velocity: int
) -> list[PlayedNote]:
    """The notes of one stretch; in the last bar every texture comes to rest."""
    length = stretch.stop - stretch.start
    if texture == "held" or stretch.is_last_bar:
        return _strike(pitches, stretch.start, length, velocity)
    if texture == "broken":
        return _break_chord(stretch, pitches, metre, velocity)
    onsets = list(_beats(stretch, metre, off=texture == "off_beats"))
    if not onsets:
        return []
    ends = [*onsets[1:], stretch.stop]
    longest = 2 if texture == "off_beats" and metre in COMPOUND else 4
    notes: list[PlayedNote] = []
    for onset, end in zip(onsets, ends, strict=True):
        notes += _strike(pitches, onset, min(end - onset, longest) * 0.8, velocity)
    return notes


def _movement(pitches: Sequence[int], before: Sequence[int], centre: float) -> float:
    middle = sum(pitches) / len(pitches)
    drift = abs(middle - centre)
    if not before:
        return drift
    moved = sum(min(abs(pitch - old) for old in before) for pitch in pitches) / len(pitches)
    return moved + 0.5 * drift


def _strike(
    pitches: Sequence[int], onset: float, duration: float, velocity: int
) -> list[PlayedNote]:
    return [
        PlayedNote(onset=onset, duration=duration, pitch=pitch, velocity=velocity)
        for pitch in pitches
    ]


def _break_chord(
    stretch: Stretch, pitches: Sequence[int], metre: str, velocity: int
) -> list[PlayedNote]:
    """Eighth notes up and down the chord, each ringing until the chord or the beat pair ends."""
    up_down = [*pitches, *pitches[-2:0:-1]]
    ring = 2 * beat_steps(metre)
    notes = []
    for index, onset in enumerate(range(stretch.start, stretch.stop, 2)):
        place = (onset - stretch.bar_start) // 2 if index else 0
        pitch = up_down[index % len(up_down)]
        end = min(stretch.stop, onset + min(2 * len(up_down), ring))
        strong = place % (beat_steps(metre) // 2) == 0
        notes.append(
            PlayedNote(
                onset=onset,
                duration=end - onset,
                pitch=pitch,
                velocity=velocity - (0 if strong else 8),
            )
        )
    return _end_before_return(notes)


def _end_before_return(notes: Sequence[PlayedNote]) -> list[PlayedNote]:
    """Let no ringing note run into the next one of the same pitch."""
    following: dict[int, float] = {}
    ended = []
    for note in reversed(notes):
        end = min(note.onset + note.duration, following.get(note.pitch, float("inf")))
        ended.append(
            PlayedNote(
                onset=note.onset,
                duration=end - note.onset,
                pitch=note.pitch,
                velocity=note.velocity,
            )
        )
        following[note.pitch] = note.onset
    return ended[::-1]


def _beats(stretch: Stretch, metre: str, *, off: bool) -> Iterator[int]:
    """Onsets on the beats; `off` leaves the first of the bar to the bass, or plays the "and"s."""
    beat = beat_steps(metre)
    for onset in range(stretch.start, stretch.stop):
        place = onset - stretch.bar_start
        on_beat = place % beat == 0 or onset == stretch.start
        if _is_off_beat(place, metre) if off else on_beat:
            yield onset


def _is_off_beat(place: int, metre: str) -> bool:
    match metre:
        case "3/4":
            return place in (4, 8)
        case "2/4":
            return place % 4 == 2
        case "4/4":
            return place % 8 == 4
        case _:
            return place % 6 == 4
