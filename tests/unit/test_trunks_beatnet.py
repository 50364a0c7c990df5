"""Our BeatNet is the original one: the same filters, the same input, the same answers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.errors import BrokenWeights
from encoders.trunks.beatnet import (
    BEAT_RATE,
    BeatnetTrunk,
    band_filters,
    band_frequencies,
    beat_spectrum,
    load_beatnet,
)
from encoders.trunks.checkpoint import WEIGHTS, read_tensors
from encoders.trunks.convert_beatnet import MODULES, convert_wheel, rename_tensors
from tests.fixtures.beats import beat_sound

PARITY = Path(__file__).parent.parent / "fixtures" / "beatnet_parity.npz"


@pytest.fixture(scope="module")
def trunk() -> BeatnetTrunk:
    return load_beatnet()


@pytest.fixture(scope="module")
def original() -> dict[str, np.ndarray]:
    with np.load(PARITY) as stored:
        return {name: stored[name] for name in stored.files}


def test_the_filters_are_madmoms(original: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(band_filters(), original["filters"])
    centres = band_frequencies()
    assert (np.diff(centres) > 0).all()
    assert 30 < centres[0] < 80
    assert centres[-1] < 11_025


def test_the_spectrum_at_16_khz_is_that_of_the_original_rate(
    original: dict[str, np.ndarray],
) -> None:
    spectrum = beat_spectrum(beat_sound(4.0, 16_000))
    expected = original["spectrum"].astype(np.float32)
    assert spectrum.shape == expected.shape == (int(4 * BEAT_RATE), 272)
    assert np.abs(spectrum - expected).max() < 0.05  # a kick's first frame; the loudest is 1.5
    assert np.abs(spectrum - expected).mean() < 0.002


def test_the_network_answers_as_the_original(
    trunk: BeatnetTrunk, original: dict[str, np.ndarray]
) -> None:
    answers = trunk.run(original["spectrum"].astype(np.float32)[None])[0]
    np.testing.assert_allclose(answers, original["activations"], atol=1e-5)


def test_the_whole_way_from_samples_is_the_originals(
    trunk: BeatnetTrunk, original: dict[str, np.ndarray]
) -> None:
    answers = trunk.run(beat_spectrum(beat_sound(4.0, 16_000))[None])[0]
    assert np.abs(answers - original["activations"]).mean() < 0.01
    assert np.corrcoef(answers[:, 0], original["activations"][:, 0])[0, 1] > 0.99


def test_windows_do_not_touch_one_another(trunk: BeatnetTrunk) -> None:
    one = beat_spectrum(beat_sound(4.0, 16_000))
    other = beat_spectrum(beat_sound(4.0, 16_000, bpm=97.0))
    together = trunk.run(np.stack([one, other]))
    np.testing.assert_allclose(together[0], trunk.run(one[None])[0], atol=1e-6)
    np.testing.assert_array_equal(together, trunk.run(np.stack([one, other])))


def test_spectra_of_another_width_are_refused(trunk: BeatnetTrunk) -> None:
    with pytest.raises(ValueError, match="expected"):
        trunk.run(np.zeros((1, 10, 136), dtype=np.float32))


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    for path in (WEIGHTS / "beatnet").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = bytearray((tmp_path / "model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(damaged)
    with pytest.raises(BrokenWeights, match="SHA-256"):
        load_beatnet(tmp_path)


def test_converting_renames_and_changes_no_value() -> None:
    ours = read_tensors(WEIGHTS / "beatnet" / "model.safetensors")
    theirs = {
        f"{MODULES[module]}.{part}": ours[f"{module}.{part}"]
        for module, part in (name.split(".", 1) for name in ours)
    }
    renamed = rename_tensors(theirs)
    assert set(renamed) == set(ours)
    assert all(torch.equal(torch.from_numpy(renamed[name]), ours[name]) for name in ours)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "BeatNet-1.1.3-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    with pytest.raises(ValueError, match="SHA-256"):
        convert_wheel(wheel, tmp_path / "out")
