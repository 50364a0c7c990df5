"""The text and picture trunks say what their packages' own weights say, and stay offline."""

import os
from pathlib import Path

import numpy as np
import pytest

from encoders.trunks.efficientnet import PictureTrunk, load_efficientnet, prepare_frames
from encoders.trunks.minilm import MAX_TOKENS, TextTrunk, load_minilm
from encoders.trunks.offline import offline
from encoders.trunks.open_clip_modules import import_open_clip
from tests.fixtures.pictures import plain_frames, synthetic_frames

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture(scope="module")
def text() -> TextTrunk:
    return load_minilm()


@pytest.fixture(scope="module")
def pictures() -> PictureTrunk:
    return load_efficientnet()


def test_sentence_vectors_equal_full_precision_within_rounding(text: TextTrunk) -> None:
    parity = np.load(FIXTURES / "minilm_parity.npz")
    found = text.sentence_vectors([str(s) for s in parity["sentences"]])
    np.testing.assert_allclose(found, parity["vectors"], atol=5e-4)
    assert (found * parity["vectors"]).sum(axis=1).min() > 0.99999


def test_sentence_vectors_have_unit_length_and_do_not_depend_on_company(text: TextTrunk) -> None:
    sentences = ["slow piano", "a much longer sentence about the sea at night", "slow piano"]
    together = text.sentence_vectors(sentences)
    alone = load_minilm().sentence_vectors(sentences[1:2])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(together[1], alone[0], atol=1e-6)
    assert np.array_equal(together[0], together[2])


def test_no_text_gives_no_row(text: TextTrunk) -> None:
    assert text.sentence_vectors([]).shape == (0, 384)


def test_a_very_long_text_is_cut_at_the_limit(text: TextTrunk) -> None:
    assert text.num_tokens("rain " * 1000) == MAX_TOKENS
    assert np.isfinite(text.sentence_vectors(["rain " * 1000])).all()


def test_the_network_is_refused_only_while_a_folder_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    with offline():
        assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    assert "TRANSFORMERS_OFFLINE" not in os.environ


def test_class_probabilities_equal_full_precision_within_rounding(pictures: PictureTrunk) -> None:
    expected = np.load(FIXTURES / "efficientnet_parity.npz")["probabilities"]
    found = pictures.see(synthetic_frames()).probabilities
    np.testing.assert_allclose(found, expected, atol=5e-3)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_a_frame_means_its_ten_likeliest_class_names(
    pictures: PictureTrunk, text: TextTrunk
) -> None:
    seen = pictures.see(synthetic_frames(1))
    order = np.argsort(-seen.probabilities[0], kind="stable")[:10]
    names = text.sentence_vectors([pictures.class_names[i] for i in order])
    expected = seen.probabilities[0, order] @ names
    np.testing.assert_allclose(
        seen.sentence_vectors[0], expected / np.linalg.norm(expected), atol=1e-3
    )


def test_frames_are_squared_and_scaled_whatever_their_shape() -> None:
    for shape in ((16, 400), (400, 16), (224, 224)):
        prepared = prepare_frames(plain_frames((255, 0, 128), 1, *shape))
        assert tuple(prepared.shape) == (1, 3, 224, 224)
        np.testing.assert_allclose(prepared[0, :2, 0, 0].numpy(), [1.0, -1.0], atol=1e-4)


def test_no_frame_is_refused(pictures: PictureTrunk) -> None:
    with pytest.raises(ValueError, match="T > 0"):
        pictures.see(np.zeros((0, 16, 16, 3), dtype=np.uint8))


def test_the_towers_are_open_clips_own_and_leave_the_package_whole(
    text: TextTrunk, pictures: PictureTrunk
) -> None:
    import open_clip
    from open_clip.hf_model import HFTextEncoder
    from open_clip.timm_model import TimmModel

    assert type(text._encoder) is HFTextEncoder
    assert type(pictures._network) is TimmModel
    assert "RN50" in open_clip.list_models()
    with pytest.raises(ModuleNotFoundError):
        import_open_clip("no_such_module")
