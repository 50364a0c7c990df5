"""Orchestration: a sketch and a plan -> parts for the asked instruments, by rules.

The tune goes to the most singing instrument, the bass line to the lowest, chords become textures
that suit the player and the energy, what is left over holds guide tones. Every pitch stays in
the instrument's range. Nothing here is random.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from symbolic.drums import play_drums
from symbolic.instruments import (
    DRUMS,
    SUSTAINING,
    family_name,
    instrument_range,
)
from symbolic.parts import Part, PlayedNote
from symbolic.plan import Plan
from symbolic.sketch import Chord, Note, Sketch
from symbolic.textures import (
    COMPOUND,
    Stretch,
    Texture,
    beat_steps,
    play_texture,
    split_into_bars,
    voice_chord,
)

CHORD_CENTRE = 60  # middle C
LOWEST_CENTRE = 53
BELOW_MELODY = 11  # semitones from the middle of the melody to that of the chords
LOW_MELODY = 67  # a melody whose middle is lower goes up an octave
PHRASE_BARS = 4
MELODY_LOUDER, BASS_LOUDER, CHORDS_LOUDER = 14, 2, -10


def orchestrate(sketch: Sketch, plan: Plan) -> tuple[Part, ...]:
    """Parts for every program of the plan, in the plan's order."""
    notes: dict[int, list[PlayedNote]] = {program: [] for program in plan.programs}
    cast = plan.cast
    if cast.melody is not None:
        notes[cast.melody] += _play_melody(sketch, plan, cast.melody)
    if cast.bass is not None:
        notes[cast.bass] += _play_bass(sketch, plan, cast.bass)
    for index, program in enumerate(cast.chords):
        notes[program] += _play_chords(sketch, plan, program, index)
    for index, program in enumerate(cast.counter):
        notes[program] += _play_guide_tones(sketch, plan, program, index)
    for program in cast.colour:
        notes[program] += _mark_phrases(sketch, plan, program)
    if cast.drums:
        steps = sketch.steps_per_bar
        notes[DRUMS] += play_drums(sketch.metre, sketch.num_bars, steps, plan.energy)
    return tuple(Part(program=program, notes=_tidy(played)) for program, played in notes.items())


def _loudness(plan: Plan, extra: float) -> int:
    return int(min(max(72 + 22 * plan.energy + extra, 24), 118))


def _into_range(pitch: int, program: int) -> int:
    """The nearest octave of a pitch that the program reaches."""
    low, high = instrument_range(program)
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def _melody_move(sketch: Sketch, plan: Plan) -> int:
    """Semitones to where the melody sounds: an octave up where it would drown in the chords."""
    move = plan.shift + 12 * plan.melody_octave
    if plan.cast.melody is None or not sketch.melody:
        return move
    pitches = [note.pitch + move for note in sketch.melody]
    _, high = instrument_range(plan.cast.melody)
    is_low = median(pitches) < LOW_MELODY and plan.cast.chords
    return move + 12 if is_low and max(pitches) + 12 <= high else move


def _chord_centre(sketch: Sketch, plan: Plan) -> float:
    """Middle C, or lower where the melody is low."""
    if not sketch.melody:
        return CHORD_CENTRE
    middle = median(note.pitch for note in sketch.melody) + _melody_move(sketch, plan)
    return min(CHORD_CENTRE, max(middle - BELOW_MELODY, LOWEST_CENTRE))


def _play_melody(sketch: Sketch, plan: Plan, program: int) -> Iterable[PlayedNote]:
    steps = sketch.steps_per_bar
    move = _melody_move(sketch, plan)
    phrase = PHRASE_BARS * steps
    for note in sketch.melody:
        place = note.onset % steps
        accent = 6 if place == 0 else 2 if place % beat_steps(sketch.metre) == 0 else -3
        arc = 6 * (1 - abs(2 * (note.onset % phrase) / phrase - 1))  # swell to the middle
        pitch = _into_range(note.pitch + move, program)
        yield PlayedNote(
            onset=note.onset,
            duration=note.duration * 0.97,
            pitch=pitch,
            velocity=_loudness(plan, MELODY_LOUDER + accent + arc),
        )


def _play_bass(sketch: Sketch, plan: Plan, program: int) -> Iterable[PlayedNote]:
    last_bar = (sketch.num_bars - 1) * sketch.steps_per_bar
    for note in sketch.bass:
        for onset, duration in _pulse(note, sketch, plan, last_bar):
            accent = 5 if onset % sketch.steps_per_bar == 0 else 0
            yield PlayedNote(
                onset=onset,
                duration=duration * 0.95,
                pitch=_into_range(note.pitch + plan.shift, program),
                velocity=_loudness(plan, BASS_LOUDER + accent),
            )


def _pulse(note: Note, sketch: Sketch, plan: Plan, last_bar: int) -> Iterable[tuple[int, int]]:
    """A long bass note is struck again: each bar when calm, each beat or two when lively."""
    if note.onset >= last_bar:
        return [(note.onset, note.duration)]
    bar, beat = sketch.steps_per_bar, beat_steps(sketch.metre)
    every = bar if plan.energy < -0.2 else 2 * beat if plan.energy < 0.5 else beat
    if sketch.metre == "3/4":
        every = bar
    elif sketch.metre in COMPOUND and plan.energy >= 0:
        every = beat  # the "oom" of a jig's oom-pah
    grid = [step for step in range(note.onset + 1, note.end) if (step % bar) % every == 0]
    onsets = [note.onset, *grid]
    return [
        (onset, end - onset) for onset, end in zip(onsets, [*onsets[1:], note.end], strict=True)
    ]


def _play_chords(sketch: Sketch, plan: Plan, program: int, index: int) -> Iterable[PlayedNote]:
    texture = _choose_texture(sketch, plan, program, index)
    low, high = instrument_range(program)
    centre = min(max(_chord_centre(sketch, plan) - 2 * index, low + 6), high - 8)
    velocity = _loudness(plan, CHORDS_LOUDER)
    before: tuple[int, ...] = ()
    stretches = split_into_bars(sketch.chords, sketch.steps_per_bar, sketch.num_bars)
    for stretch in _join_held(stretches) if texture == "held" else stretches:
        before = voice_chord(stretch.chord, plan.shift, before, centre)
        pitches = sorted({_into_range(pitch, program) for pitch in before})
        yield from play_texture(texture, stretch, pitches, metre=sketch.metre, velocity=velocity)


def _choose_texture(sketch: Sketch, plan: Plan, program: int, index: int) -> Texture:
    """Pads and bowed instruments hold; plucked and struck ones move with the energy."""
    if program in SUSTAINING or index > 1:
        return "held"
    is_dance = sketch.metre in ("2/4", "3/4", "6/8", "9/8")
    if index == 1:
        return "off_beats" if is_dance or plan.energy > 0.3 else "held"
    if family_name(program) == "Guitar" and program in (29, 30):
        return "beats"  # a distorted broken chord is mud
    if plan.energy > 0.35:
        return "off_beats" if is_dance else "beats"
    return "off_beats" if is_dance and plan.energy >= 0 else "broken"


def _join_held(stretches: Iterable[Stretch]) -> Iterable[Stretch]:
    """Tie a held chord over the bar lines; the last bar is struck anew."""
    waiting: Stretch | None = None
    for stretch in stretches:
        if waiting and waiting.chord == stretch.chord and not stretch.is_last_bar:
            waiting = replace(waiting, stop=stretch.stop)
            continue
        if waiting:
            yield waiting
        waiting = stretch
    if waiting:
        yield waiting


def _play_guide_tones(
    sketch: Sketch, plan: Plan, program: int, index: int
) -> Iterable[PlayedNote]:
    """The third (or another tone) of each chord, held, as close as can be to the one before."""
    low, high = instrument_range(program)
    centre = min(max(64 - 5 * index, low + 5), high - 5)
    previous = centre
    for stretch in _join_held(
        split_into_bars(sketch.chords, sketch.steps_per_bar, sketch.num_bars)
    ):
        previous = _nearest_tone(stretch.chord, plan.shift, previous, (centre, index))
        yield PlayedNote(
            onset=stretch.start,
            duration=stretch.stop - stretch.start,
            pitch=_into_range(previous, program),
            velocity=_loudness(plan, -4),
        )


def _nearest_tone(chord: Chord, shift: int, previous: int, place: tuple[int, int]) -> int:
    centre, index = place
    guide = chord.pitch_classes[1 + index % (len(chord.pitch_classes) - 1)]
    wanted = {guide, chord.pitch_classes[1]}
    near = range(previous - 6, previous + 7)
    tones = [pitch for pitch in near if (pitch - shift) % 12 in wanted]
    return min(tones, key=lambda pitch: (abs(pitch - previous) + 0.4 * abs(pitch - centre), pitch))


def _mark_phrases(sketch: Sketch, plan: Plan, program: int) -> Iterable[PlayedNote]:
    """One soft stroke at the start of every phrase."""
    low, _ = instrument_range(program)
    tonic = _into_range(low + (plan.key.tonic - low) % 12, program)
    steps = sketch.steps_per_bar
    for bar in range(0, sketch.num_bars, PHRASE_BARS):
        yield PlayedNote(
            onset=bar * steps, duration=steps, pitch=tonic, velocity=_loudness(plan, -12)
        )


def _tidy(notes: Sequence[PlayedNote]) -> tuple[PlayedNote, ...]:
    """In order, and no note of a part struck while the same pitch still sounds: it ends first."""
    ordered = sorted(notes, key=lambda note: (note.onset, note.pitch, note.velocity))
    following: dict[int, float] = {}
    tidy = []
    for note in reversed(ordered):
        end = min(note.onset + note.duration, following.get(note.pitch, float("inf")))
        if end > note.onset:  # of two strokes at once the louder one stays
            tidy.append(replace(note, duration=end - note.onset))
            following[note.pitch] = note.onset
    return tuple(reversed(tidy))
