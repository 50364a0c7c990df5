"""An ingest over fakes in a folder, for tests."""

from dataclasses import dataclass
from pathlib import Path

from services.catalogue.importing import IMPORT_KIND, import_handler
from services.catalogue.ingest import Ingest
from services.catalogue.store import Catalogue
from services.database import Sessions
from services.operations.records import Fields, OperationRecord
from services.operations.runner import OperationRunner
from services.operations.store import OperationStore
from services.uploads import MediaSource, UploadStore
from tests.fakes import FakeEmbedder, FakeReader

WAIT_S = 30.0


@dataclass(kw_only=True)
class Rig:
    """Everything that an import needs, with fakes for reader and embedder."""

    folder: Path
    catalogue: Catalogue
    operations: OperationStore
    reader: FakeReader
    embedder: FakeEmbedder
    uploads: UploadStore

    @property
    def music(self) -> Path:
        return self.folder / "music"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def space(self) -> str:
        return str(self.embedder.space)

    def ingest(self) -> Ingest:
        return Ingest(
            self.catalogue,
            reader=self.reader,
            embedder=self.embedder,
            sources=MediaSource((self.music,), self.uploads),
            media_folder=self.media,
        )

    def runner(self) -> OperationRunner:
        runner = OperationRunner(self.operations)
        runner.register(IMPORT_KIND, import_handler(self.ingest()))
        return runner

    def run(self, *sources: Fields) -> OperationRecord:
        """Imports the sources as an operation; answers when it is done."""
        runner = self.runner()
        record = runner.wait(runner.start(IMPORT_KIND, {"sources": list(sources)}), WAIT_S)
        runner.close()
        assert record.done
        return record

    def outcomes(self, *sources: Fields) -> list[Fields]:
        """What became of the sources."""
        response = self.run(*sources).response
        assert response is not None
        outcomes: list[Fields] = response["outcomes"]
        return outcomes

    def states(self, *sources: Fields) -> list[str]:
        return [outcome["state"].removeprefix("STATE_") for outcome in self.outcomes(*sources)]

    def upload(self, content: bytes, name: str) -> Fields:
        """A source of an uploaded file."""
        with self.uploads.writer(name) as writer:
            writer.write(content)
            return {"media": {"upload": writer.finish().handle}}


def make_rig(folder: Path, sessions: Sessions) -> Rig:
    for name in ("music", "media"):
        (folder / name).mkdir(exist_ok=True)
    return Rig(
        folder=folder,
        catalogue=Catalogue(sessions),
        operations=OperationStore(sessions),
        reader=FakeReader(),
        embedder=FakeEmbedder(),
        uploads=UploadStore(folder / "uploads", max_bytes=10_000, expires_s=60),
    )


def at(path: Path, **words: object) -> Fields:
    """A source of a file on the server."""
    return {"media": {"path": str(path)}, **words}
