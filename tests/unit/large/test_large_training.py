"""Training of the large profile: heads, cards, resuming, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.errors import (
    RefusedCheckpoint,
    RefusedData,
)
from encoders.large.checkpoints import Wanted, hash_folder
from encoders.large.embedder import load_large
from encoders.large.towers import LargeTowers, open_towers
from encoders.training.contrastive import Process
from encoders.training.large import draw_pairs, train_large
from encoders.training.large_features import FeatureStore
from media.audio import Sound
from tests.fixtures.checkpoints import write_tiny_clap
from tests.fixtures.large import (
    CONFIG,
    Checkpoints,
    PlainReader,
    tiny_run,
    write_manifest,
)


def test_training_writes_heads_whose_card_names_towers_and_data(
    trained: Path, checkpoints: Checkpoints
) -> None:
    card = json.loads((trained / "card.json").read_text(encoding="utf-8"))
    assert card["towers"]["audio"]["sha256"] == hash_folder(checkpoints.clap)
    assert card["towers"]["pictures"]["licence"] == "MIT"
    assert card["licence"] == "Apache-2.0"
    assert card["non_commercial"] is False
    assert card["trained_on"]["licences"] == ["CC0-1.0"]
    assert card["trained_on"]["num_rows"] == 8


def test_training_twice_gives_the_same_heads(
    trained: Path, towers: LargeTowers, tmp_path: Path
) -> None:
    again = train_large(
        tiny_run(tmp_path, write_manifest(tmp_path / "data")), towers, PlainReader()
    )
    names = ("model.safetensors",)
    assert [(again / n).read_bytes() for n in names] == [(trained / n).read_bytes() for n in names]


def test_a_killed_run_goes_on_and_ends_with_the_same_heads(
    trained: Path, towers: LargeTowers, tmp_path: Path
) -> None:
    run = tiny_run(tmp_path, write_manifest(tmp_path / "data"))

    class Killed(Exception):
        pass

    def kill_after_two(stage: str, done: int, total: int, loss: float | None) -> None:
        if stage == "training" and done == 2:
            raise Killed

    epochs: list[int] = []
    with pytest.raises(Killed):
        train_large(run, towers, PlainReader(), show=kill_after_two)
    assert not (run.out_dir / "heads").exists()
    folder = train_large(
        run,
        towers,
        PlainReader(),
        show=lambda stage, done, total, loss: epochs.append(done) if stage == "training" else None,
    )
    assert epochs == [3]
    ours, theirs = (f / "model.safetensors" for f in (folder, trained))
    assert ours.read_bytes() == theirs.read_bytes()


def test_training_learns_its_pairs(towers: LargeTowers, tmp_path: Path) -> None:
    config = replace(CONFIG, num_epochs=60, batch_size=8, learning_rate=1e-2)
    losses: list[float] = []
    train_large(
        tiny_run(tmp_path, write_manifest(tmp_path / "data"), config),
        towers,
        PlainReader(),
        show=lambda stage, done, total, loss: losses.append(loss) if loss is not None else None,
    )
    assert losses[-1] < 0.3 * losses[0]


def test_features_are_computed_once_and_anew_for_other_towers(
    towers: LargeTowers, tmp_path: Path
) -> None:
    class CountingReader(PlainReader):
        heard = 0

        def read_sound(self, path: Path, sample_rate: int = 16_000) -> Sound:
            self.heard += 1
            return super().read_sound(path, sample_rate)

    run, reader = tiny_run(tmp_path, write_manifest(tmp_path / "data")), CountingReader()
    for _ in range(2):
        train_large(run, towers, reader)
    assert reader.heard == 8
    folder = FeatureStore(run.cache_dir, towers).folder
    other = write_tiny_clap(tmp_path / "other", seed=1)
    pictures = Wanted(name=towers.facts["pictures"]["name"])
    others = open_towers(audio=Wanted(name=str(other)), pictures=pictures)
    assert FeatureStore(run.cache_dir, others).folder != folder


def test_a_row_that_cannot_be_read_is_left_out_by_everybody(
    towers: LargeTowers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tiny_run(tmp_path, write_manifest(tmp_path / "data", num_rows=9))
    (tmp_path / "data" / "2.wav").write_bytes(b"no sound")
    train_large(run, towers, PlainReader())
    assert "row t2 is left out" in caplog.text
    store = FeatureStore(run.cache_dir, towers)
    assert [store.has(row) for row in run.rows()] == [i != 2 for i in range(9)]


def test_data_that_may_not_train_is_refused_before_anything_is_heard(
    towers: LargeTowers, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "data", licence="CC-BY-NC-4.0")
    run = tiny_run(tmp_path, manifest)
    with pytest.raises(RefusedData, match=r"CC-BY-NC-4\.0"):
        train_large(run, towers, PlainReader())
    assert not run.cache_dir.exists()


def test_allowed_non_commercial_data_marks_heads_and_space(
    towers: LargeTowers, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "data", licence="CC-BY-NC-4.0")
    run = replace(tiny_run(tmp_path, manifest), allow_noncommercial=True)
    folder = train_large(run, towers, PlainReader())
    with pytest.raises(RefusedCheckpoint, match="allow_noncommercial"):
        load_large(folder)
    assert str(load_large(folder, allow_noncommercial=True).space).startswith("large-nc-")


def test_held_out_rows_that_forbid_commercial_use_mark_the_heads_too(
    towers: LargeTowers, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "data", num_rows=10, num_held_out=2)
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    rows[-1]["licence"] = "CC-BY-NC-4.0"
    manifest.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    run = replace(tiny_run(tmp_path, manifest), allow_noncommercial=True)
    card = json.loads((train_large(run, towers, PlainReader()) / "card.json").read_text())
    assert card["non_commercial"] is True
    assert card["trained_on"]["licences"] == ["CC-BY-NC-4.0", "CC0-1.0"]
    assert card["trained_on"]["num_rows"] == 8


def test_fewer_rows_than_a_batch_are_an_error(towers: LargeTowers, tmp_path: Path) -> None:
    run = tiny_run(tmp_path, write_manifest(tmp_path / "data", num_rows=3))
    with pytest.raises(ValueError, match="give more rows"):
        train_large(run, towers, PlainReader())


def test_slices_of_two_processes_are_the_batch_of_one(towers: LargeTowers, tmp_path: Path) -> None:
    run = tiny_run(tmp_path, write_manifest(tmp_path / "data"))
    store = FeatureStore(run.cache_dir, towers)
    for row in run.rows():
        store.compute(row, PlainReader())
    whole = list(draw_pairs(run, store, towers, epoch=1, process=Process()))
    halves = [
        list(draw_pairs(run, store, towers, epoch=1, process=Process(rank=r, world_size=2)))
        for r in range(2)
    ]
    assert len(whole) == len(halves[0]) == len(halves[1]) == 2
    for step, batch in enumerate(whole):
        for name in ("sounds", "texts", "clips", "has_text", "has_clip", "groups"):
            parts = [getattr(half[step], name) for half in halves]
            assert np.array_equal(np.concatenate(parts), getattr(batch, name).numpy())


def test_every_query_has_a_side_and_dropout_takes_only_one(
    towers: LargeTowers, tmp_path: Path
) -> None:
    config = replace(CONFIG, text_dropout=0.5, clip_dropout=0.5, batch_size=8)
    run = tiny_run(tmp_path, write_manifest(tmp_path / "data"), config)
    store = FeatureStore(run.cache_dir, towers)
    for row in run.rows():
        store.compute(row, PlainReader())
    seen = set()
    for epoch in range(20):
        for batch in draw_pairs(run, store, towers, epoch=epoch, process=Process()):
            sides = list(zip(batch.has_text.tolist(), batch.has_clip.tolist(), strict=True))
            assert (False, False) not in sides
            seen |= set(sides)
    assert seen == {(True, False), (False, True), (True, True)}
