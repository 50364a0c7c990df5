"""Errors about uploads name the file as its owner does."""

from pathlib import Path

import pytest

from media.errors import NoContent, UnreadableMedia
from services.reading import NamingReader
from services.uploads import UploadStore
from tests.fakes import write_tone
from tests.fixtures.retrieval import RenderingReader


def test_a_refused_upload_is_named_as_its_owner_named_it(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads", max_bytes=100, expires_s=60)
    with store.writer("My Song.wav") as writer:
        writer.write(b"no tone")
        path = store.path_of(writer.finish().handle)
    reader = NamingReader(RenderingReader(), store.name_of)
    for read in (reader.probe, reader.read_sound, reader.read_frames, reader.render):
        with pytest.raises(UnreadableMedia, match=r"^My Song\.wav ") as refusal:
            read(path)
        assert path.name not in str(refusal.value)


def test_other_files_keep_their_names_and_errors_their_kinds(tmp_path: Path) -> None:
    reader = NamingReader(
        RenderingReader(), UploadStore(tmp_path / "uploads", max_bytes=100, expires_s=60).name_of
    )
    silent = write_tone(tmp_path / "silent.wav", 0.0)
    with pytest.raises(NoContent, match=r"^silent\.wav is silent$"):
        reader.read_sound(silent)
    assert reader.probe(silent).container == "tone"
