"""MIDI files to arrays of notes through symusic; knows nothing of how they sound."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.errors import NoContent, UnreadableMedia, UnsupportedMedia
from media.formats import MIDI, detect_container
from media.limits import Limits
from media.midi_scan import DEFAULT_MSPQ, scan_midi

DRUMS = -1
"""`Score.programs` of notes on the drum channel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """Notes in the order of their onsets, then pitch.

    Attributes:
        onsets_s: (N,) float64 seconds from the start.
        durations_s: (N,) float64 seconds.
        onsets_q: (N,) float64 quarter notes from the start.
        durations_q: (N,) float64 quarter notes.
        pitches: (N,) int16 MIDI numbers, 60 is middle C.
        velocities: (N,) int16, 1 to 127.
        programs: (N,) int16 General MIDI programs from 0; -1 are drums.
        tracks: (N,) int16 place of the note's track in the file.
        tempos: (time_s, quarter notes a minute), the first at 0 s.
        metres: (time_s, numerator, denominator), the first at 0 s (4/4 where the file has none).
        key_signatures: (time_s, name), "A minor"; empty where the file states none.
        ticks_per_quarter: resolution of the file.
        duration_s: end of the last note.
        remarks: what was repaired or left out, one sentence each.
    """

    onsets_s: NDArray[np.float64]
    durations_s: NDArray[np.float64]
    onsets_q: NDArray[np.float64]
    durations_q: NDArray[np.float64]
    pitches: NDArray[np.int16]
    velocities: NDArray[np.int16]
    programs: NDArray[np.int16]
    tracks: NDArray[np.int16]
    tempos: tuple[tuple[float, float], ...]
    metres: tuple[tuple[float, int, int], ...]
    key_signatures: tuple[tuple[float, str], ...]
    ticks_per_quarter: int
    duration_s: float
    remarks: tuple[str, ...] = ()


def read_score_file(path: Path, limits: Limits) -> Score:
    """The notes of a .mid file; raises as `read_score` does, UnsupportedMedia for MusicXML."""
    container = detect_container(path, limits)
    if container != MIDI:
        raise UnsupportedMedia(
            f"{path.name}: is {container.name}; scores are read from MIDI files"
        )
    return read_score(read_midi_bytes(path, limits), limits, name=path.name)


def read_midi_bytes(path: Path, limits: Limits) -> bytes:
    """The bytes of a file, one more than allowed at most, so that a scan can refuse them."""
    with path.open("rb") as file:
        return file.read(limits.max_midi_bytes + 1)


def read_score(data: bytes, limits: Limits, name: str = "the MIDI data") -> Score:
    """The notes of a MIDI file's bytes.

    Raises:
        UnreadableMedia: damaged.
        UnsupportedMedia: times in SMPTE frames.
        OverLimit: too many bytes, events or seconds.
        NoContent: no byte, or no note that both begins and ends.
    """
    facts = scan_midi(data, limits, name)
    parsed = _parse(data, name)
    if parsed.note_num() == 0:
        raise NoContent(
            f"{name}: has no complete note: {facts.num_note_ons} begin and none of them ends"
        )
    return _build_score(parsed, facts.num_note_ons)


def _parse(data: bytes, name: str) -> Any:
    import symusic

    try:
        return symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise UnreadableMedia(f"{name}: damaged: {error}") from error


def _build_score(parsed: Any, num_note_ons: int) -> Score:
    tpq = int(parsed.ticks_per_quarter)
    clock = _Clock(parsed.tempos, tpq)
    notes = _gather_notes(parsed)
    onsets, ends = notes["onset"], notes["onset"] + notes["duration"]
    onsets_s, ends_s = clock.seconds(onsets), clock.seconds(ends)
    num_left_out = max(0, num_note_ons - len(onsets))
    return Score(
        onsets_s=onsets_s,
        durations_s=ends_s - onsets_s,
        onsets_q=onsets / tpq,
        durations_q=notes["duration"] / tpq,
        pitches=notes["pitch"].astype(np.int16),
        velocities=notes["velocity"].astype(np.int16),
        programs=notes["program"].astype(np.int16),
        tracks=notes["track"].astype(np.int16),
        tempos=clock.tempos(),
        metres=_metres(parsed, clock),
        key_signatures=_key_signatures(parsed, clock),
        ticks_per_quarter=tpq,
        duration_s=float(ends_s.max()),
        remarks=(f"{num_left_out} notes never end and were left out",) if num_left_out else (),
    )


class _Clock:
    """Ticks to seconds by the tempos of a file."""

    def __init__(self, tempos: Any, tpq: int) -> None:
        at_tick = {0: DEFAULT_MSPQ} | {int(t.time): int(t.mspq) for t in tempos}
        self.ticks = np.array(sorted(at_tick), np.int64)
        self.mspq = np.array([at_tick[int(t)] for t in self.ticks], np.float64)
        self.tpq = tpq
        spans_s = np.diff(self.ticks) * self.mspq[:-1] / (1e6 * tpq)
        self.starts_s = np.concatenate([[0.0], np.cumsum(spans_s)])

    def seconds(self, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        at = np.searchsorted(self.ticks, ticks, side="right") - 1
        seconds: NDArray[np.float64] = self.starts_s[at] + (ticks - self.ticks[at]) * self.mspq[
            at
        ] / (1e6 * self.tpq)
        return seconds

    def second(self, tick: int) -> float:
        return float(self.seconds(np.array([tick], np.int64))[0])

    def tempos(self) -> tuple[tuple[float, float], ...]:
        qpm = 6e7 / self.mspq
        return tuple((float(s), float(q)) for s, q in zip(self.starts_s, qpm, strict=True))


def _gather_notes(parsed: Any) -> dict[str, NDArray[np.int64]]:
    columns: dict[str, list[NDArray[np.int64]]] = {}
    for number, track in enumerate(parsed.tracks):
        raw = track.notes.numpy()
        count = len(raw["time"])
        of_track = {
            "onset": raw["time"],
            "duration": raw["duration"],
            "pitch": raw["pitch"],
            "velocity": raw["velocity"],
            "program": np.full(count, DRUMS if track.is_drum else track.program),
            "track": np.full(count, min(number, np.iinfo(np.int16).max)),
        }
        for column, values in of_track.items():
            columns.setdefault(column, []).append(values.astype(np.int64))
    notes = {column: np.concatenate(parts) for column, parts in columns.items()}
    order = np.lexsort((notes["track"], notes["pitch"], notes["onset"]))
    return {column: values[order] for column, values in notes.items()}


def _metres(parsed: Any, clock: _Clock) -> tuple[tuple[float, int, int], ...]:
    found = {int(m.time): (int(m.numerator), int(m.denominator)) for m in parsed.time_signatures}
    sound = {tick: metre for tick, metre in found.items() if metre[0] > 0 and metre[1] > 0}
    return tuple((clock.second(t), *metre) for t, metre in sorted(({0: (4, 4)} | sound).items()))


_MAJOR_BY_SHARPS = [
    "Cb",
    "Gb",
    "Db",
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
]
_MINOR_BY_SHARPS = [
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
    "G#",
    "D#",
    "A#",
]


def _key_signatures(parsed: Any, clock: _Clock) -> tuple[tuple[float, str], ...]:
    named = []
    for signature in parsed.key_signatures:
        sharps = int(signature.key)
        if -7 <= sharps <= 7:
            tonic = (_MINOR_BY_SHARPS if signature.tonality else _MAJOR_BY_SHARPS)[sharps + 7]
            mode = "minor" if signature.tonality else "major"
            named.append((clock.second(int(signature.time)), f"{tonic} {mode}"))
    return tuple(named)
