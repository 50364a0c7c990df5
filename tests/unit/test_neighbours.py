"""Words outside the lists borrow what their nearest phrases say."""

import numpy as np
import pytest

from encoders.lexicon.vocabulary import load_vocabulary, without_words
from encoders.towers.neighbours import LEAST_LIKE, Neighbours, as_music, pack, settle, unpack
from encoders.towers.text import (
    UNREAD_SHARE,
    VAGUE,
    TextHead,
    direction_weights,
    unread_share,
)
from encoders.training.phrases import list_neighbours
from encoders.understanding import understand_text

DIMENSION = 256
SAD, GLAD = 0, 1  # columns


def plain_neighbours() -> Neighbours:
    """Three phrases at the corners of a triangle: two sad ones close together, one glad."""
    places = np.zeros((3, 384), dtype=np.float32)
    places[0, 0], places[1, :2], places[2, 2] = 1.0, (0.9, 0.4), 1.0
    rows = np.zeros((3, DIMENSION), dtype=np.float32)
    rows[[0, 1], SAD], rows[2, GLAD] = 1.0, 1.0
    return settle(("fado", "lament", "polka"), places, rows)


def plain_head(neighbours: Neighbours | None) -> TextHead:
    directions = np.zeros((2, DIMENSION), dtype=np.float32)
    directions[0, SAD], directions[1, GLAD] = 1.0, 1.0
    return TextHead(
        keys=("mood:sad", "mood:happy"),
        directions=directions,
        hidden=np.zeros((384, 1), dtype=np.float32),
        hidden_bias=np.zeros(1, dtype=np.float32),
        out=np.zeros((1, DIMENSION), dtype=np.float32),
        familiar=np.eye(384, dtype=np.float32)[:1],
        names=np.zeros((384, DIMENSION), dtype=np.float32),
        network_share=0.1,
        name_share=0.3,
        neighbours=neighbours,
    )


def sentence(text: str) -> np.ndarray:
    row = np.zeros(384, dtype=np.float32)
    row[0 if "zorbs" in text else 2] = 1.0
    return row


def sentences(texts: object) -> np.ndarray:
    return np.stack([sentence(text) for text in texts])  # type: ignore[attr-defined]


def test_a_text_is_taken_for_the_phrases_that_lie_nearest() -> None:
    near = plain_neighbours().find(np.eye(384, dtype=np.float32)[:1])[0]
    assert near.phrases[:2] == ("fado", "lament")
    assert near.row[SAD] > 0.9 > near.row[GLAD]
    assert np.linalg.norm(near.row) == pytest.approx(1.0, abs=1e-6)


def test_phrases_that_are_not_near_are_not_named() -> None:
    neighbours = plain_neighbours()
    for near, query in zip(neighbours.find(np.eye(384)), np.eye(384), strict=True):
        centred = query - neighbours.centre
        cosines = neighbours.places @ (centred / np.linalg.norm(centred))
        assert len(near.phrases) == (cosines >= LEAST_LIKE).sum()


def test_neighbours_survive_packing() -> None:
    neighbours = plain_neighbours()
    unpacked = unpack(pack(neighbours), DIMENSION)
    assert unpacked is not None
    assert unpacked.phrases == neighbours.phrases
    assert np.array_equal(unpacked.rows, neighbours.rows)
    assert np.allclose(unpacked.places, neighbours.places, atol=1e-6)


def test_a_head_without_neighbours_has_none() -> None:
    assert unpack({}, DIMENSION) is None


def test_an_unknown_word_borrows_and_says_from_whom() -> None:
    rows, near = plain_head(plain_neighbours()).read_all([understand_text("zorbs")], sentences)
    assert near == [("fado", "lament")]
    assert rows[0, SAD] > rows[0, GLAD]


def test_known_words_borrow_nothing() -> None:
    with_, without = plain_head(plain_neighbours()), plain_head(None)
    known = understand_text("sad")
    assert with_.read_all([known], sentences)[1] == [()]
    assert np.array_equal(with_.project(known, sentences), without.project(known, sentences))


def test_what_is_borrowed_counts_by_the_share_of_unknown_words() -> None:
    head = plain_head(plain_neighbours())
    half, whole = understand_text("happy zorbs"), understand_text("zorbs")
    assert (unread_share(half), unread_share(whole)) == (0.5, 1.0)
    rows = head.project_all([half, whole], sentences)
    assert rows[0, GLAD] == pytest.approx(rows[0, SAD], rel=0.05)
    assert rows[1, SAD] > 5 * abs(rows[1, GLAD])


def test_another_language_borrows_nothing() -> None:
    foreign = understand_text("musique triste et zorbs")
    assert not foreign.language_supported
    assert plain_head(plain_neighbours()).read_all([foreign], sentences)[1] == [()]


def test_a_text_without_a_known_word_stays_vague_where_nothing_speaks_of_music() -> None:
    row = plain_head(plain_neighbours()).project(understand_text("quarterly polkas"), sentences)
    assert row[VAGUE] > 0.9


def test_a_text_becomes_one_about_music_once() -> None:
    assert as_music("fado") == "fado music"
    assert as_music("Fado Music") == "Fado Music"


def test_every_phrase_of_the_lists_that_says_something_lends() -> None:
    keys = ("mood:sad", "mood:happy")
    found = list_neighbours(lambda texts: np.ones((len(texts), 384)), keys, np.eye(2, DIMENSION))
    asked = [direction_weights(understand_text(phrase)) for phrase in found.phrases]
    assert len(found.phrases) > 50
    assert all(set(keys) & set(weights) for weights in asked)
    assert "A minor" not in found.phrases


def test_withheld_words_are_not_understood_and_come_back() -> None:
    before = understand_text("calm piano")
    with without_words({"calm"}):
        assert understand_text("calm piano").not_understood == ("calm",)
        assert "calm" not in load_vocabulary().phrases
        assert understand_text("clam piano").values("mood") == ()
    assert understand_text("calm piano") == before


def test_a_phrase_goes_with_any_of_its_words() -> None:
    with without_words({"rock"}):
        assert "hard rock" not in load_vocabulary().phrases
        assert understand_text("hard rock").values("genre") == ()


def test_the_network_counts_more_where_no_word_is_known() -> None:
    assert plain_head(None).network_share < UNREAD_SHARE
