"""Bars of a band made by chance, whose beat is certain: drums, bass, chords and a tune.

    data, bpm = make_groove(seed)       # a MIDI file of about 30 s, and its beats a minute

Scores of piano and fiddle alone teach little of music with drums: a kick on every beat sounds to
them like half a beat.
"""

import io
from dataclasses import dataclass, field

import numpy as np

SLOWEST_BPM, FASTEST_BPM = 78.0, 168.0
SECONDS = 31.0
TICKS = 480
WALTZ_SHARE = 0.12
DRUM_CHANNEL, BASS_CHANNEL, CHORD_CHANNEL, TUNE_CHANNEL = 9, 0, 1, 2
KICK, SNARE, CLAP, CLOSED_HAT, OPEN_HAT, RIDE = 36, 38, 39, 42, 46, 51
KICKS = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1.5, 2), (0, 2, 2.5), (0, 0.75, 2))
SNARES = ((1, 3), (1, 3), (1, 3), (1, 3, 3.75), ())
HATS = (1.0, 0.5, 0.5, 0.25)  # beats between two
BASSES = ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0), (0.0, 2.0))  # first beat, beats between two
CHORDS = ((0.0, 4.0), (0.0, 2.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5))
PROGRESSIONS = ((0, 7, 9, 5), (9, 5, 0, 7), (0, 5, 7, 0), (0, 9, 5, 7), (0, 0, 5, 5))
MINOR_ROOTS = (9, 2, 4)
BASS_PROGRAMS, CHORD_PROGRAMS = (32, 33, 38, 39), (0, 4, 16, 24, 27, 48, 50, 81, 88, 90)
TUNE_PROGRAMS = (0, 11, 26, 40, 56, 65, 73, 80, 81, 87)
SCALE = (0, 2, 4, 7, 9)


@dataclass
class _Band:
    """Holds the notes so far: (start, length in beats, channel, pitch, velocity)."""

    rng: np.random.Generator
    beats_per_bar: int
    num_bars: int
    tonic: int
    notes: list[tuple[float, float, int, int, int]] = field(default_factory=list)

    def play(self, start: float, length: float, channel: int, pitch: int, loudness: int) -> None:
        velocity = int(np.clip(loudness + self.rng.integers(-10, 11), 20, 127))
        self.notes.append((start, length, channel, pitch, velocity))

    def steps(self, first: float, step: float) -> np.ndarray:
        return np.arange(first, self.num_bars * self.beats_per_bar, step)


def make_groove(seed: int) -> tuple[bytes, float]:
    """A MIDI file and its tempo; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    bpm = float(np.exp(rng.uniform(np.log(SLOWEST_BPM), np.log(FASTEST_BPM))))
    beats_per_bar = 3 if rng.random() < WALTZ_SHARE else 4
    num_bars = int(np.ceil(SECONDS * bpm / 60.0 / beats_per_bar))
    band = _Band(
        rng=rng, beats_per_bar=beats_per_bar, num_bars=num_bars, tonic=int(rng.integers(12))
    )
    roots = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    _add_drums(band)
    if rng.random() < 0.85:
        _add_bass(band, roots)
    if rng.random() < 0.85:
        _add_chords(band, roots)
    if rng.random() < 0.5:
        _add_tune(band)
    return _write(band, bpm), bpm


def _add_drums(band: _Band) -> None:
    rng, bar = band.rng, band.beats_per_bar
    kicks = KICKS[rng.integers(len(KICKS))] if bar == 4 else (0,)
    snares = SNARES[rng.integers(len(SNARES))] if bar == 4 else (1, 2)
    snare = SNARE if rng.random() < 0.7 else CLAP
    for start in band.steps(0.0, bar):
        for beat in kicks:
            band.play(start + beat, 0.25, DRUM_CHANNEL, KICK, 110)
        for beat in snares:
            band.play(start + beat, 0.25, DRUM_CHANNEL, snare, 100)
    hat = (CLOSED_HAT, CLOSED_HAT, RIDE)[rng.integers(3)]
    step = HATS[rng.integers(len(HATS))]
    off_beat = rng.random() < 0.2
    if rng.random() < 0.9:
        for start in band.steps(0.5 if off_beat else 0.0, 1.0 if off_beat else step):
            strong = start % 1.0 == 0.0
            sound = OPEN_HAT if off_beat else hat
            band.play(start, 0.2, DRUM_CHANNEL, sound, 85 if strong else 65)


def _add_bass(band: _Band, roots: tuple[int, ...]) -> None:
    first, step = BASSES[band.rng.integers(len(BASSES))]
    for start in band.steps(first, step):
        root = roots[int(start // band.beats_per_bar) % len(roots)]
        band.play(start, step * 0.8, BASS_CHANNEL, 36 + (band.tonic + root) % 12, 95)


def _add_chords(band: _Band, roots: tuple[int, ...]) -> None:
    first, step = CHORDS[band.rng.integers(len(CHORDS))]
    for start in band.steps(first, min(step, band.beats_per_bar)):
        root = roots[int(start // band.beats_per_bar) % len(roots)]
        third = 3 if root in MINOR_ROOTS else 4
        for interval in (0, third, 7):
            pitch = 55 + (band.tonic + root + interval - 7) % 12
            band.play(start, step * 0.9, CHORD_CHANNEL, pitch, 75)


def _add_tune(band: _Band) -> None:
    place, step = 0, float(band.rng.choice([0.5, 1.0]))
    for start in band.steps(0.0, step):
        place = int(np.clip(place + band.rng.integers(-2, 3), -3, 7))
        if band.rng.random() < 0.7:
            octave, degree = divmod(place, len(SCALE))
            pitch = 72 + band.tonic % 12 + 12 * octave + SCALE[degree]
            band.play(start, step * 0.9, TUNE_CHANNEL, min(pitch, 108), 85)


def _write(band: _Band, bpm: float) -> bytes:
    import mido

    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=0))
    programs = (BASS_PROGRAMS, CHORD_PROGRAMS, TUNE_PROGRAMS)
    for channel, choices in enumerate(programs):
        program = int(band.rng.choice(choices))
        track.append(mido.Message("program_change", channel=channel, program=program, time=0))
    events = []
    for start, length, channel, pitch, velocity in band.notes:
        on, off = round(start * TICKS), round((start + length) * TICKS)
        events.append((on, 1, channel, pitch, velocity))
        events.append((off, 0, channel, pitch, 0))
    last = 0
    for tick, kind, channel, pitch, velocity in sorted(events):
        name = "note_on" if kind else "note_off"
        message = mido.Message(name, channel=channel, note=pitch, velocity=velocity)
        track.append(message.copy(time=tick - last))
        last = tick
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()
