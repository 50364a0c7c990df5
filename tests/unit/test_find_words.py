"""find_music: what words ask exactly, and tracks that are named."""

import pytest

from services.retrieval.asks import move_odds
from services.retrieval.find import find_music
from services.retrieval.query import Answer, MusicQuery
from tests.fixtures.retrieval import Shelf, empty_database, shelf  # noqa: F401


def ids(answer: Answer) -> list[str]:
    return [hit.track.id for hit in answer.hits]


def ask(shelf: Shelf, text: str, *, raw: bool = False) -> Answer:  # noqa: F811
    return find_music(MusicQuery(text=text, raw=raw), shelf.tools)


def test_how_the_words_were_read_is_in_the_answer(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "slow sad piano")
    answer = ask(shelf, "slow sad piano")
    assert answer.understood is not None
    assert {"slow", "sad", "piano"} <= {a.value for a in answer.understood.asked}


def test_words_that_were_not_understood_are_named(shelf: Shelf) -> None:  # noqa: F811
    answer = ask(shelf, "calm flurbish music")
    assert any("flurbish" in remark for remark in answer.remarks)


def test_another_language_is_said_not_to_be_supported(shelf: Shelf) -> None:  # noqa: F811
    answer = ask(shelf, "ruhige Musik für einen langen Abend am Kamin mit der Familie")
    assert answer.understood is not None
    assert not answer.understood.language_supported
    assert any("only English" in remark for remark in answer.remarks)


def test_no_vocals_leaves_out_tracks_in_which_somebody_sings(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("sung", "calm no vocals w", heard={"vocals": 0.95, "tags": {}})
    shelf.add("quiet", "calm no vocals x", heard={"vocals": 0.02, "tags": {}})
    answer = ask(shelf, "calm no vocals")
    assert ids(answer) == ["quiet"]
    assert any("vocals were left out" in remark for remark in answer.remarks)
    assert any("nobody sings" in reason.text for reason in answer.hits[0].reasons)


def test_raw_leaves_nothing_out_and_ranks_what_was_ruled_out_lower(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("sung", "calm no vocals w", heard={"vocals": 0.95, "tags": {}})
    shelf.add("quiet", "calm no vocals x", heard={"vocals": 0.02, "tags": {}})
    assert ids(ask(shelf, "calm no vocals", raw=True)) == ["quiet", "sung"]


def test_an_instrument_that_nobody_listens_for_is_said_to_be_unchecked(
    shelf: Shelf,  # noqa: F811
) -> None:
    shelf.add("a", "calm no drums")
    answer = ask(shelf, "calm no drums")
    assert ids(answer) == ["a"]
    assert any("could be checked for drums" in remark for remark in answer.remarks)


def test_an_instrument_that_is_heard_is_left_out_when_ruled_out(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm no synthesizer", heard={"instruments": {"synthesizer": 0.9}})
    shelf.add("b", "calm no synthesizer y", heard={"instruments": {"synthesizer": 0.05}})
    assert ids(ask(shelf, "calm no synthesizer")) == ["b"]


def test_a_tag_that_was_ruled_out_leaves_a_track_out(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm no metal", tags=("metal",))
    shelf.add("b", "calm no metal z")
    assert ids(ask(shelf, "calm no metal")) == ["b"]


@pytest.mark.parametrize("near", [100.0, 93.0, 107.0, 50.0, 200.0])
def test_a_tempo_in_numbers_prefers_tracks_within_eight_percent_in_any_octave(
    shelf: Shelf,  # noqa: F811
    near: float,
) -> None:
    shelf.add("off", "calm 100 bpm y", heard={"tempo_bpm": 128.0})
    shelf.add("near", "calm 100 bpm x", heard={"tempo_bpm": near})
    answer = ask(shelf, "calm 100 bpm")
    assert ids(answer) == ["near", "off"]
    assert any(reason.kind == "tempo" for reason in answer.hits[0].reasons)


def test_what_speaks_against_a_track_moves_its_odds() -> None:
    assert move_odds(0.8, 1.0) == 0.8
    assert move_odds(0.8, 0.5) == pytest.approx(2 / 3)
    assert move_odds(1.0, 0.2) < 1.0
    assert move_odds(0.0, 0.2) == 0.0


def test_a_tempo_word_prefers_tracks_of_that_tempo(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("fast", "slow zither y", heard={"tempo_bpm": 160.0})
    shelf.add("slow", "slow zither x", heard={"tempo_bpm": 66.0})
    answer = ask(shelf, "slow zither")
    assert ids(answer) == ["slow", "fast"]
    assert any(r.text == "66 bpm, slow as you asked" for r in answer.hits[0].reasons)


def test_a_key_prefers_tracks_in_it_however_it_is_spelt(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("other", "zither in Bb minor y", heard={"key": "C major"})
    shelf.add("same", "zither in Bb minor x", heard={"key": "A# minor"})
    assert ids(ask(shelf, "zither in Bb minor")) == ["same", "other"]


def test_a_track_without_sound_is_found_by_its_title_and_says_so(shelf: Shelf) -> None:  # noqa: F811
    shelf.add_words_only("w", title="Moonlight Sonata", artist="Ludwig van Beethoven")
    for text in ("moonlight sonata", "Beethoven's Moonlight Sonata", "ludwig van beethoven"):
        answer = ask(shelf, text)
        assert ids(answer) == ["w"]
        assert not answer.no_match
        assert any("title and artist only" in r.text for r in answer.hits[0].reasons)


def test_a_mood_is_not_taken_for_a_title(shelf: Shelf) -> None:  # noqa: F811
    shelf.add_words_only("w", title="Rain")
    assert ids(ask(shelf, "slower, no drums, like rain on a window")) == []
    assert ids(ask(shelf, 'something like "Rain"')) == ["w"]


def test_raw_ranks_tracks_without_sound_last(shelf: Shelf) -> None:  # noqa: F811
    shelf.add_words_only("w", title="Zither Dusk")
    shelf.add("a", "tuba")
    assert ids(ask(shelf, "zither dusk", raw=True)) == ["a", "w"]
    assert ids(ask(shelf, "zither dusk")) == ["w"]


def test_a_named_track_with_sound_comes_first(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("like", "gnossienne calm")
    shelf.add("named", "tuba", title="Gnossienne", artist="Erik")
    answer = ask(shelf, "gnossienne")
    assert ids(answer)[0] == "named"
    assert answer.hits[0].reasons[0].text == "you named it: “Gnossienne” by Erik"


def test_the_words_of_a_title_do_not_move_a_raw_ranking(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("like", "gnossienne")
    shelf.add("named", "tuba", title="Gnossienne")
    assert ids(ask(shelf, "gnossienne", raw=True)) == ["like", "named"]
