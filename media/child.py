"""Reads untrusted media in spawned, limited children; a hang or a crash is one clear error.

A child answers one file at a time, is kept warm, and is replaced after a failure (a hang, a crash,
too much memory, damage that its decoder met) or after fifty files. Children start when they are
first needed.
"""

import dataclasses
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from media import errors, wire
from media.audio import TRUNK_RATE, Sound
from media.errors import MediaError, OverLimit, UnreadableMedia
from media.limits import Limits
from media.midi import Score
from media.probe import MediaInfo, PictureStream, SoundStream
from media.video import FRAMES_PER_SECOND, Frames

logger = logging.getLogger(__name__)

FILES_PER_CHILD = 50

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ERRORS = {cls.__name__: cls for cls in MediaError.__subclasses__()}
_END_S = 5.0
_LOGGED_CHARACTERS = 2000

Value = TypeVar("Value")


class MediaReader:
    """Reads files in up to `num_children` children; thread safe; a context manager.

    Every method raises the error that the reader of the same name raises, and beside those
    OverLimit where the child ran out of time or memory and UnreadableMedia where it crashed.

    Attributes:
        peak_bytes: the most memory that a child has reported so far.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        num_children: int = 1,
        *,
        sound_rate: int = TRUNK_RATE,
    ) -> None:
        if num_children < 1:
            raise ValueError(f"num_children is {num_children}; at least 1 is needed")
        self.limits = limits or Limits()
        self._sound_rate = sound_rate
        self.peak_bytes = 0
        self._closed = False
        # A slot is an idle child, or None where none has been started.
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(num_children):
            self._slots.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def probe(self, path: Path) -> MediaInfo:
        """What a file is, by `media.probe.probe_media`."""
        return self._ask(MediaInfo, path, {"job": "probe"})

    def read_sound(self, path: Path, sample_rate: int | None = None) -> Sound:
        """The sound of a file, by `media.audio.read_sound`; at the reader's rate by default."""
        rate = sample_rate or self._sound_rate
        return self._ask(Sound, path, {"job": "sound", "sample_rate": rate})

    def read_frames(self, path: Path, frames_per_second: float = FRAMES_PER_SECOND) -> Frames:
        """The frames of a clip, by `media.video.read_frames`."""
        return self._ask(Frames, path, {"job": "frames", "frames_per_second": frames_per_second})

    def read_score(self, path: Path) -> Score:
        """The notes of a MIDI file, by `media.midi.read_score_file`."""
        return self._ask(Score, path, {"job": "score"})

    def render(
        self, source: Path | bytes, *, sample_rate: int = TRUNK_RATE, font: Path | None = None
    ) -> Sound:
        """The sound of a MIDI file or of its bytes, by `media.render.render_midi`."""
        question = {
            "job": "render",
            "sample_rate": sample_rate,
            "font": None if font is None else str(font.absolute()),
        }
        if isinstance(source, bytes):
            self._check_midi_size(source)
            return self._ask(Sound, Path("the MIDI data"), question, source)
        return self._ask(Sound, source, question)

    def preview(self, clip: Path, music: Path, start_s: float, out: Path) -> None:
        """Writes the clip with music under it, by `media.preview.write_preview`."""
        question = {
            "job": "preview",
            "music": str(music.absolute()),
            "start_s": start_s,
            "out": str(out.absolute()),
        }
        self._ask(type(None), clip, question)

    def close(self) -> None:
        """Ends the idle children, and the busy ones as soon as they have answered."""
        self._closed = True
        self._end_idle()

    def _check_midi_size(self, data: bytes) -> None:
        if not data:
            raise errors.NoContent("the MIDI data: is empty (0 bytes)")
        if len(data) > self.limits.max_midi_bytes:
            raise OverLimit(
                f"the MIDI data: {len(data):,} bytes; at most {self.limits.max_midi_bytes:,} are "
                "read"
            )

    def _ask(
        self, expected: type[Value], path: Path, question: Mapping[str, Any], data: bytes = b""
    ) -> Value:
        if self._closed:
            raise ValueError("this MediaReader is closed")
        child = self._slots.get()
        keep = False
        try:
            child = child or _Child(self.limits)
            answer = child.ask(path, dict(question) | {"path": str(path.absolute())}, data)
            self.peak_bytes = max(self.peak_bytes, int(answer.header.get("peak_bytes", 0)))
            keep = not answer.header.get("spent", True) and child.num_files < FILES_PER_CHILD
            return _open_answer(expected, path, answer)
        finally:
            if child is not None and not keep:
                child.end()
            self._slots.put(child if keep else None)
            if self._closed:
                self._end_idle()

    def _end_idle(self) -> None:
        idle = []
        while not self._slots.empty():
            idle.append(self._slots.get())
        for child in idle:
            if child is not None:
                child.end()
            self._slots.put(None)


class _Child:
    """One process; after an error it is only good for `end`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.num_files = 0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "media.worker", json.dumps(dataclasses.asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the parent alone
            env=_environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions = self._process.stdin
        self._answers = self._process.stdout

    def ask(self, path: Path, question: Mapping[str, Any], data: bytes) -> wire.Message:
        """The child's answer; raises OverLimit or UnreadableMedia where it gives none."""
        self.num_files += 1
        deadline = time.monotonic() + self.limits.wall_s
        try:
            wire.send(self._questions.fileno(), question, data)
            return wire.receive(
                self._answers.fileno(), max_bytes=self.limits.max_memory_bytes, deadline=deadline
            )
        except wire.WireTimeout as error:
            raise OverLimit(
                f"{path.name}: not read within {self.limits.wall_s:g} s, the limit"
            ) from error
        except wire.Hangup as error:
            raise self._explain_end(path, error) from error

    def end(self) -> None:
        """Kills the process and waits for it."""
        self._process.kill()
        self._process.wait()
        for file in (self._questions, self._answers, self._errors):
            file.close()

    def _explain_end(self, path: Path, error: wire.Hangup) -> MediaError:
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -signal.SIGXCPU:
            return OverLimit(
                f"{path.name}: needs more than {self.limits.cpu_s:g} s of processor time, "
                "the limit"
            )
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        logger.warning("%s: its decoder ended with %s (%s): %s", path, how, error, self._said())
        return UnreadableMedia(f"{path.name}: damaged: its decoder failed ({how})")

    def _said(self) -> str:
        """The end of what the process wrote to its error output."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LOGGED_CHARACTERS))
        return self._errors.read().decode(errors="replace")


def _environment() -> dict[str, str]:
    """Only what a child needs: no secret of the parent's, one thread for each library."""
    root = str(Path(__file__).resolve().parent.parent)
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": root} | dict.fromkeys(_ONE_THREAD, "1")


def _open_answer(expected: type[Value], path: Path, answer: wire.Message) -> Value:
    """The value of an answer; raises the error that the child named."""
    if "error" in answer.header:
        raise _ERRORS.get(answer.header["error"], UnreadableMedia)(str(answer.header["message"]))
    try:
        if answer.header["type"] != expected.__name__:
            raise wire.Hangup(f"a {answer.header['type']} instead of a {expected.__name__}")
        fields = wire.unpack_arrays(answer.header["fields"], answer.body)
        return expected(**_with_streams(fields))
    except (wire.Hangup, KeyError, TypeError, ValueError) as error:
        raise UnreadableMedia(f"{path.name}: damaged: its decoder gave no sense") from error


def _with_streams(fields: dict[str, Any]) -> dict[str, Any]:
    """The two dataclasses that lie inside `MediaInfo`, made again."""
    for name, kind in (("picture", PictureStream), ("sound", SoundStream)):
        if fields.get(name) is not None:
            fields[name] = kind(**fields[name])
    return fields
