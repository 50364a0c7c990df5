import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.audio import read_sound
from media.child import FILES_PER_CHILD, MediaReader
from media.errors import MediaError, NoContent, OverLimit, UnreadableMedia
from media.limits import MIB, Limits
from tests.media_makers import midi_file, midi_note, sine, write_clip, write_sound

SCORE = midi_file(midi_note(60, 960))


@pytest.fixture
def reader() -> Iterator[MediaReader]:
    with MediaReader() as reader:
        yield reader


@pytest.fixture
def sound_file(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "a.flac", sine(440, 2, 44_100), 44_100, codec="flac")


def children_of(reader: MediaReader) -> list[int]:
    """Process ids of the idle children."""
    return [child._process.pid for child in reader._slots.queue if child is not None]


def test_a_child_reads_what_this_process_reads(reader: MediaReader, sound_file: Path) -> None:
    by_child = reader.read_sound(sound_file)
    here = read_sound(sound_file, Limits())
    assert (by_child.samples == here.samples).all()
    assert by_child.sample_rate == here.sample_rate


def test_every_kind_of_answer_comes_back(
    reader: MediaReader, sound_file: Path, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "c.mp4", [(200, 0, 0)] * 10)
    (tmp_path / "s.mid").write_bytes(SCORE)
    assert reader.probe(clip).picture is not None
    assert reader.probe(sound_file).kind == "sound"
    assert reader.read_frames(clip).rgb.shape == (4, 48, 64, 3)
    assert reader.read_score(tmp_path / "s.mid").pitches.tolist() == [60]
    by_path, by_bytes = reader.render(tmp_path / "s.mid"), reader.render(SCORE)
    assert (by_path.samples == by_bytes.samples).all()
    assert by_bytes.sample_rate == 16_000


def test_no_child_starts_before_it_is_needed(reader: MediaReader, sound_file: Path) -> None:
    assert children_of(reader) == []
    reader.probe(sound_file)
    assert len(children_of(reader)) == 1


def test_a_warm_child_is_used_again_after_an_answer_and_a_plain_refusal(
    reader: MediaReader, sound_file: Path, tmp_path: Path
) -> None:
    reader.probe(sound_file)
    first = children_of(reader)
    (tmp_path / "text.mp3").write_text("only words")
    with pytest.raises(MediaError, match="plain text"):
        reader.read_sound(tmp_path / "text.mp3")
    reader.probe(sound_file)
    assert children_of(reader) == first


def test_a_child_that_met_damage_is_replaced(
    reader: MediaReader, sound_file: Path, tmp_path: Path
) -> None:
    reader.probe(sound_file)
    first = children_of(reader)
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(UnreadableMedia, match=r"broken\.flac"):
        reader.read_sound(broken)
    assert children_of(reader) == []
    reader.probe(sound_file)
    assert children_of(reader) != first


def test_a_child_is_replaced_after_fifty_files(reader: MediaReader, sound_file: Path) -> None:
    reader.probe(sound_file)
    first = children_of(reader)
    for _ in range(FILES_PER_CHILD - 2):
        reader.probe(sound_file)
    assert children_of(reader) == first
    reader.probe(sound_file)
    assert children_of(reader) == []
    assert reader.probe(sound_file).kind == "sound"


def test_a_killed_child_is_one_clear_error_and_the_next_file_is_read(
    reader: MediaReader, sound_file: Path
) -> None:
    reader.probe(sound_file)
    child = reader._slots.queue[0]
    assert child is not None
    child._process.kill()
    child._process.wait()
    with pytest.raises(UnreadableMedia, match=r"a\.flac: damaged: its decoder failed \(SIGKILL\)"):
        reader.read_sound(sound_file)
    assert reader.read_sound(sound_file).duration_s == pytest.approx(2, abs=0.01)


def test_a_child_that_never_answers_is_killed_at_the_limit(
    sound_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that reads its questions and stays silent stands in for a decoder that hangs.
    silent = [sys.executable, "-c", "import sys; sys.stdin.buffer.read()"]
    started = subprocess.Popen

    def start_silent(command: list[str], **options: object) -> object:
        return started(silent, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("media.child.subprocess.Popen", start_silent)
    with MediaReader(Limits(wall_s=0.5)) as reader:
        began = time.monotonic()
        with pytest.raises(OverLimit, match=r"a\.flac: not read within 0\.5 s"):
            reader.read_sound(sound_file)
        assert time.monotonic() - began < 5
        assert children_of(reader) == []


def test_too_much_processor_time_is_over_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.mid"
    path.write_bytes(midi_file(b"".join(midi_note(60, 480) * 12 for _ in range(240))))
    with (
        MediaReader(Limits(cpu_s=0.01)) as reader,
        pytest.raises(OverLimit, match=r"long\.mid: needs more than 0\.01 s of processor time"),
    ):
        reader.render(path)


def test_too_much_memory_is_over_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(sine(440, 60, 8_000), 55), 8_000)
    with (
        MediaReader(Limits(max_memory_bytes=330 * MIB)) as reader,
        pytest.raises(OverLimit, match=r"long\.flac: needs more than the 330 MiB of memory"),
    ):
        reader.read_sound(path)


def test_a_child_knows_no_secret_and_imports_nothing_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: MediaReader, sound_file: Path
) -> None:
    monkeypatch.setenv("TEMPTRACK_TOKEN", "secret")
    clip = write_clip(tmp_path / "c.mp4", [(200, 0, 0)] * 10)
    reader.read_frames(clip)
    reader.read_sound(sound_file)
    reader.render(SCORE)
    (pid,) = children_of(reader)
    assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    mapped = Path(f"/proc/{pid}/maps").read_text()
    assert "libdecord" in mapped
    assert "torch" not in mapped
    assert "librosa" not in mapped
    assert "numba" not in mapped


def test_several_threads_share_a_few_children(sound_file: Path) -> None:
    with MediaReader(num_children=2) as reader, ThreadPoolExecutor(6) as pool:
        sounds = list(pool.map(reader.read_sound, [sound_file] * 12))
        assert len({sound.samples.tobytes() for sound in sounds}) == 1
        assert 1 <= len(children_of(reader)) <= 2


def test_closing_ends_the_children(sound_file: Path) -> None:
    reader = MediaReader()
    reader.probe(sound_file)
    (pid,) = children_of(reader)
    reader.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(ValueError, match="closed"):
        reader.probe(sound_file)


def test_closing_waits_for_no_file_and_the_busy_child_ends_after_it(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(sine(440, 60, 44_100), 10), 44_100)
    reader = MediaReader()
    answers: list[float] = []
    busy = threading.Thread(target=lambda: answers.append(reader.read_sound(path).duration_s))
    busy.start()
    while reader._slots.qsize():  # until the thread has taken the one slot
        time.sleep(0.001)
    reader.close()
    busy.join()
    assert answers == [pytest.approx(600, abs=0.1)]
    assert children_of(reader) == []


def test_midi_bytes_are_checked_before_they_are_sent() -> None:
    with MediaReader(Limits(max_midi_bytes=20)) as reader:
        with pytest.raises(OverLimit, match="bytes; at most 20"):
            reader.render(SCORE)
        with pytest.raises(NoContent, match="0 bytes"):
            reader.render(b"")
        assert children_of(reader) == []


def test_at_least_one_child_is_needed() -> None:
    with pytest.raises(ValueError, match="num_children is 0"):
        MediaReader(num_children=0)
