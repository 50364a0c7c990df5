"""compose_music: a labelled piece, what could not be served, and sound on request."""

from typing import NoReturn

import pytest

from services.errors import InvalidRequest
from services.generation.compose import PieceRequest, compose_music
from services.generation.messages import piece_message
from symbolic.brief import Brief
from tests.fixtures.retrieval import FakeComposer, RenderingReader


def test_a_piece_is_labelled_as_generated_and_says_its_seed() -> None:
    piece = compose_music(
        PieceRequest(brief=Brief(), seed=5), composer=FakeComposer(), reader=RenderingReader()
    )
    message = piece_message(piece)
    assert message is not None
    assert (message.generated, message.seed, message.wav) == (True, 5, b"")
    assert message.midi.startswith(b"MThd")


def test_it_is_rendered_only_on_request() -> None:
    piece = compose_music(
        PieceRequest(brief=Brief(), render=True), composer=FakeComposer(), reader=RenderingReader()
    )
    assert piece.wav[:4] == b"RIFF"


def test_what_could_not_be_asked_of_the_composer_is_reported_as_not_met() -> None:
    request = PieceRequest(brief=Brief(), unserved=(("metre", "5/4"), ("vocals", "vocals")))
    piece = compose_music(request, composer=FakeComposer(), reader=RenderingReader())
    reports = [(r.name, r.asked, r.got, r.met) for r in piece.attributes]
    assert [r for r in reports if r[0] == "metre"] == [("metre", "5/4", "4/4", False)]
    assert ("vocals", "vocals", "none", False) in reports


def test_a_brief_that_leaves_nothing_to_play_is_the_callers_mistake() -> None:
    class Refuser:
        def compose(self, brief: Brief, *, seed: int, num_candidates: int = 8) -> NoReturn:
            raise ValueError("no instrument is left to play")

    with pytest.raises(InvalidRequest, match="no instrument"):
        compose_music(PieceRequest(brief=Brief()), composer=Refuser(), reader=RenderingReader())


@pytest.mark.parametrize("wrong", [{"num_candidates": 0}, {"num_candidates": 33}, {"seed": -1}])
def test_numbers_outside_their_limits_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        PieceRequest(brief=Brief(), **wrong)  # type: ignore[arg-type]
