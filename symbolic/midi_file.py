"""Parts -> the bytes of a Standard MIDI File. Knows nothing of how the notes were found."""

from collections.abc import Sequence
from dataclasses import dataclass

from symbolic.brief import Key
from symbolic.instruments import DRUMS, instrument_name
from symbolic.parts import Part
from symbolic.sketch import STEPS_PER_QUARTER

TICKS_PER_QUARTER = 480
TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER  # 120
# Sharps (positive) or flats of the major key on each pitch class; minor keys are 3 further down.
MAJOR_SIGNATURES = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands at the head of the score."""

    tempo_qpm: float
    metre: str
    key: Key


def write_midi(parts: Sequence[Part], heading: Heading) -> bytes:
    """A file of format 1 with one named track for each part; the kit is on channel 10."""
    from symusic import KeySignature, Note, Score, Tempo, TimeSignature, Track

    score = Score(TICKS_PER_QUARTER)
    score.tempos.append(Tempo(0, qpm=heading.tempo_qpm))
    numerator, denominator = heading.metre.split("/")
    score.time_signatures.append(TimeSignature(0, int(numerator), int(denominator)))
    score.key_signatures.append(KeySignature(0, *_signature(heading.key)))
    for part in parts:
        is_drums = part.program == DRUMS
        track = Track(instrument_name(part.program), 0 if is_drums else part.program, is_drums)
        for note in part.notes:
            onset = round(note.onset * TICKS_PER_STEP)
            end = round((note.onset + note.duration) * TICKS_PER_STEP)
            track.notes.append(Note(onset, max(end - onset, 1), note.pitch, note.velocity))
        score.tracks.append(track)
    data: bytes = score.dumps_midi()
    return data


def _signature(key: Key) -> tuple[int, int]:
    """Sharps or flats from -7 to 7, and 1 for minor."""
    if key.mode == "major":
        return MAJOR_SIGNATURES[key.tonic], 0
    return MAJOR_SIGNATURES[(key.tonic + 3) % 12], 1
