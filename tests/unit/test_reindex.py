"""reindex: embed, build, gate, publish, retire; stopped or killed it loses nothing."""

from pathlib import Path
from typing import Any

import pytest

from index.errors import GateFailed
from index.generation import GenerationStore
from services.catalogue.ingest import Ingest
from services.catalogue.records import NewTrack
from services.errors import Cancelled
from services.retrieval.reindex import ReindexTools, reindex
from services.uploads import MediaSource, UploadStore
from tests.fakes import FakeReader, fake_description, write_tone
from tests.fixtures.retrieval import Shelf, empty_database, shelf  # noqa: F401


class Watched:
    """Keeps what a handler says and cancels it before a stage or a track."""

    def __init__(self, cancel_at: str = "", record: dict[str, Any] | None = None) -> None:
        self.record: dict[str, Any] = record if record is not None else {}
        self.said: list[dict[str, Any]] = []
        self._cancel_at = cancel_at

    @property
    def stages(self) -> list[str]:
        return [fields["stage"] for fields in self.said if "stage" in fields]

    def update(self, **fields: Any) -> None:
        self.said.append(fields)

    def raise_if_cancelled(self) -> None:
        if self._cancel_at in [str(value) for fields in self.said for value in fields.values()]:
            raise Cancelled("stopped by the test")


def make_tools(
    shelf: Shelf,  # noqa: F811
    folder: Path,
    generations: GenerationStore | None = None,
) -> ReindexTools:
    uploads = UploadStore(folder / "uploads", max_bytes=1 << 20, expires_s=60)
    ingest = Ingest(
        shelf.catalogue,
        reader=FakeReader(),
        embedder=shelf.embedder,
        sources=MediaSource((folder,), uploads),
        media_folder=folder / "media",
    )
    return ReindexTools(
        catalogue=shelf.catalogue,
        generations=generations or shelf.generations,
        searcher=shelf.searcher,
        hears=ingest,
        fit_calibration=shelf.fit,
        space=shelf.embedder.space,
    )


def add_file(shelf: Shelf, folder: Path, track_id: str, tone_hz: float) -> None:  # noqa: F811
    path = write_tone(folder / f"{track_id}.wav", tone_hz)
    new = NewTrack(
        id=track_id, title=track_id, source_path=str(path), has_sound=True, duration_s=12.0,
        description=fake_description(),
    )  # fmt: skip
    shelf.catalogue.add_track(new)


def test_every_vector_is_in_the_generation(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    shelf.add("a", "calm", segments=["calm", "calm night"])
    shelf.add("b", "metal")
    progress = Watched()
    response = reindex({}, progress, make_tools(shelf, tmp_path))
    assert response["num_rows"] == 5
    assert response["recall"] == 1.0
    assert response["generation"] == shelf.generations.live_name()
    assert progress.stages == ["embed", "build", "gate", "publish", "retire"]


def test_tracks_without_vectors_are_embedded_first(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    add_file(shelf, tmp_path, "a", 440.0)
    progress = Watched()
    response = reindex({}, progress, make_tools(shelf, tmp_path))
    assert response["num_rows"] > 0
    assert shelf.catalogue.missing_vectors(shelf.space) == []
    assert {"stage": "embed", "num_missing": 1, "num_done": 0} in progress.said


def test_a_file_that_is_gone_or_damaged_is_one_line_and_stops_nothing(
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    add_file(shelf, tmp_path, "a", 440.0)
    add_file(shelf, tmp_path, "gone", 500.0)
    add_file(shelf, tmp_path, "silent", 0.0)
    (tmp_path / "gone.wav").unlink()
    response = reindex({}, Watched(), make_tools(shelf, tmp_path))
    assert [line.partition(":")[0] for line in response["refused"]] == ["gone", "silent"]
    assert response["num_rows"] > 0


def test_embedding_again_makes_new_rows_and_goes_on_after_a_crash(
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    for number in range(3):
        add_file(shelf, tmp_path, f"t{number}", 300.0 + 100 * number)
    tools = make_tools(shelf, tmp_path)
    reindex({}, Watched(), tools)
    before = set(shelf.catalogue.alive_rows(shelf.space)[:, 0].tolist())
    record: dict[str, Any] = {}
    with pytest.raises(Cancelled):
        reindex({"embed_again": True}, Watched(cancel_at="1", record=record), tools)
    num_before_crash = shelf.embedder.num_sounds
    reindex({"embed_again": True}, Watched(record=record), tools)
    after = set(shelf.catalogue.alive_rows(shelf.space)[:, 0].tolist())
    assert shelf.embedder.num_sounds - num_before_crash == 2
    assert not before & after
    assert len(after) == 3


def test_cancelling_leaves_the_old_generation_live(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    shelf.add("a", "calm")
    tools = make_tools(shelf, tmp_path)
    reindex({}, Watched(), tools)
    live = shelf.generations.live_name()
    shelf.add("b", "calm")
    with pytest.raises(Cancelled):
        reindex({}, Watched(cancel_at="build"), tools)
    assert shelf.generations.live_name() == live


def test_a_failed_gate_leaves_the_old_generation_live(
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf.add("a", "calm")
    tools = make_tools(shelf, tmp_path)
    reindex({}, Watched(), tools)
    live = shelf.generations.live_name()
    build = tools.engine

    def lose_a_row(engine: str, ids: Any, vectors: Any) -> Any:
        from index.engine import build_index

        kept = slice(1, None) if engine == build else slice(None)
        return build_index(engine, ids[kept], vectors[kept])

    monkeypatch.setattr("services.retrieval.reindex.build_index", lose_a_row)
    with pytest.raises(GateFailed):
        reindex({}, Watched(), tools)
    assert shelf.generations.live_name() == live


def test_only_two_generations_are_kept(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    shelf.add("a", "calm")
    for _ in range(4):
        reindex({}, Watched(), make_tools(shelf, tmp_path))
    assert len(shelf.generations.names()) == 2


def test_an_empty_catalogue_can_be_indexed(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    response = reindex({}, Watched(), make_tools(shelf, tmp_path))
    assert response["num_rows"] == 0
