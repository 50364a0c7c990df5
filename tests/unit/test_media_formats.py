import dataclasses
import os
from pathlib import Path

import pytest

from media import errors
from media.errors import MediaError, NoContent, OverLimit, UnreadableMedia, UnsupportedMedia
from media.formats import SUFFIXES, detect_container, recognise
from media.limits import MIB, Limits

HEADS = {
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "aiff": b"FORM\x00\x00\x00\x00AIFF",
    "flac": b"fLaC\x00\x00\x00\x22",
    "ogg": b"OggS\x00\x02",
    "mp4": b"\x00\x00\x00\x20ftypisom",
    "matroska": b"\x1a\x45\xdf\xa3\x01\x00",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "midi": b"MThd\x00\x00\x00\x06",
    "aac": b"\xff\xf1\x50\x80",
    "mp3": b"\xff\xfb\x90\x64",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_container_is_told_by_its_first_bytes(name: str) -> None:
    container = recognise(HEADS[name])
    assert container is not None
    assert container.name == name


def test_an_id3_tag_begins_an_mp3() -> None:
    container = recognise(b"ID3\x04\x00\x00")
    assert container is not None
    assert container.name == "mp3"


@pytest.mark.parametrize(
    ("head", "called"),
    [
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8brest", "gzip"),
        (b"#EXTM3U\nfile:secret", "HLS playlist"),
        (b"ffconcat version 1.0", "concat script"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"just words", "plain text"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "unknown kind"),
    ],
)
def test_what_is_not_media_is_named_and_refused(tmp_path: Path, head: bytes, called: str) -> None:
    path = tmp_path / "music.mp3"
    path.write_bytes(head)
    with pytest.raises(UnsupportedMedia, match=rf"music\.mp3.*{called}.*read are WAV"):
        detect_container(path, Limits())


def test_a_suffix_does_not_make_a_container(tmp_path: Path) -> None:
    path = tmp_path / "score.mp4"
    path.write_bytes(HEADS["midi"])
    assert detect_container(path, Limits()).name == "midi"


def test_an_empty_file_has_no_content(tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    path.touch()
    with pytest.raises(NoContent, match=r"nothing\.wav.*0 bytes"):
        detect_container(path, Limits())


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    path.write_bytes(HEADS["wav"])
    with pytest.raises(OverLimit, match=r"large\.wav: 16 bytes; at most 8"):
        detect_container(path, Limits(max_bytes=8))


def test_a_missing_file_a_folder_and_a_pipe_are_unreadable(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    for path in (tmp_path / "missing.wav", tmp_path, pipe):
        with pytest.raises(UnreadableMedia, match=path.name):
            detect_container(path, Limits())


def test_no_suffix_has_two_meanings() -> None:
    every = [suffix for group in SUFFIXES.values() for suffix in group]
    assert len(every) == len(set(every))
    assert set(SUFFIXES) == {"track", "clip", "score"}
    assert all(suffix.startswith(".") and suffix.islower() for suffix in every)


def test_every_error_has_its_own_reason() -> None:
    kinds = MediaError.__subclasses__()
    reasons = {kind.reason for kind in kinds}
    assert reasons == {
        "UNREADABLE_MEDIA",
        "UNSUPPORTED_MEDIA",
        "MEDIA_OVER_LIMIT",
        "MEDIA_NO_CONTENT",
    }
    assert {kind.__name__ for kind in kinds} <= set(dir(errors))


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_must_be_a_positive_number(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_a_child_needs_memory_to_start() -> None:
    with pytest.raises(ValueError, match="256 MiB"):
        Limits(max_memory_bytes=64 * MIB)
