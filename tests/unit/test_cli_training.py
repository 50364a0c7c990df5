"""`temptrack train` runs every named training, and refuses the options of the others."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from encoders.training import presets
from encoders.training.feedback import FeedbackMap
from encoders.training.presets import ViewsConfig, clmr, finetune
from encoders.training.run import EpochReport
from encoders.trunks.checkpoint import verify_folder
from encoders.trunks.features import MIN_SAMPLES
from services.catalogue.records import NewVectors
from services.catalogue.store import Catalogue
from services.cli.app import app
from services.database import Sessions, open_database, upgrade_database
from services.errors import InvalidRequest
from services.home import open_home
from services.training import pace
from services.training.listening import read_vectors
from services.training.pace import tell_pace
from services.training.recordings import find_recordings
from tests.unit.catalogue_samples import song
from tests.unit.test_feedback import lists_of, planted, quick

SPACE = "space-of-tests"
NUM_FILES = 4


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data folder of whoever runs the tests; the command's threads are not left behind."""
    monkeypatch.delenv("TEMPTRACK_DATA", raising=False)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


def train(*words: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, words)])


def refusal(*words: object) -> str:
    result = train(*words)
    assert result.exit_code == 2, result.output
    return result.stderr


def write_recordings(folder: Path) -> Path:
    """Four sounds that differ, one in a folder below, and one file that is no sound."""
    (folder / "more").mkdir(parents=True)
    times_s = np.arange(MIN_SAMPLES + 1_600) / 16_000
    names = [*(f"{i}.wav" for i in range(NUM_FILES - 1)), "more/last.WAV"]
    for i, name in enumerate(names):
        samples = 0.2 * sum(np.sin(2 * np.pi * f * 110 * 1.3**i * times_s) for f in (1, 2 + i))
        soundfile.write(folder / name, samples, 16_000)
    (folder / "broken.mp3").write_bytes(b"no sound")
    (folder / ".hidden.wav").write_bytes(b"no sound")
    (folder / "cover.jpg").write_bytes(b"no sound")
    return folder


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("music") / "files")


@pytest.fixture
def quick_views(monkeypatch: pytest.MonkeyPatch) -> None:
    def quicken(preset: Callable[[], ViewsConfig]) -> Callable[[], ViewsConfig]:
        return lambda: replace(
            preset(), num_views=1, num_epochs=2, batch_size=2, num_directions=4, num_projected=4,
            min_recordings=NUM_FILES,
        )  # fmt: skip

    monkeypatch.setattr(
        presets, "VIEW_PRESETS", {"clmr": quicken(clmr), "finetune": quicken(finetune)}
    )


def write_lists(file: Path, circles: np.ndarray, num_lists: int = 120) -> Path:
    heard: Mapping[str, tuple[str, ...]] = lists_of(circles, num_lists).heard
    lines = [f"{name}\t{track}" for name, tracks in heard.items() for track in tracks]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def write_vectors(file: Path, vectors: Mapping[str, np.ndarray]) -> Path:
    np.savez(file, ids=np.array(list(vectors)), rows=np.stack(list(vectors.values())))
    return file


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("huge",), "there is no run 'huge'; there are small, clmr"),
        (("small",), "small needs --data"),
        (("clmr",), "clmr needs --audio"),
        (("feedback",), "feedback needs --lists"),
        (("clmr", "--install"), "clmr takes no --install: its options are --audio, --resume and"),
        (("finetune", "--data", "."), "finetune takes no --data"),
        (("small", "--audio", ".", "--lists", __file__), "small takes no --audio or --lists"),
        (("feedback", "--lists", __file__, "--resume"), "feedback takes no --resume"),
        (("tiny", "--vectors", __file__), "tiny takes no --vectors"),
    ],
)
def test_options_of_another_run_are_refused_in_one_line(words: tuple[str, ...], said: str) -> None:
    message = refusal(*words)
    assert said in message
    assert len(message.splitlines()) == 1


def test_data_that_the_environment_names_are_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPTRACK_DATA", str(tmp_path))
    result = train("clmr", "--audio", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "has 0 recordings; 16 or more are needed" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_large_run_says_how_it_is_started(tmp_path: Path) -> None:
    message = refusal("large", "--out", "my heads", "--data", tmp_path)
    rest = f"-m encoders.training.distributed --out 'my heads' {tmp_path}"
    assert f"torchrun --nproc-per-node gpu {rest}" in message
    assert f"python {rest}" in message
    assert "--out trained SOURCES" in refusal("large")


@pytest.mark.usefixtures("quick_views")
@pytest.mark.parametrize("name", ["clmr", "finetune"])
def test_a_folder_of_recordings_is_learned_from(name: str, music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = train(name, "--audio", music, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    folders = [out / "likeness", *([out / "musicnn"] if name == "finetune" else [])]
    assert answer == {
        "run": name, "out": str(out), "weights": [str(folder) for folder in folders],
        "recordings": NUM_FILES, "files": NUM_FILES + 1,
    }  # fmt: skip
    for folder in folders:
        verify_folder(folder)


@pytest.mark.usefixtures("quick_views")
def test_a_run_goes_on_only_when_asked_to(music: Path, tmp_path: Path) -> None:
    first = train("clmr", "--audio", music, "--out", tmp_path)
    assert first.exit_code == 0, first.output
    assert f"learned from {NUM_FILES} recordings; 1 could not be read" in first.stdout
    assert first.stderr.splitlines() == [f"views: {NUM_FILES + 1}", "training: 2"]
    weights = (tmp_path / "likeness" / "model.safetensors").read_bytes()
    assert "go on with --resume" in refusal("clmr", "--audio", music, "--out", tmp_path)
    again = train("clmr", "--audio", music, "--out", tmp_path, "--resume")
    assert again.exit_code == 0, again.output
    assert again.stderr.splitlines() == [f"views: {NUM_FILES + 1}"]  # every epoch was there
    assert (tmp_path / "likeness" / "model.safetensors").read_bytes() == weights


def test_recordings_are_found_in_all_folders_but_not_hidden_ones(music: Path) -> None:
    found = [str(file.relative_to(music)) for file in find_recordings(music)]
    assert found == ["0.wav", "1.wav", "2.wav", "broken.mp3", "more/last.WAV"]


def test_lists_are_learned_over_a_file_of_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file

    monkeypatch.setattr(presets, "feedback", quick)
    vectors, circles = planted()
    lists = write_lists(tmp_path / "lists.tsv", circles)
    file = write_vectors(tmp_path / "vectors.npz", vectors)
    result = train("feedback", "--lists", lists, "--vectors", file, "--out", tmp_path / "map")
    assert result.exit_code == 0, result.output
    assert "learned from 96 lists; on 24 others recall" in result.stdout
    assert result.stderr.splitlines() == [f"training: {quick().num_epochs}"]
    stored = FeedbackMap(**load_file(str(tmp_path / "map" / "map.safetensors")))
    assert stored.down.shape == (24, quick().rank)


def test_lists_are_learned_over_the_catalogue_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "feedback", lambda: replace(quick(), num_epochs=10))
    profile = SimpleNamespace(embedder=SimpleNamespace(space=SPACE))
    monkeypatch.setattr("services.profiles.open_profile", lambda config: profile)
    vectors, circles = planted()
    home = open_home(tmp_path / "home")
    engine = open_database(home.database_url)
    upgrade_database(engine)
    catalogue = Catalogue(Sessions(engine))
    for name, row in vectors.items():
        found = NewVectors(track=row, segments=row[None], starts_s=np.zeros(1, dtype=np.float32))
        catalogue.add_track(song(name), found, space=SPACE)
    engine.dispose()
    lists = write_lists(tmp_path / "lists.tsv", circles)
    words = ["--home", str(home.folder), "train", "feedback", "--lists", str(lists), "--json"]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "map")])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["run"], answer["tracks"]) == ("feedback", len(vectors))
    assert answer["report"]["kept"] is True
    assert answer["report"]["gain"]["low"] > 0


def test_without_a_catalogue_a_file_of_vectors_is_asked_for(tmp_path: Path) -> None:
    lists = write_lists(tmp_path / "lists.tsv", planted()[1])
    words = ["--home", str(tmp_path / "home"), "train", "feedback", "--lists", str(lists)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "there is no catalogue in" in result.stderr
    assert "name a file of vectors with --vectors" in result.stderr


def test_few_lists_and_lists_that_are_none_are_refused(tmp_path: Path) -> None:
    vectors, circles = planted()
    file = write_vectors(tmp_path / "vectors.npz", vectors)
    few = write_lists(tmp_path / "few.tsv", circles, num_lists=3)
    result = train("feedback", "--lists", few, "--vectors", file, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["reason"] == "NOT_ENOUGH_FEEDBACK"
    few.write_text("no tab here", encoding="utf-8")
    result = train("feedback", "--lists", few, "--vectors", file)
    assert result.exit_code == 1
    assert "few.tsv: line 1 names no list or no track" in result.stderr


def test_vectors_are_read_with_unit_length(tmp_path: Path) -> None:
    rows = {"a": np.array([3.0, 4.0]), "b": np.array([0.0, 2.0])}
    found = read_vectors(write_vectors(tmp_path / "vectors.npz", rows))
    assert list(found) == ["a", "b"]
    assert np.stack([*found.values()]) == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))


@pytest.mark.parametrize(
    "arrays",
    [
        {"ids": np.array(["a"])},
        {"ids": np.array(["a", "b"]), "rows": np.ones((1, 4))},
        {"ids": np.array(["a"]), "rows": np.ones(4)},
        {"ids": np.array(["a"]), "rows": np.zeros((1, 4))},
        {"ids": np.array(["a"]), "rows": np.full((1, 4), np.nan)},
        {"ids": np.array([{}], dtype=object), "rows": np.ones((1, 4))},
    ],
)
def test_vectors_of_another_format_are_refused(
    tmp_path: Path, arrays: Mapping[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "vectors.npz", **arrays)  # type: ignore[arg-type]  # names of arrays
    with pytest.raises(InvalidRequest, match=r"vectors\.npz"):
        read_vectors(tmp_path / "vectors.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_a_file_that_holds_no_arrays_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vectors.npz"
    file.write_bytes(content)
    with pytest.raises(InvalidRequest, match="is not an npz file"):
        read_vectors(file)
    np.save(tmp_path / "rows.npy", np.ones(3))
    with pytest.raises(InvalidRequest, match="is not an npz file"):
        read_vectors(tmp_path / "rows.npy")


def test_seconds_left_are_told_of_each_stage_by_its_own_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = iter([0.0, 4.0, 10.0, 13.0])
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: next(now_s)))
    heard: list[EpochReport] = []
    tell = tell_pace(heard.append)
    tell("views", 0, 8, None)
    tell("views", 2, 8, None)
    tell("training", 5, 9, 0.5)  # resumed: what was there took no time
    tell("training", 6, 9, 0.4)
    assert [report.remaining_s for report in heard] == [None, 12.0, None, 9.0]
    assert [report.loss for report in heard] == [None, None, 0.5, 0.4]
