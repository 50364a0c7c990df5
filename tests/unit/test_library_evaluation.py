"""One's own catalogue is measured without labels, and what is wrong with it is said in words."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from encoders.errors import BrokenWeights
from media.audio import Sound, write_wav
from services.catalogue.records import NewVectors
from services.catalogue.store import Catalogue
from services.cli.app import app
from services.config import Config, EncodersConfig
from services.database import Sessions, open_database, upgrade_database
from services.errors import InvalidRequest, NotFound
from services.evaluation import evaluate
from services.evaluation.library import (
    LibraryReport,
    halves_of,
    measure_library,
    read_library,
)
from services.home import open_home
from tests.fakes import DIMENSION, FakeEmbedder, pitch_word, unit, word_vector
from tests.unit.catalogue_samples import song

SPACE = str(FakeEmbedder().space)
NUM_TRACKS = 40


def ignore(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


def vectors_around(centre: np.ndarray, *, noise: float, seed: int) -> NewVectors:
    rng = np.random.default_rng(seed)
    segments = centre + noise * rng.standard_normal((5, DIMENSION)) / np.sqrt(DIMENSION)
    rows = np.stack([unit(row) for row in segments])
    starts_s = 6.0 * np.arange(5, dtype=np.float32)
    return NewVectors(track=unit(rows.mean(axis=0)), segments=rows, starts_s=starts_s)


def make_home(folder: Path, centres: Sequence[np.ndarray], *, noise: float = 0.3) -> Config:
    home = open_home(folder / "home")
    engine = open_database(home.database_url)
    upgrade_database(engine)
    catalogue = Catalogue(Sessions(engine))
    for i, centre in enumerate(centres):
        catalogue.add_track(
            song(f"track-{i}", artist=f"artist {i // 2}", source_path=str(folder / f"{i}.wav")),
            vectors_around(centre, noise=noise, seed=i),
            space=SPACE,
        )
    engine.dispose()
    return Config(home=home.folder)


def directions(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [unit(row) for row in rng.standard_normal((count, DIMENSION))]


def report_of(config: Config, *, num_files: int = 0) -> LibraryReport:
    library = read_library(config, space=SPACE)
    return measure_library(library, FakeEmbedder(), num_files=num_files, progress=ignore)


def test_a_home_without_a_catalogue_says_to_import(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no catalogue in .*temptrack import FOLDER"):
        read_library(Config(home=tmp_path), space=SPACE)
    assert not list(tmp_path.iterdir())


def test_an_empty_catalogue_says_to_import(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="catalogue is empty: import music first"):
        read_library(make_home(tmp_path, []), space=SPACE)


def test_vectors_of_another_space_ask_for_a_reindex(tmp_path: Path) -> None:
    config = make_home(tmp_path, directions(3))
    with pytest.raises(NotFound, match=r"none of 3 tracks .* run temptrack reindex"):
        read_library(config, space="another-1111111111111111")


def test_a_handful_of_tracks_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="3 tracks with sound; at least 20"):
        read_library(make_home(tmp_path, directions(3)), space=SPACE)


def test_a_damaged_catalogue_is_named(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    (home.folder / "catalogue.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(InvalidRequest, match="temptrack doctor"):
        read_library(Config(home=home.folder), space=SPACE)


def test_tracks_that_differ_find_their_halves(tmp_path: Path) -> None:
    report = report_of(make_home(tmp_path, directions(NUM_TRACKS)))
    findings = {f.protocol: f for f in report.findings}
    assert set(findings) == {"halves", "hubness", "coverage"}
    assert findings["halves"].grade == "good"
    assert "the first half finds its own second half first in 100%" in findings["halves"].text
    assert report.num_tracks == NUM_TRACKS


def test_tracks_that_are_all_alike_do_not(tmp_path: Path) -> None:
    alike = [directions(1)[0]] * NUM_TRACKS
    findings = {f.protocol: f for f in report_of(make_home(tmp_path, alike)).findings}
    assert findings["halves"].grade == "poor"
    assert "Many tracks sound alike" in findings["halves"].text


def test_a_hub_is_found_and_named(tmp_path: Path) -> None:
    rest = directions(200)
    middle = unit(np.sum(rest, axis=0))
    hubs = [unit(0.8 * middle + 0.2 * d) for d in directions(2)]
    config = make_home(tmp_path, [*hubs, *rest], noise=0.05)
    finding = next(f for f in report_of(config).findings if f.protocol == "hubness")
    assert finding.grade == "poor"
    assert "Most listed: Song track-0" in finding.text or "Song track-1" in finding.text


def test_halves_share_no_sound() -> None:
    rows = np.eye(6, 8, dtype=np.float32)
    for count in (3, 4, 5, 6):
        halves = halves_of(rows[:count])
        assert halves is not None
        assert np.flatnonzero(halves[0])[-1] + 2 <= np.flatnonzero(halves[1])[0]
    assert halves_of(rows[:2]) is None


def test_files_are_changed_and_find_their_originals(tmp_path: Path) -> None:
    centres = directions(NUM_TRACKS)
    for i, tone_hz in ((0, 440.0), (39, 880.0)):
        centres[i] = word_vector(pitch_word(tone_hz))
        tone = 0.3 * np.sin(2 * np.pi * tone_hz * np.arange(5 * 16_000) / 16_000)
        write_wav(
            tmp_path / f"{i}.wav", Sound(samples=tone.astype(np.float32), sample_rate=16_000)
        )
    report = report_of(make_home(tmp_path, centres), num_files=2)
    table = next(t for t in report.tables if t.name == "robustness")
    found = {r.subset: r.value for r in table.rows if (r.method, r.metric) == ("temptrack", "R@1")}
    # the fake hears nothing but pitch: coding and dulling leave it, a semitone is another word
    assert found["64 kbit/s MP3"] == found["low-pass 4 kHz"] == 1.0
    assert found["pitch + 1 semitone"] == 0.0
    assert {(r.num_queries, r.num_tracks) for r in table.rows} == {(2, NUM_TRACKS)}
    finding = next(f for f in report.findings if f.protocol == "robustness")
    assert "The weakest is pitch" in finding.text


def test_files_that_are_gone_are_said_not_to_be_measured(tmp_path: Path) -> None:
    report = report_of(make_home(tmp_path, directions(NUM_TRACKS)), num_files=5)
    finding = next(f for f in report.findings if f.protocol == "robustness")
    assert finding.grade == "not measured"
    assert "0 of 40 tracks changed" in finding.text


def test_the_command_answers_in_words_and_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_home(tmp_path, directions(NUM_TRACKS))
    monkeypatch.setattr("encoders.embed.load_embedder", FakeEmbedder)
    words = ["--home", str(config.home), "evaluate", "--my-library", "--files", "0"]
    spoken = CliRunner().invoke(app, words)
    assert spoken.exit_code == 0
    assert "Of 40 tracks" in spoken.stdout
    answered = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert answered["num_tracks"] == NUM_TRACKS
    assert {t["name"] for t in answered["tables"]} == {"halves", "hubness", "coverage"}
    assert all(row["chance"] is not None for t in answered["tables"] for row in t["rows"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a protocol and --data DIR"),
        (["emotion", "--my-library"], "leave out 'emotion'"),
        (["--my-library", "--plot", "a.png"], "not of --my-library"),
        (["all", "--data", "."], "with --out"),
        (["emotion", "--dataset", "a=b"], "--dataset goes with --plot alone"),
        (["emotion", "--data", ".", "--plot", "a.txt"], "a picture ends in .png"),
        (["taste", "--data", "."], "there is no protocol 'taste'; there are emotion, text"),
    ],
)
def test_what_cannot_be_asked_is_said(words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", *words, "--json"])
    assert result.exit_code != 0
    assert message in json.loads(result.stdout)["error"]["message"]


def test_a_library_is_measured_by_the_towers_of_its_profile(tmp_path: Path) -> None:
    encoders = EncodersConfig(profile="large", heads=str(tmp_path / "nowhere"))
    config = replace(make_home(tmp_path, directions(NUM_TRACKS)), encoders=encoders)
    with pytest.raises(BrokenWeights, match="nowhere"):
        evaluate.evaluate_library(config, num_files=0, progress=ignore)


def test_everything_is_written_and_what_lacks_data_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encoders.embed.load_embedder", FakeEmbedder)
    found = list(evaluate.evaluate_everything(tmp_path, tmp_path / "out", progress=ignore))
    assert {name for name, _, _ in found} >= {"emotion", "text", "halves"}
    assert all(table is None and "is not there" in why for _, table, why in found)
