"""Instruments in a wish: filters, signed terms, doubt in between, and what cannot be checked."""

from typing import Any

import pytest

from encoders.towers.instruments import instrument_doubts
from encoders.understanding import Asked
from services.retrieval.asks import NO_INSTRUMENT, Scale, presence
from services.retrieval.find import find_music
from services.retrieval.query import Answer, MusicQuery
from tests.fakes import fake_description
from tests.fixtures.retrieval import Shelf, empty_database, shelf  # noqa: F401

SURE, UNSURE, ABSENT = 0.97, 0.4, 0.01


def heard(**instruments: float) -> dict[str, Any]:
    """What a catalogue of today says: the drums are always among it."""
    return {"instruments": {"drums": ABSENT, **instruments}}


def ask(shelf: Shelf, text: str) -> Answer:  # noqa: F811
    return find_music(MusicQuery(text=text), shelf.tools)


def ids(answer: Answer) -> list[str]:
    return [hit.track.id for hit in answer.hits]


def test_no_drums_leaves_out_tracks_with_drums_and_says_so(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("beat", "calm without drums x", heard=heard(drums=SURE))
    shelf.add("still", "calm without drums y", heard=heard())
    answer = ask(shelf, "calm without drums")
    assert ids(answer) == ["still"]
    assert any("drums were left out" in remark for remark in answer.remarks)
    assert not any("could be checked" in remark for remark in answer.remarks)
    assert any("no drums, as you asked" in reason.text for reason in answer.hits[0].reasons)


def test_a_track_in_doubt_stays_but_behind_one_surely_without(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("doubtful", "calm without drums x", heard=heard(drums=UNSURE))
    shelf.add("still", "calm without drums z", heard=heard())
    answer = ask(shelf, "calm without drums")
    assert ids(answer) == ["still", "doubtful"]
    assert answer.hits[1].relevance < answer.hits[0].relevance


def test_an_instrument_that_is_asked_for_and_missing_lowers_a_track(
    shelf: Shelf,  # noqa: F811
) -> None:
    shelf.add("without", "calm with piano x", heard=heard(piano=ABSENT))
    shelf.add("with", "calm with piano z", heard=heard(piano=SURE))
    answer = ask(shelf, "calm with piano")
    assert ids(answer) == ["with", "without"]
    assert any(reason.text == "piano can be heard" for reason in answer.hits[0].reasons)


def test_an_instrument_without_a_head_is_absent_where_its_family_is() -> None:
    viola = Asked(name="instrument", value="viola", words="viola", sign=-1)
    none, strings = (fake_description(**heard(strings=chance)) for chance in (ABSENT, SURE))
    assert presence(viola, none) == 0.0
    assert presence(viola, strings) is None


def test_an_instrument_that_nothing_tells_of_is_said_to_be_unchecked(
    shelf: Shelf,  # noqa: F811
) -> None:
    shelf.add("a", "calm no turntable", heard=heard())
    answer = ask(shelf, "calm no turntable")
    assert ids(answer) == ["a"]
    assert any("could be checked for turntable" in remark for remark in answer.remarks)


def test_guitars_of_older_catalogues_say_nothing_and_those_of_today_do() -> None:
    guitar = Asked(name="instrument", value="guitar", words="guitar", sign=-1)
    old = fake_description(instruments={"guitar": 0.9, "voice": 0.1, "synthesizer": 0.0})
    assert presence(guitar, old) is None
    assert presence(guitar, fake_description(**heard(guitar=SURE))) == 1.0
    assert presence(guitar, fake_description(**heard(guitar=ABSENT))) == 0.0


@pytest.mark.parametrize("name", ["drums", "guitar", "strings", "choir"])
def test_doubt_lies_where_the_shipped_heads_were_seen_to_be_unsure(name: str) -> None:
    doubt = instrument_doubts()[name]
    asked = Asked(name="instrument", value=name, words=name)
    middle = fake_description(**heard(**{name: (doubt.absent + doubt.there) / 2}))
    assert presence(asked, middle) == pytest.approx(0.5)
    assert Scale(absent=doubt.absent, there=doubt.there).presence(doubt.there) == 1.0


def test_a_missing_instrument_alone_does_not_hide_a_track() -> None:
    assert 0.5 < NO_INSTRUMENT < 1.0
