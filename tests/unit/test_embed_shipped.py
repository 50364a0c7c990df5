"""The shipped heads over the shipped trunks, on the demo's music: plain wishes come true."""

import numpy as np
import pytest

from encoders.embed import Embedder, SoundEmbedding, load_embedder
from media.audio import read_sound
from media.limits import Limits
from tests.conftest import REPOSITORY

STOCK = REPOSITORY / "deploy" / "demo" / "music" / "stock"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def guitar(embedder: Embedder) -> SoundEmbedding:
    return embedder.embed_sound(read_sound(STOCK / "calm-acoustic-1.opus", Limits()))


@pytest.fixture(scope="module")
def dance(embedder: Embedder) -> SoundEmbedding:
    return embedder.embed_sound(read_sound(STOCK / "happy-electronic-2.opus", Limits()))


@pytest.mark.parametrize(
    "wish", ["calm acoustic guitar", "tender and soft", "sad song", "no electronic music, quiet"]
)
def test_a_soft_wish_finds_the_guitar(
    embedder: Embedder, guitar: SoundEmbedding, dance: SoundEmbedding, wish: str
) -> None:
    vector = embedder.embed_text(wish).vector
    assert vector @ guitar.track > vector @ dance.track


@pytest.mark.parametrize("wish", ["energetic electronic dance music", "party", "not calm", "loud"])
def test_a_lively_wish_finds_the_dance_track(
    embedder: Embedder, guitar: SoundEmbedding, dance: SoundEmbedding, wish: str
) -> None:
    vector = embedder.embed_text(wish).vector
    assert vector @ dance.track > vector @ guitar.track


def test_parts_of_one_track_lie_nearer_than_another_track(
    guitar: SoundEmbedding, dance: SoundEmbedding
) -> None:
    assert (guitar.segments @ guitar.segments[0]).min() > (
        dance.segments @ guitar.segments[0]
    ).max()


def test_descriptions_tell_the_two_apart(guitar: SoundEmbedding, dance: SoundEmbedding) -> None:
    soft, lively = guitar.description, dance.description
    assert soft.acoustic > 0.5 > lively.acoustic
    assert soft.moods["calmness"] > lively.moods["calmness"]
    assert soft.moods["energy"] < lively.moods["energy"]


def test_opposite_wishes_lie_apart(embedder: Embedder) -> None:
    pairs = [("happy", "sad"), ("calm", "energetic"), ("loud", "quiet"), ("dark", "bright")]
    for one, other in pairs:
        vectors = embedder.embed_texts([f"{one} music", f"{other} music"])
        assert vectors[0] @ vectors[1] < 0.5, (one, other)


def test_wishes_are_spread_over_the_space(embedder: Embedder) -> None:
    wishes = ["sad piano", "heavy metal", "jazz for a dinner", "techno", "a lullaby", "folk dance"]
    cosines = np.triu(embedder.embed_texts(wishes) @ embedder.embed_texts(wishes).T, k=1)
    assert cosines[cosines != 0].max() < 0.95
