"""The large profile served: settings, relevance, the rate that is heard, the name of the space."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from encoders.errors import BrokenTower, BrokenWeights, RefusedCheckpoint
from encoders.large.embedder import load_large
from encoders.training.large import RELEVANCE, train_large
from services.bootstrap import Application, build_application, load_models
from services.config import Config, EncodersConfig
from services.profiles import open_profile
from services.retrieval.calibrate import calibrate_large
from services.server import start_private_server
from temptrack import types
from temptrack.client import Client
from tests.fixtures.applications import fake_config
from tests.fixtures.large import PlainReader, tiny_run, write_checkpoints, write_manifest


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    towers = write_checkpoints(folder / "checkpoints").towers()
    manifest = write_manifest(folder / "data", num_rows=26, num_held_out=17, clips=False)
    return train_large(tiny_run(folder, manifest), towers, PlainReader())


@pytest.fixture
def config(tmp_path: Path, heads: Path) -> Config:
    plain = fake_config(tmp_path / "home", heads.parent.parent / "data")
    return dataclasses.replace(plain, encoders=EncodersConfig(profile="large", heads=str(heads)))


def build_unchecked(config: Config) -> Application:
    """Without the check of the towers, which random ones fail, as they should."""
    models = dataclasses.replace(load_models(config), check=lambda always: None)
    return build_application(config, load=lambda _: models)


def test_music_is_imported_heard_and_found_in_the_large_space(config: Config, heads: Path) -> None:
    data = config.media.allowed_roots[0]
    with start_private_server(config, build=build_unchecked) as target, Client(target) as client:
        sources = [types.TrackSource(media=data / f"{i}.wav", id=str(i)) for i in range(3)]
        report = client.import_tracks(sources).wait()
        assert [(o.state, o.message) for o in report.outcomes] == [("added", "")] * 3
        found = client.find_music(audio=data / "1.wav", raw=True)
        assert found.hits[0].track.id == "1"
        assert all(0.0 <= hit.relevance <= 1.0 for hit in found.hits)
        space = str(load_large(heads).space)
        assert client.status().space == client.embed_text(["calm piano"]).space == space
        assert space.startswith("large-")


def test_random_towers_are_refused_at_the_start(config: Config) -> None:
    with (
        pytest.raises(BrokenTower),
        start_private_server(config, build=build_application),
    ):
        pass


def test_the_profile_hears_at_the_rate_of_its_tower(config: Config) -> None:
    assert open_profile(config.encoders).sample_rate == 48_000
    assert open_profile(EncodersConfig()).sample_rate == 16_000


def test_relevance_is_fitted_on_held_out_rows_of_its_space(heads: Path, tmp_path: Path) -> None:
    calibration = calibrate_large(heads / RELEVANCE, space="large-x")
    assert calibration.space == "large-x"
    assert calibration.reference.shape[1:] == (6, 256)
    with np.load(heads / RELEVANCE) as stored:
        assert bool(stored["held_out"])
        assert len(stored["queries"]) == 17
    scores = np.linspace(-0.5, 0.5, 5, dtype=np.float32)
    relevance = calibration.relevance(calibration.reference[0, 0], scores)
    assert (np.diff(relevance) >= 0).all()
    (tmp_path / "broken.npz").write_bytes(b"x")
    with pytest.raises(BrokenWeights, match=r"broken\.npz"):
        calibrate_large(tmp_path / "broken.npz", space="large-x")


def test_a_setting_that_names_a_refused_checkpoint_stops_the_start(heads: Path) -> None:
    wrong = EncodersConfig(profile="large", heads=str(heads), audio="laion/larger_clap_music")
    with pytest.raises(RefusedCheckpoint, match="collapsed"):
        open_profile(wrong)
