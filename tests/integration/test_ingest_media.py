"""Imports of real and of damaged files with the real reader; the embedder is a fake."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.child import MediaReader
from services.catalogue.importing import IMPORT_KIND, import_handler
from services.catalogue.ingest import Ingest
from services.catalogue.store import Catalogue
from services.database import Sessions, open_database, upgrade_database
from services.operations.records import Fields
from services.operations.runner import OperationRunner
from services.operations.store import OperationStore
from services.uploads import MediaSource, UploadStore
from tests.fakes import FakeEmbedder
from tests.unit.ingest_rig import at

WAIT_S = 280.0


class Importer:
    """Imports files of a folder into a fresh catalogue."""

    def __init__(self, root: Path, home: Path, sessions: Sessions, reader: MediaReader) -> None:
        self.catalogue = Catalogue(sessions)
        self.media = home / "media"
        self.media.mkdir()
        self.embedder = FakeEmbedder()
        self.uploads = UploadStore(home / "uploads", max_bytes=1 << 20, expires_s=600)
        ingest = Ingest(
            self.catalogue,
            reader=reader,
            embedder=self.embedder,
            sources=MediaSource((root,), self.uploads),
            media_folder=self.media,
        )
        self.runner = OperationRunner(OperationStore(sessions))
        self.runner.register(IMPORT_KIND, import_handler(ingest))

    def outcomes(self, sources: list[Fields]) -> list[Fields]:
        record = self.runner.wait(self.runner.start(IMPORT_KIND, {"sources": sources}), WAIT_S)
        assert record.response is not None, record
        outcomes: list[Fields] = record.response["outcomes"]
        return outcomes


@pytest.fixture
def importer(data_dir: Path, tmp_path: Path) -> Iterator[Importer]:
    engine = open_database(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    upgrade_database(engine)
    with MediaReader() as reader:
        importer = Importer(data_dir, tmp_path, Sessions(engine), reader)
        yield importer
        importer.runner.close()
    engine.dispose()


def broken_files(data_dir: Path) -> dict[str, str]:
    """What must become of each damaged file, by its path."""
    lines = (data_dir / "clips.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["file"]: row["expected"] for row in rows if row["kind"] == "broken"}


def test_damaged_files_are_refused_with_a_reason_and_leave_nothing(
    importer: Importer, data_dir: Path, tmp_path: Path
) -> None:
    expected = broken_files(data_dir)
    assert len(expected) == 32
    outcomes = importer.outcomes([at(data_dir / file, id=Path(file).name) for file in expected])
    added = {outcome["track_id"] for outcome in outcomes if outcome["track_id"]}
    for file, outcome in zip(expected, outcomes, strict=True):
        if outcome["state"] == "STATE_REFUSED":
            assert outcome["reason"].startswith(("UN", "MEDIA_")), outcome
            assert Path(file).name in outcome["message"]
        else:
            assert _may_be_added(expected[file]), outcome
    tracks = importer.catalogue.list_tracks(limit=100).tracks
    assert {track.id for track in tracks} == added
    assert list(importer.media.iterdir()) == []
    for row in importer.catalogue.rows_after(str(importer.embedder.space)):
        assert np.isfinite(row.matrix).all()


def _may_be_added(expected: str) -> bool:
    return any(word in expected for word in (" or ", "allowed", "as a track", "reads"))


def test_real_recordings_and_scores_are_imported_once(importer: Importer, data_dir: Path) -> None:
    recordings = sorted((data_dir / "audio").iterdir())[:3]
    scores = sorted((data_dir / "symbolic").rglob("*.mid"))[:2]
    sources = [at(path) for path in (*recordings, *scores)]
    first = importer.outcomes(sources)
    assert {outcome["state"] for outcome in first} == {"STATE_ADDED"}
    tracks = importer.catalogue.get_tracks([outcome["track_id"] for outcome in first])
    assert len(tracks) == 5
    for track in tracks.values():
        assert track.has_sound
        assert track.num_segments >= 1
        assert track.duration_s is not None
        assert track.duration_s > 1
    second = importer.outcomes(sources)
    assert {outcome["state"] for outcome in second} == {"STATE_UNCHANGED"}
    assert importer.embedder.num_sounds == 5


def test_an_uploaded_recording_is_kept_and_read_again(importer: Importer, data_dir: Path) -> None:
    path = sorted((data_dir / "audio").iterdir())[0]
    with importer.uploads.writer("../evil name.OPUS") as writer:
        writer.write(path.read_bytes())
        handle = writer.finish().handle
    (outcome,) = importer.outcomes([{"media": {"upload": handle}}])
    track = importer.catalogue.get_track(outcome["track_id"])
    assert track.source_path == str(importer.media / f"{track.id}.opus")
    assert (track.title, Path(track.source_path).read_bytes()) == ("evil name", path.read_bytes())
