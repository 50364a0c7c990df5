"""The towers joined: unit length, one space, the same bits every time; with random heads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import Embedder, load_embedder, make_unit
from encoders.errors import BrokenVector, BrokenWeights, UnknownProfile, UnusableText
from encoders.space import name_space
from media.audio import Sound
from media.errors import NoContent
from media.video import Frames
from tests.conftest import REPOSITORY
from tests.fixtures.pictures import synthetic_frames
from tests.fixtures.weights import write_random_weights


def noise(seconds: float, seed: int = 0) -> Sound:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(int(seconds * 16_000)).astype(np.float32) * np.float32(0.1)
    return Sound(samples=samples, sample_rate=16_000)


def clip(num_frames: int = 6) -> Frames:
    rgb = synthetic_frames(num_frames, 72, 128)
    times_s = np.arange(num_frames, dtype=np.float32) / np.float32(4)
    return Frames(rgb=rgb, times_s=times_s, duration_s=num_frames / 4, frame_rate=24.0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def embedder(weights: Path) -> Embedder:
    embedder = load_embedder("small", weights)
    embedder.warm()
    return embedder


def assert_unit(vectors: np.ndarray) -> None:
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-6)


def test_a_text_has_a_unit_vector_and_says_what_was_understood(embedder: Embedder) -> None:
    embedded = embedder.embed_text("sad piano")
    assert_unit(embedded.vector)
    assert {a.name for a in embedded.understanding.asked} == {"mood", "instrument"}


def test_many_texts_equal_each_alone(embedder: Embedder) -> None:
    texts = ["sad piano", "a quick march, no drums", "music, please", "the sea"]
    together = embedder.embed_texts(texts)
    assert_unit(together)
    alone = np.stack([embedder.embed_text(text).vector for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert embedder.embed_texts([]).shape == (0, 256)


@pytest.mark.parametrize("text", ["", "   ", "?!", "\n"])
def test_a_text_without_a_word_is_refused(embedder: Embedder, text: str) -> None:
    with pytest.raises(UnusableText, match="no word"):
        embedder.embed_text(text)
    with pytest.raises(UnusableText, match="no word"):
        embedder.embed_texts(["sad piano", text])


def test_a_sound_has_a_vector_for_every_six_seconds_and_for_the_whole(embedder: Embedder) -> None:
    embedded = embedder.embed_sound(noise(20.0))
    assert embedded.segments.shape == (len(embedded.starts_s), 256)
    np.testing.assert_allclose(np.diff(embedded.starts_s)[:-1], 6.0, atol=0.02)
    assert_unit(embedded.segments)
    assert_unit(embedded.track)
    assert embedded.description.loudness_db == pytest.approx(-20.0, abs=0.3)


def test_a_sound_embedded_twice_has_the_same_bits(embedder: Embedder) -> None:
    first, second = embedder.embed_sound(noise(10.0)), embedder.embed_sound(noise(10.0))
    assert np.array_equal(first.segments, second.segments)
    assert np.array_equal(first.track, second.track)
    assert first.description == second.description


def test_silence_has_no_vector(embedder: Embedder) -> None:
    with pytest.raises(NoContent):
        embedder.embed_sound(Sound(samples=np.zeros(80_000, dtype=np.float32), sample_rate=16_000))


def test_a_sound_shorter_than_a_patch_is_heard(embedder: Embedder) -> None:
    embedded = embedder.embed_sound(noise(0.3))
    assert embedded.segments.shape == (1, 256)
    assert embedded.description.tempo_bpm is None


def test_a_clip_has_a_unit_vector_and_a_description(embedder: Embedder) -> None:
    embedded = embedder.embed_clip(clip())
    assert_unit(embedded.vector)
    assert embedded.description.motion > 0.1


def test_the_balance_leads_from_the_text_to_the_clip(embedder: Embedder) -> None:
    text, seen = embedder.embed_text("sad piano"), embedder.embed_clip(clip())
    nearness = []
    for balance in (0.0, 0.25, 0.5, 0.75, 1.0):
        fused = embedder.fuse(text=text, clip=seen, balance=balance)
        assert_unit(fused)
        nearness.append(float(fused @ seen.vector))
    assert nearness == sorted(nearness)
    assert nearness[0] < nearness[-1]
    np.testing.assert_allclose(embedder.fuse(text=text, clip=seen, balance=0.0), text.vector)
    np.testing.assert_allclose(nearness[-1], 1.0, atol=1e-6)


def test_a_side_that_is_alone_is_taken_whatever_the_balance(embedder: Embedder) -> None:
    vector = embedder.embed_text("sad piano").vector
    np.testing.assert_allclose(embedder.fuse(text=vector, balance=1.0), vector, atol=1e-7)
    np.testing.assert_allclose(embedder.fuse(sound=vector, balance=0.0), vector, atol=1e-7)


def test_a_clip_and_a_sound_count_alike(embedder: Embedder) -> None:
    seen, heard = embedder.embed_clip(clip()), embedder.embed_sound(noise(3.0))
    fused = embedder.fuse(clip=seen, sound=heard)
    assert fused @ seen.vector == pytest.approx(fused @ heard.track, abs=1e-5)


@pytest.mark.parametrize("balance", [-0.1, 1.1, float("nan")])
def test_a_balance_outside_nought_to_one_is_refused(embedder: Embedder, balance: float) -> None:
    with pytest.raises(ValueError, match="allowed is 0"):
        embedder.fuse(text=np.ones(256), balance=balance)


def test_nothing_cannot_be_fused(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="nothing to fuse"):
        embedder.fuse()


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_row_without_direction_never_leaves(bad: list[float]) -> None:
    with pytest.raises(BrokenVector):
        make_unit(np.array([[3.0, 4.0], bad]))


def test_threads_share_an_embedder(weights: Path) -> None:
    embedder = load_embedder("small", weights)
    texts = [f"sad piano number {i}" for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(lambda text: embedder.embed_text(text).vector, texts))
    np.testing.assert_allclose(np.stack(vectors), embedder.embed_texts(texts), atol=1e-5)


def test_a_space_is_named_after_its_weights(weights: Path, tmp_path: Path) -> None:
    one, again = load_embedder("small", weights).space, load_embedder("small", weights).space
    other = load_embedder("small", write_random_weights(tmp_path, seed=1)).space
    assert one == again
    assert one.hash != other.hash
    assert str(one) == f"small-{one.hash}"
    assert len(one.hash) == 16
    assert one.dimension == 256


def test_prose_on_a_card_does_not_change_the_space(weights: Path, tmp_path: Path) -> None:
    changed = write_random_weights(tmp_path)
    card = changed / "heads" / "audio" / "card.json"
    card.write_text(card.read_text().replace("random", "by chance"))
    assert load_embedder("small", changed).space == load_embedder("small", weights).space


def test_the_order_of_its_parts_does_not_change_a_space() -> None:
    assert name_space("a", {"x": "1", "y": 2}) == name_space("a", {"y": 2, "x": "1"})
    assert replace(name_space("a", {"x": "1"}), name="b") != name_space("a", {"x": "1"})


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownProfile, match="small"):
        load_embedder("huge")


def test_missing_weights_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights, match="musicnn"):
        load_embedder("small", tmp_path)


def test_importing_the_module_loads_no_heavy_library() -> None:
    code = (
        "import sys, encoders.embed, encoders.attributes;"
        "sys.exit(','.join({'torch', 'open_clip', 'librosa', 'timm'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
