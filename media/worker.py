"""The child's side: answers questions about one file at a time within limits that it set itself.

Started as `python -m media.worker` by `media.child`; imports neither torch nor librosa.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import wire
from media.errors import MediaError, OverLimit, UnreadableMedia
from media.limits import Limits

_MAX_OPEN_FILES = 64
_MAX_WRITTEN_BYTES = 1 << 30


def main() -> None:
    """Sets the limits, then answers questions from standard input until it closes."""
    limits = Limits(**json.loads(sys.argv[1]))
    restrict_process(limits)
    # What a library prints must not reach the answers, so they get a descriptor of their own.
    answers = os.dup(1)
    os.dup2(2, 1)
    while True:
        try:
            question = wire.receive(0, max_bytes=limits.max_midi_bytes + 1)
        except wire.Hangup:
            return
        allow_processor_time(limits.cpu_s)
        _answer(answers, question, limits)


def restrict_process(limits: Limits) -> None:
    """Bounds this process's memory, open files and written bytes; leaves no core file."""
    for kind, bound in (
        (resource.RLIMIT_AS, limits.max_memory_bytes),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, _MAX_WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (allowed, allowed))


def allow_processor_time(seconds: float) -> None:
    """From now on so many seconds; the kernel ends this process after them."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(
        resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime + seconds) + 1, hard)
    )


def _answer(answers: int, question: wire.Message, limits: Limits) -> None:
    try:
        value = _do_job(question.header, bytes(question.body), limits)
    except MediaError as error:
        # A decoder that met damage may be damaged itself; a refusal beforehand costs nothing.
        _refuse(answers, error, spent=isinstance(error, UnreadableMedia))
    except MemoryError:
        name = Path(question.header["path"]).name
        bound = limits.max_memory_bytes >> 20
        refusal = OverLimit(f"{name}: needs more than the {bound} MiB of memory allowed")
        _refuse(answers, refusal, spent=True)
    else:
        fields, arrays = wire.pack(value) if value is not None else ({}, [])
        header = {"type": type(value).__name__, "fields": fields, "spent": False}
        wire.send(answers, header | {"peak_bytes": _peak_bytes()}, *arrays)


def _refuse(answers: int, error: MediaError, *, spent: bool) -> None:
    header = {"error": type(error).__name__, "message": str(error), "spent": spent}
    wire.send(answers, header | {"peak_bytes": _peak_bytes()})


def _peak_bytes() -> int:
    """The most memory this process has held (ru_maxrss would count its parent, before exec)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


# The value is one of the dataclasses that `media.child` knows, or None.
def _do_job(question: Mapping[str, Any], data: bytes, limits: Limits) -> Any:
    """Each job imports what it needs itself, so that a child starts quickly."""
    path = Path(question["path"])
    match question["job"]:
        case "probe":
            from media.probe import probe_media

            return probe_media(path, limits)
        case "sound":
            from media.audio import read_sound

            return read_sound(path, limits, question["sample_rate"])
        case "frames":
            from media.video import read_frames

            return read_frames(path, limits, question["frames_per_second"])
        case "score":
            from media.midi import read_score_file

            return read_score_file(path, limits)
        case _:
            return _do_writing_job(question, data, limits)


def _do_writing_job(question: Mapping[str, Any], data: bytes, limits: Limits) -> Any:
    path = Path(question["path"])
    match question["job"]:
        case "render":
            from media.midi import read_midi_bytes
            from media.render import render_midi

            font = None if question["font"] is None else Path(question["font"])
            midi = data or read_midi_bytes(path, limits)
            name = "the MIDI data" if data else path.name
            return render_midi(
                midi, sample_rate=question["sample_rate"], font=font, limits=limits, name=name
            )
        case "preview":
            from media.preview import write_preview

            out = Path(question["out"])
            music, start_s = Path(question["music"]), question["start_s"]
            return write_preview(path, music, start_s=start_s, out=out, limits=limits)
        case unknown:
            raise ValueError(f"unknown job {unknown!r}")


if __name__ == "__main__":
    main()
