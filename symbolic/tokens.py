"""The bar-grid vocabulary: sketch <-> token ids. Knows nothing of models, masks or MIDI.

One bar of a waltz, melody E5 on one and rest on three, C major chord, bass C3::

    BAR | chord@0 C | bass@0 48 | melody@0 76 | melody@8 REST | BAR ...
          `---+---'   `---+---'   `----+----'
          an event is a joint (voice, step) token and one token for what happens there

Events stand in order of step, then chord, bass, melody. A voice sounds until its next event, so
durations cost nothing and a voice can never overlap itself. A piece is `BOS BAR ... BAR ... END`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from symbolic.sketch import (
    HIGHEST_PITCH,
    LOWEST_PITCH,
    MAX_STEPS,
    QUALITY_NAMES,
    STEPS_PER_BAR,
    Chord,
    Mode,
    Note,
    Sketch,
)

CHORD_VOICE, BASS_VOICE, MELODY_VOICE = range(3)
NUM_VOICES = 3

PAD, BOS, END, BAR, REST = range(5)
FIRST_PLACE = 5
NUM_PLACES = NUM_VOICES * MAX_STEPS  # 54
FIRST_PITCH = FIRST_PLACE + NUM_PLACES  # 59
NUM_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1  # 73
FIRST_CHORD = FIRST_PITCH + NUM_PITCHES  # 132
NUM_CHORDS = 12 * len(QUALITY_NAMES)  # 84
VOCABULARY_SIZE = FIRST_CHORD + NUM_CHORDS  # 216


def place_token(voice: int, step: int) -> int:
    """The token that says "something happens in this voice at this step of the bar"."""
    return FIRST_PLACE + voice * MAX_STEPS + step


def pitch_token(pitch: int) -> int:
    """The token of a MIDI pitch."""
    return FIRST_PITCH + pitch - LOWEST_PITCH


def chord_token(root: int, quality: str) -> int:
    """The token of a chord."""
    return FIRST_CHORD + root * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def is_place(token: int) -> bool:
    """Whether the token opens an event."""
    return FIRST_PLACE <= token < FIRST_PITCH


def is_pitch(token: int) -> bool:
    """Whether the token is a pitch."""
    return FIRST_PITCH <= token < FIRST_CHORD


def split_place(token: int) -> tuple[int, int]:
    """Voice and step of a place token."""
    return divmod(token - FIRST_PLACE, MAX_STEPS)


def split_chord(token: int) -> tuple[int, str]:
    """Root and quality of a chord token."""
    root, quality = divmod(token - FIRST_CHORD, len(QUALITY_NAMES))
    return root, QUALITY_NAMES[quality]


def encode_sketch(sketch: Sketch) -> NDArray[np.int16]:
    """Write a sketch as tokens, (T,) int16; durations past a voice's next onset are cut there."""
    tokens = [BOS]
    events = sorted(
        (*_chord_events(sketch.chords), *_note_events(sketch, BASS_VOICE), *_melody(sketch))
    )
    position = 0
    for bar in range(sketch.num_bars):
        tokens.append(BAR)
        start, stop = bar * sketch.steps_per_bar, (bar + 1) * sketch.steps_per_bar
        while position < len(events) and events[position][0] < stop:
            onset, voice, content = events[position]
            tokens += [place_token(voice, onset - start), content]
            position += 1
    return np.array([*tokens, END], dtype=np.int16)


def decode_tokens(tokens: Sequence[int], metre: str, mode: Mode) -> Sketch:
    """Read tokens back as a sketch.

    Raises:
        ValueError: The tokens are no sequence of this grammar; the message names the place.
    """
    steps = STEPS_PER_BAR[metre]
    num_bars = sum(1 for token in tokens if token == BAR)
    voices: tuple[list[tuple[int, int]], ...] = ([], [], [])
    for voice, onset, content in _read_events(tokens, steps):
        voices[voice].append((onset, content))
    return Sketch(
        metre=metre,
        mode=mode,
        num_bars=num_bars,
        melody=_notes(voices[MELODY_VOICE], num_bars * steps),
        bass=_notes(voices[BASS_VOICE], num_bars * steps),
        chords=tuple(_chord(onset, content) for onset, content in voices[CHORD_VOICE]),
    )


def _chord_events(chords: Sequence[Chord]) -> Iterator[tuple[int, int, int]]:
    for chord in chords:
        yield chord.onset, CHORD_VOICE, chord_token(chord.root, chord.quality)


def _melody(sketch: Sketch) -> Iterator[tuple[int, int, int]]:
    return _note_events(sketch, MELODY_VOICE)


def _note_events(sketch: Sketch, voice: int) -> Iterator[tuple[int, int, int]]:
    notes = sketch.bass if voice == BASS_VOICE else sketch.melody
    for index, note in enumerate(notes):
        yield note.onset, voice, pitch_token(note.pitch)
        following = notes[index + 1].onset if index + 1 < len(notes) else sketch.num_steps
        if note.end < following:
            yield note.end, voice, REST


def _read_events(tokens: Sequence[int], steps: int) -> Iterator[tuple[int, int, int]]:
    bar, place = -1, PAD
    for index, token in enumerate(tokens):
        if place != PAD:
            voice, step = split_place(place)
            _check_content(index, voice, token)
            yield voice, bar * steps + step, token
            place = PAD
        elif is_place(token):
            place = token
            if split_place(token)[1] >= steps:
                raise ValueError(f"token {index} lies after the end of a bar of {steps} steps")
        elif token == BAR:
            bar += 1
        elif token not in (BOS, END, PAD):
            raise ValueError(f"token {index} ({token}) belongs to no event")


def _check_content(index: int, voice: int, token: int) -> None:
    is_chord = FIRST_CHORD <= token < VOCABULARY_SIZE
    if is_chord != (voice == CHORD_VOICE) or not (is_chord or is_pitch(token) or token == REST):
        raise ValueError(f"token {index} ({token}) cannot stand in voice {voice}")


def _notes(events: Sequence[tuple[int, int]], num_steps: int) -> tuple[Note, ...]:
    ends = [onset for onset, _ in events[1:]] + [num_steps]
    return tuple(
        Note(onset=onset, duration=end - onset, pitch=content - FIRST_PITCH + LOWEST_PITCH)
        for (onset, content), end in zip(events, ends, strict=False)  # a voice may be empty
        if content != REST
    )


def _chord(onset: int, content: int) -> Chord:
    root, quality = split_chord(content)
    return Chord(onset=onset, root=root, quality=quality)
