"""Where a growing piece stands and what may come next: features and legal tokens, one row each.

The same reader makes the model's inputs in training and in sampling, so the two cannot differ.
Knows nothing of torch or of probabilities.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symbolic.sketch import (
    LOWEST_PITCH,
    METRES,
    MODES,
    STEPS_PER_BAR,
    STYLES,
    TONIC,
    Mode,
)
from symbolic.tokens import (
    BAR,
    BASS_VOICE,
    BOS,
    CHORD_VOICE,
    END,
    FIRST_CHORD,
    FIRST_PITCH,
    MELODY_VOICE,
    NUM_CHORDS,
    NUM_PITCHES,
    REST,
    VOCABULARY_SIZE,
    chord_token,
    is_pitch,
    is_place,
    place_token,
    split_place,
)

# Columns of a feature row; 0 always means "none yet".
TOKEN, STEP, VOICE, BARS_LEFT, MELODY, BASS, CHORD = range(7)
NUM_FEATURES = 7
MAX_BARS_LEFT = 33  # more than 32 bars are "many"
NUM_DENSITIES = 5
# Melody onsets per quarter note that part the density controls.
DENSITY_EDGES = (0.6, 1.0, 1.4, 2.0)
NUM_HARMONIC_RHYTHMS = 3
# Chords per bar that part the harmonic-rhythm controls.
HARMONIC_EDGES = (1.1, 1.8)
MAX_LEAP = 12  # semitones between two melody notes


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What the model is told at every position: metre, mode, style and two densities."""

    metre: str
    mode: Mode
    style: str
    density: int
    harmonic_rhythm: int = 1

    def to_row(self) -> NDArray[np.int64]:
        """Indices of the five control embeddings, (5,)."""
        return np.array(
            [
                METRES.index(self.metre),
                MODES.index(self.mode),
                STYLES.index(self.style),
                self.density,
                self.harmonic_rhythm,
            ],
            dtype=np.int64,
        )


class Reader:
    """Follows one row of tokens and keeps the features of its last token."""

    def __init__(self, num_bars: int) -> None:
        self.features = np.zeros(NUM_FEATURES, dtype=np.int16)
        self.features[TOKEN] = BOS
        self.bars_left = num_bars
        self.features[BARS_LEFT] = min(num_bars, MAX_BARS_LEFT)

    def push(self, token: int) -> None:
        """Take the next token."""
        features = self.features
        features[TOKEN] = token
        if is_place(token):
            voice, step = split_place(token)
            features[STEP], features[VOICE] = step + 1, voice + 1
        elif token == BAR:
            features[STEP] = features[VOICE] = 0
            features[BARS_LEFT] = min(self.bars_left, MAX_BARS_LEFT)
            self.bars_left -= 1
        elif is_pitch(token):
            column = MELODY if features[VOICE] == MELODY_VOICE + 1 else BASS
            features[column] = token - FIRST_PITCH + 1
        elif FIRST_CHORD <= token < VOCABULARY_SIZE:
            features[CHORD] = token - FIRST_CHORD + 1


def read_features(tokens: NDArray[np.int16], num_bars: int) -> NDArray[np.int16]:
    """The feature row of every token, (T, NUM_FEATURES)."""
    reader = Reader(num_bars)
    rows = np.zeros((len(tokens), NUM_FEATURES), dtype=np.int16)
    rows[0] = reader.features
    for index, token in enumerate(tokens[1:].tolist(), start=1):
        reader.push(token)
        rows[index] = reader.features
    return rows


class Grammar:
    """The masks of one piece: which tokens may follow, so that every sampled piece is legal.

    Kept here: order of events, number of bars, metre, melody and bass range, one note at a time
    in melody and bass, no leap above an octave, a first bar that opens with the tonic chord and
    has melody in it, a last bar on the tonic.
    """

    def __init__(
        self,
        metre: str,
        mode: Mode,
        num_bars: int,
        *,
        melody_range: tuple[int, int],
        bass_range: tuple[int, int],
    ) -> None:
        self.reader = Reader(num_bars)
        self._steps = STEPS_PER_BAR[metre]
        self._num_bars = num_bars
        self._tonic = TONIC[mode]
        third = 4 if mode == "major" else 3
        self._tonic_chord = chord_token(self._tonic, "" if mode == "major" else "m")
        self._pitch_masks = {
            MELODY_VOICE: _pitch_mask(melody_range, range(12)),
            BASS_VOICE: _pitch_mask(bass_range, range(12)),
        }
        triad = [(self._tonic + interval) % 12 for interval in (0, third, 7)]
        self._final_triad = _pitch_mask(melody_range, triad)
        self._final_tonic = _pitch_mask(melody_range, [self._tonic])
        self._bass_tonic = _pitch_mask(bass_range, [self._tonic])
        self._melody_sounds = False
        self._bass_sounds = False
        self._melody_in_first_bar = False
        self._place: tuple[int, int] | None = None  # (voice, step) that waits for its content
        self._last = (-1, -1)  # (step, voice) of the last event of this bar
        self.done = False

    @property
    def bar(self) -> int:
        """Index of the bar being written, -1 before the first."""
        return self._num_bars - self.reader.bars_left - 1

    @property
    def in_last_bar(self) -> bool:
        """Whether the bar being written is the last one."""
        return self.reader.bars_left == 0

    def push(self, token: int) -> None:
        """Take the next token; it must be one that `legal` allows."""
        self.reader.push(token)
        if self._place is not None:
            self._close_event(token)
        elif is_place(token):
            self._place = split_place(token)
        elif token == BAR:
            self._last = (-1, -1)
        else:
            self.done = token == END

    def legal(self) -> NDArray[np.bool_]:
        """Which tokens may come next, (VOCABULARY_SIZE,); at least one always may."""
        mask = np.zeros(VOCABULARY_SIZE, dtype=bool)
        if self.reader.features[TOKEN] == BOS:
            mask[BAR] = True
        elif self._place is not None:
            self._allow_content(mask, *self._place)
        else:
            self._allow_places(mask)
            self._allow_bar_end(mask)
        return mask

    def _close_event(self, token: int) -> None:
        assert self._place is not None
        voice, step = self._place
        sounds = token != REST
        if voice == MELODY_VOICE:
            self._melody_sounds = sounds
            self._melody_in_first_bar |= sounds
        elif voice == BASS_VOICE:
            self._bass_sounds = sounds
        self._last, self._place = (step, voice), None

    def _allow_content(self, mask: NDArray[np.bool_], voice: int, step: int) -> None:
        if voice == CHORD_VOICE:
            if self.in_last_bar or (self.bar == 0 and step == 0):
                mask[self._tonic_chord] = True
            else:
                mask[FIRST_CHORD : FIRST_CHORD + NUM_CHORDS] = True
                mask[FIRST_CHORD + int(self.reader.features[CHORD]) - 1] = False  # a change
            return
        sounds = self._melody_sounds if voice == MELODY_VOICE else self._bass_sounds
        mask[REST] = sounds and not self.in_last_bar
        mask[FIRST_PITCH:FIRST_CHORD] = self._pitches(voice, step)

    def _pitches(self, voice: int, step: int) -> NDArray[np.bool_]:
        allowed = self._pitch_masks[voice]
        if self.in_last_bar:
            if voice == BASS_VOICE:
                return self._bass_tonic
            allowed = self._final_triad if step < self._steps // 2 else self._final_tonic
        if voice == MELODY_VOICE and self.reader.features[MELODY]:
            near = np.zeros(NUM_PITCHES, dtype=bool)
            last = int(self.reader.features[MELODY]) - 1
            near[max(0, last - MAX_LEAP) : last + MAX_LEAP + 1] = True
            if (allowed & near).any():
                return allowed & near
        return allowed

    def _allow_places(self, mask: NDArray[np.bool_]) -> None:
        last_step, last_voice = self._last
        steps = self._steps // 2 + 1 if self.in_last_bar else self._steps
        opening = self.bar == 0 or self.in_last_bar
        if opening and self._last < (0, BASS_VOICE):  # both start on chord and bass
            voice = CHORD_VOICE if self._last == (-1, -1) else BASS_VOICE
            mask[place_token(voice, 0)] = True
            return
        voices = (MELODY_VOICE,) if self.in_last_bar else (CHORD_VOICE, BASS_VOICE, MELODY_VOICE)
        for voice in voices:
            first = last_step + (voice <= last_voice)
            mask[place_token(voice, max(first, 0)) : place_token(voice, 0) + steps] = True

    def _allow_bar_end(self, mask: NDArray[np.bool_]) -> None:
        if self.in_last_bar:
            ready = self._last >= (0, BASS_VOICE) and self._on_tonic()
            mask[END] = ready
            if ready and self._last[1] == MELODY_VOICE:
                mask[:] = False  # the melody has come home: stop there
                mask[END] = True
        else:
            mask[BAR] = self.bar > 0 or self._melody_in_first_bar or not mask.any()

    def _on_tonic(self) -> bool:
        pitch = int(self.reader.features[MELODY]) - 1 + LOWEST_PITCH
        return self._melody_sounds and pitch % 12 == self._tonic


def _pitch_mask(limits: tuple[int, int], classes: range | list[int]) -> NDArray[np.bool_]:
    pitches = np.arange(NUM_PITCHES) + LOWEST_PITCH
    return (pitches >= limits[0]) & (pitches <= limits[1]) & np.isin(pitches % 12, list(classes))
