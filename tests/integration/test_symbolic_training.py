import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbolic.brief import Brief, Key
from symbolic.checkpoint import WEIGHTS_NAME, load_model, read_manifest
from symbolic.compose import Composer, load_composer
from symbolic.errors import BrokenWeights
from symbolic.midi_file import Heading, write_midi
from symbolic.orchestrate import orchestrate
from symbolic.plan import make_plan
from symbolic.sketch import METRES
from symbolic.tokens import END
from symbolic.training.harmony import estimate_key, find_chords, parse_key
from symbolic.training.presets import TrainingConfig, smoke
from symbolic.training.scores import read_rows, read_voices
from symbolic.training.sketches import make_sketches
from symbolic.training.train import Progress, read_pieces, train
from symbolic.training.windows import WindowSampler, cut_sketch, find_endings, make_row
from tests.unit.symbolic_makers import make_sketch


def write_data(folder: Path, **changes: Any) -> Path:
    """A small Nottingham: a tune on one track, block chords on another, in D major."""
    (folder / "symbolic").mkdir(parents=True)
    rows = []
    for index, metre in enumerate(METRES):
        brief = Brief(key="D major", metre=metre, instruments=("Flute", "Church Organ"))
        sketch = make_sketch(12, metre)
        parts = orchestrate(sketch, make_plan(brief, seed=0))
        heading = Heading(tempo_qpm=120, metre=metre, key=Key(tonic=2, mode="major"))
        file = f"symbolic/tune-{index}.mid"
        (folder / file).write_bytes(write_midi(parts, heading))
        row = {"id": f"tune-{index}", "file": file, "format": "midi", "key": "D", "metre": metre,
               "collection": "Nottingham", "licence": "GPL-3.0-only", "split": "train",
               "train_shipped": True, "beats_per_measure": None}  # fmt: skip
        rows.append(json.dumps(row | changes))
    (folder / "symbolic.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("scores"))


@pytest.fixture(scope="module")
def trained(scores: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(smoke(), scores, tmp_path_factory.mktemp("weights"))


def test_a_run_leaves_weights_that_compose(trained: Path) -> None:
    composition = load_composer(trained).compose(Brief(bars=4), seed=0, num_candidates=2)
    assert composition.midi.startswith(b"MThd")
    manifest = read_manifest(trained)
    assert manifest["sources"]["Nottingham"]["licences"] == ["GPL-3.0-only"]
    assert manifest["config"]["seed"] == 0
    assert manifest["minutes"] >= 0


def test_a_stopped_run_goes_on_to_the_same_weights(
    scores: Path, trained: Path, tmp_path: Path
) -> None:
    class Stopped(Exception):
        pass

    def stop_after_the_checkpoint(progress: Progress) -> None:
        if progress.step == 6:
            raise Stopped

    with pytest.raises(Stopped):
        train(smoke(), scores, tmp_path, stop_after_the_checkpoint)
    heard: list[int] = []
    train(smoke(), scores, tmp_path, lambda progress: heard.append(progress.step))
    assert heard == [6]
    assert (tmp_path / WEIGHTS_NAME).read_bytes() == (trained / WEIGHTS_NAME).read_bytes()


def test_a_checkpoint_of_another_config_is_not_gone_on_with(scores: Path, tmp_path: Path) -> None:
    train(smoke(), scores, tmp_path)
    with pytest.raises(ValueError, match="is of another config"):
        train(replace(smoke(), seed=1), scores, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [{"train_shipped": False}, {"split": "test"}, {"format": "mxl"}, {"collection": "Unknown"}],
)
def test_scores_that_must_not_train_shipped_weights_are_never_read(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    write_data(tmp_path, **changes)
    assert read_rows(tmp_path, "train") == []
    with pytest.raises(ValueError, match="no usable score"):
        train(smoke(), tmp_path, tmp_path / "out")


def test_every_metre_is_read_and_normalised_to_c_major(scores: Path) -> None:
    pieces, _ = read_pieces(scores, "train")
    assert {sketch.metre for sketch, _ in pieces} == set(METRES)
    for sketch, style in pieces:
        assert (sketch.mode, style) == ("major", "folk")
        assert sketch.chords[0].name() == "C"
        assert sketch.melody[-1].pitch % 12 == 0


def test_a_score_off_the_beat_grid_is_left_out(scores: Path, tmp_path: Path) -> None:
    from symusic import Score

    row = read_rows(scores, "train")[0]
    score = Score(str(scores / row["file"]))
    generator = np.random.default_rng(0)
    for track in score.tracks:
        for note in track.notes:
            note.time += int(generator.integers(0, score.tpq))
    (tmp_path / "loose.mid").write_bytes(score.dumps_midi())
    assert read_voices(tmp_path, {**row, "file": "loose.mid"}) is None


def test_real_scores_of_every_collection_become_sketches(data_dir: Path) -> None:
    seen: dict[str, int] = {}
    for row in read_rows(data_dir, "val"):
        if seen.get(row["collection"], 0) < 2:
            voices = read_voices(data_dir, row)
            sketches = make_sketches(voices) if voices else []
            seen[row["collection"]] = seen.get(row["collection"], 0) + bool(sketches)
            for sketch in sketches:
                assert all(note.end <= sketch.num_steps for note in sketch.melody)
    assert seen["POP909"] == seen["Nottingham"] == 2


def test_windows_count_bars_down_only_to_real_endings() -> None:
    sketch = make_sketch(12)
    assert find_endings(sketch)[-1] == 12
    _, _, at_end = make_row(cut_sketch(sketch, 8, 12), "folk", 4, 512)
    _, _, going_on = make_row(cut_sketch(sketch, 0, 4), "folk", 12, 512)
    assert at_end[-1] == END
    assert END not in going_on


def test_a_window_opens_with_the_chord_and_bass_that_sound_there() -> None:
    cut = cut_sketch(make_sketch(8), 3, 6)
    assert (cut.chords[0].onset, cut.bass[0].onset) == (0, 0)
    assert cut.num_bars == 3


def test_rare_metres_are_drawn_often() -> None:
    pieces = [(make_sketch(8, "4/4"), "folk")] * 50 + [(make_sketch(8, "3/4"), "folk")]
    sampler = WindowSampler(pieces, 256)
    batch = sampler.draw(np.random.default_rng(0), 200)
    share = float((batch.controls[:, 0] == METRES.index("3/4")).mean())
    assert 0.2 < share < 0.45


@pytest.mark.parametrize(
    ("text", "key"),
    [("G", (7, "major")), ("Am", (9, "minor")), ("Gb:maj", (6, "major")), ("D:min", (2, "minor"))],
)
def test_keys_of_manifests_are_read(text: str, key: tuple[int, str]) -> None:
    assert parse_key(text) == key
    assert parse_key("A Dorian") is None


def test_block_chords_are_named_and_the_key_is_heard() -> None:
    rows = [(bar * 16, 16, pitch) for bar, pitches in enumerate(
        ((36, 52, 55, 60), (41, 53, 57, 60), (43, 53, 55, 59), (36, 52, 55, 60)))
        for pitch in pitches]  # fmt: skip
    notes = np.array(rows)
    chords = find_chords(notes, num_steps=64, span=16)
    assert [chord.name() for chord in chords] == ["C", "F", "G7", "C"]
    assert estimate_key(notes) == (0, "major")


def test_changed_or_missing_weights_are_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights, match="cannot read"):
        load_model(tmp_path)
    data = bytearray((trained / WEIGHTS_NAME).read_bytes())
    data[-1] ^= 1
    (tmp_path / WEIGHTS_NAME).write_bytes(data)
    (tmp_path / "manifest.json").write_bytes((trained / "manifest.json").read_bytes())
    with pytest.raises(BrokenWeights, match="has SHA-256"):
        load_model(tmp_path)


def test_weights_of_another_vocabulary_are_refused(trained: Path, tmp_path: Path) -> None:
    manifest = dict(read_manifest(trained)) | {"vocabulary_size": 7}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BrokenWeights, match=r"format and vocabulary \(1, 7\)"):
        load_model(tmp_path)


def test_a_config_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="must be >= 1"):
        TrainingConfig(name="none", num_steps=0)


def test_a_composer_names_its_weights(trained: Path) -> None:
    digest = read_manifest(trained)["sha256"]
    assert Composer(load_model(trained)).name == f"composer-{digest[:12]}"
