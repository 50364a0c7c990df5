"""The audio trunk says what the original graph says, at the same bits every time."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from encoders.errors import BrokenWeights
from encoders.trunks.checkpoint import WEIGHTS, read_card, read_tensors, verify_folder
from encoders.trunks.musicnn import TAGS, MusicnnTrunk, _Timbral, load_musicnn
from encoders.trunks.tensorflow_checkpoint import MAGIC, read_checkpoint

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture(scope="module")
def trunk() -> MusicnnTrunk:
    return load_musicnn()


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return np.asarray(np.load(FIXTURES / "musicnn_parity.npz")["patches"])


def test_tag_probabilities_equal_those_of_the_original_graph(
    trunk: MusicnnTrunk, patches: np.ndarray
) -> None:
    expected = np.load(FIXTURES / "musicnn_parity.npz")["tag_probabilities"]
    found = 1.0 / (1.0 + np.exp(-trunk.run(patches).tag_logits))
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_two_runs_are_equal_bit_for_bit_whatever_shares_the_batch(
    trunk: MusicnnTrunk, patches: np.ndarray
) -> None:
    both, alone = trunk.run(patches), trunk.run(patches[1:])
    assert np.array_equal(both.pools[1], alone.pools[0])
    assert np.array_equal(both.tag_logits[1], alone.tag_logits[0])


def test_one_maximum_before_the_batch_norm_equals_the_maximum_after_it(
    trunk: MusicnnTrunk, patches: np.ndarray
) -> None:
    tensors = read_tensors(WEIGHTS / "musicnn" / "model.safetensors")
    block = trunk._network.timbral[0]
    assert isinstance(block, _Timbral)
    x = trunk._network.norm_in(torch.from_numpy(patches[0]))
    plain = functional.conv2d(
        functional.pad(x, (0, 0, 3, 3))[None, None],
        tensors["timbral.0.weight"],
        tensors["timbral.0.bias"],
    )
    expected = block.norm(torch.relu(plain[0]).permute(1, 2, 0)).amax(1)
    assert bool(torch.any(block.norm.scale < 0))
    torch.testing.assert_close(block(x), expected, atol=2e-5, rtol=1e-5)


def test_there_are_fifty_different_tags() -> None:
    assert len(set(TAGS)) == 50


def test_patches_of_another_shape_are_refused(trunk: MusicnnTrunk) -> None:
    with pytest.raises(ValueError, match=r"expected \(P, 187, 96\)"):
        trunk.run(np.zeros((1, 96, 187), dtype=np.float32))


@pytest.mark.parametrize("name", ["musicnn", "minilm", "efficientnet"])
def test_weights_are_those_of_their_card_which_names_the_licence(name: str) -> None:
    card = read_card(WEIGHTS / name)
    assert card["licence"] in {"ISC", "Apache-2.0"}
    assert (WEIGHTS / name / "LICENSE").stat().st_size > 500
    assert len(verify_folder(WEIGHTS / name)) == 64


def test_a_changed_weight_file_is_refused(tmp_path: Path) -> None:
    for path in (WEIGHTS / "musicnn").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x55")
    with pytest.raises(BrokenWeights, match="SHA-256"):
        load_musicnn(tmp_path)


def test_weights_without_a_card_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights, match="no card"):
        load_musicnn(tmp_path)


def test_a_checkpoint_is_read_from_its_table(tmp_path: Path) -> None:
    # Two float32 tensors whose keys share a prefix; the entry is BundleEntryProto by hand.
    first, second = struct.pack("<f", 1.5), struct.pack("<2f", 2.0, -3.0)
    rows = [
        (0, b"a/bias", b"\x08\x01\x12\x04\x12\x02\x08\x01\x28\x04"),
        (2, b"kernel", b"\x08\x01\x12\x04\x12\x02\x08\x02\x20\x04\x28\x08"),
    ]
    block = b"".join(bytes([shared, len(k), len(v)]) + k + v for shared, k, v in rows)
    block += struct.pack("<II", 0, 1) + b"\0" + b"crc."
    index = bytes([0, 1, 2]) + b"z" + bytes([0, len(block) - 5]) + struct.pack("<II", 0, 1)
    footer = bytes([0, 0, len(block), len(index)]).ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    (tmp_path / ".index").write_bytes(block + index + b"\0crc." + footer)
    (tmp_path / ".data-00000-of-00001").write_bytes(first + second)
    tensors = read_checkpoint(tmp_path)
    assert tensors["a/bias"].tolist() == [1.5]
    assert tensors["a/kernel"].tolist() == [2.0, -3.0]


def test_a_file_that_is_no_checkpoint_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".index").write_bytes(b"x" * 100)
    (tmp_path / ".data-00000-of-00001").write_bytes(b"")
    with pytest.raises(ValueError, match="not a checkpoint index"):
        read_checkpoint(tmp_path)
