"""find_music: what is answered, in which order, and what is never answered."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from encoders.understanding import understand_text
from services.catalogue.records import TrackFilter
from services.errors import InvalidRequest, NoSound, NotFound
from services.recommendation.hits import Candidate
from services.retrieval.find import EVEN_ODDS, find_music, find_similar, floor_for, leave_room
from services.retrieval.query import Answer, MusicQuery, SimilarQuery
from services.retrieval.reasons import reasons_for
from services.retrieval.wish import Wish
from tests.fakes import write_tone
from tests.fixtures.retrieval import (  # noqa: F401 - two of them are fixtures
    FLOOR,
    PlainCalibration,
    Shelf,
    empty_database,
    shelf,
    words_vector,
)


def ids(answer: Answer) -> list[str]:
    return [hit.track.id for hit in answer.hits]


def ask(shelf: Shelf, text: str, **changes: object) -> Answer:  # noqa: F811
    return find_music(MusicQuery(text=text, **changes), shelf.tools)  # type: ignore[arg-type]


def write_clip(path: Path, colour: tuple[int, int, int]) -> Path:
    path.write_text(f'{{"colour": {list(colour)}}}', encoding="utf-8")
    return path


def test_text_finds_the_track_that_sounds_like_it(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither dusk")
    shelf.add("b", "tuba noon")
    answer = ask(shelf, "zither dusk")
    assert ids(answer) == ["a"]
    assert answer.best_relevance == answer.hits[0].relevance == pytest.approx(1.0, abs=1e-3)
    assert (answer.no_match, answer.floor, answer.plan) == (False, FLOOR, "exact")


def test_nothing_that_fits_is_an_answer(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "tuba noon")
    answer = ask(shelf, "zither dusk")
    assert answer.hits == ()
    assert answer.no_match
    assert 0 <= answer.best_relevance < FLOOR


def test_an_empty_catalogue_has_no_match(shelf: Shelf) -> None:  # noqa: F811
    answer = ask(shelf, "zither")
    assert (answer.hits, answer.no_match, answer.best_relevance) == ((), True, 0.0)
    assert answer.remarks == (
        "the catalogue holds no music that can be heard yet: import some first",
    )


def test_conditions_that_no_track_meets_are_named(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither")
    answer = ask(shelf, "zither", filter=TrackFilter(licences=("CC0-1.0",)))
    assert (answer.hits, answer.no_match) == ((), True)
    assert answer.remarks == ("no track of the catalogue meets the conditions",)


def test_versions_are_found_wherever_they_stand_in_a_long_list(
    shelf: Shelf,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.recommendation.shaping.BLOCK", 2)
    for number, text in enumerate(("zither", "zither a", "zither", "zither b", "zither a")):
        shelf.add(f"t{number}", text)
    assert sorted(ids(ask(shelf, "zither"))) == ["t0", "t1", "t3"]


def test_only_versions_of_the_track_itself_are_no_match(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither", title="Dusk", artist="Ada")
    shelf.add("copy", "zither", title="Dusk", artist="Ada")
    answer = find_similar(SimilarQuery(track_id="a"), shelf.tools)
    assert (answer.hits, answer.no_match, answer.best_relevance) == ((), True, 0.0)


def test_a_clip_finds_what_sounds_like_its_colour(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    shelf.add("a", "red")
    shelf.add("b", "blue")
    clip = write_clip(tmp_path / "clip.mp4", (0, 0, 200))
    answer = find_music(MusicQuery(clip=clip), shelf.tools)
    assert ids(answer) == ["b"]
    assert answer.seen is not None
    assert answer.seen.words == ("blue",)


@pytest.mark.parametrize(
    ("clip_s", "start_s"), [(None, 12.0), (10.0, 12.0), (25.0, 5.0), (60.0, 0.0)]
)
def test_music_starts_early_enough_to_last_as_long_as_the_clip(
    shelf: Shelf,  # noqa: F811
    clip_s: float | None,
    start_s: float,
) -> None:
    track = shelf.add("a", "rain", duration_s=30.0)
    late = Candidate(track=track, relevance=0.9, start_s=12.0)
    (moved,) = leave_room([late], clip_s)
    assert moved.start_s == start_s
    reasons = " ".join(
        r.text for r in reasons_for(moved, Wish(vector=words_vector("rain"), clip_s=clip_s))
    )
    assert ("as long as the clip" in reasons) == (clip_s == 25.0)


def test_the_balance_moves_the_answer_from_the_words_to_the_clip(
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    shelf.add("words", "zither")
    shelf.add("clip", "blue")
    clip = write_clip(tmp_path / "clip.mp4", (0, 0, 200))
    first = {
        balance: ids(
            find_music(MusicQuery(text="zither", clip=clip, balance=balance), shelf.tools)
        )[0]
        for balance in (0.1, 0.9)
    }
    assert first == {0.1: "words", 0.9: "clip"}


def test_a_recording_and_a_midi_file_find_what_sounds_like_them(
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    shelf.add("a", "pitch-69")
    shelf.add("b", "pitch-81")
    audio = write_tone(tmp_path / "tone.wav", 440.0)
    midi = write_tone(tmp_path / "tone.mid", 880.0)
    assert ids(find_music(MusicQuery(audio=audio), shelf.tools)) == ["a"]
    assert ids(find_music(MusicQuery(midi=midi), shelf.tools)) == ["b"]


@pytest.mark.parametrize(("fitted", "floor"), [(0.8, EVEN_ODDS), (0.2, 0.2)])
def test_a_sound_alone_is_answered_by_what_is_more_likely_to_fit_than_not(
    shelf: Shelf,  # noqa: F811
    fitted: float,
    floor: float,
) -> None:
    calibration = PlainCalibration(floor=fitted)
    snapshot = replace(shelf.tools.searcher.snapshot(), calibration=calibration)
    vector = words_vector("rain")
    assert floor_for(Wish(vector=vector), snapshot) == floor
    assert floor_for(Wish(vector=vector, understood=understand_text("rain")), snapshot) == fitted


def test_a_track_like_another_is_never_that_other(shelf: Shelf) -> None:  # noqa: F811
    for track_id in "abc":
        shelf.add(track_id, f"zither {track_id}")
    for raw in (False, True):
        answer = find_similar(SimilarQuery(track_id="a", raw=raw), shelf.tools)
        assert sorted(ids(answer)) == ["b", "c"]


def test_another_version_of_a_track_is_not_like_it(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither", title="Dusk", artist="Ada")
    shelf.add("remaster", "zither night", title="Dusk [Remastered]", artist="Ada")
    shelf.add("copy", "zither")
    shelf.add("other", "zither dawn")
    assert ids(find_similar(SimilarQuery(track_id="a"), shelf.tools)) == ["other"]


def test_a_track_known_by_words_only_cannot_be_compared(shelf: Shelf) -> None:  # noqa: F811
    shelf.add_words_only("w", title="Silent Work")
    with pytest.raises(NoSound, match="title and artist only"):
        find_similar(SimilarQuery(track_id="w"), shelf.tools)
    with pytest.raises(NotFound):
        find_similar(SimilarQuery(track_id="nobody"), shelf.tools)


def test_a_query_needs_something_to_ask() -> None:
    with pytest.raises(InvalidRequest, match="needs text"):
        MusicQuery(text="  ")
    with pytest.raises(InvalidRequest, match="limit"):
        MusicQuery(text="a", limit=0)
    with pytest.raises(InvalidRequest, match="balance"):
        MusicQuery(text="a", balance=1.5)


def test_versions_of_a_piece_are_answered_once(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither", title="Dusk", artist="Ada")
    shelf.add("b", "zither night", title="Dusk (2011 Remaster)", artist="ADA")
    shelf.add("c", "zither", title="Copy", artist="Somebody")
    assert ids(ask(shelf, "zither")) == ["a"]


def test_an_artist_has_at_most_two_hits_unless_asked_otherwise(shelf: Shelf) -> None:  # noqa: F811
    for number in range(4):
        shelf.add(f"t{number}", f"zither w{number}", artist="Ada")
    assert len(ids(ask(shelf, "zither"))) == 2
    assert len(ids(ask(shelf, "zither", filter=TrackFilter(max_per_artist=3)))) == 3
    assert len(ids(ask(shelf, "zither", raw=True))) == 4


def test_excluded_tracks_and_artists_are_never_answered(shelf: Shelf) -> None:  # noqa: F811
    for track_id in "abc":
        shelf.add(track_id, f"zither {track_id}")
    conditions = TrackFilter(exclude_ids=("a",), exclude_artists=("ARTIST B",))
    for raw in (False, True):
        assert ids(ask(shelf, "zither", filter=conditions, raw=raw)) == ["c"]


def test_conditions_of_sound_and_words_are_kept(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("slow", "zither a", heard={"tempo_bpm": 70.0, "key": "C major"}, tags=("rain",))
    shelf.add("fast", "zither b", heard={"tempo_bpm": 150.0, "key": "A minor"}, licence="CC0-1.0")
    cases = {
        "slow": [TrackFilter(max_tempo_bpm=90), TrackFilter(all_tags=("Rain",))],
        "fast": [TrackFilter(licences=("CC0-1.0",)), TrackFilter(keys=("A minor",)),
                 TrackFilter(no_tags=("rain",))],
    }  # fmt: skip
    for expected, filters in cases.items():
        for conditions in filters:
            assert ids(ask(shelf, "zither", filter=conditions)) == [expected]


def test_raw_ranks_the_whole_catalogue_by_relevance(shelf: Shelf) -> None:  # noqa: F811
    for number in range(8):
        shelf.add(f"t{number}", "zither " + " ".join(f"w{number}{i}" for i in range(number)))
    shelf.add("far", "tuba")
    answer = ask(shelf, "zither", raw=True, limit=100)
    relevances = [hit.relevance for hit in answer.hits]
    assert len(answer.hits) == 9
    assert relevances == sorted(relevances, reverse=True)
    assert ids(answer)[-1] == "far"


def test_a_removed_track_is_never_answered(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither")
    assert ids(ask(shelf, "zither")) == ["a"]
    shelf.catalogue.remove_track("a")
    assert ids(ask(shelf, "zither", raw=True)) == []


def test_a_piece_is_composed_only_when_nothing_fits_and_it_is_allowed(
    shelf: Shelf,  # noqa: F811
) -> None:
    shelf.add("a", "tuba")
    assert ask(shelf, "slow zither in D minor").composed is None
    assert ask(shelf, "tuba", may_compose=True).composed is None
    answer = ask(shelf, "slow zither in D minor", may_compose=True, seed=7, render=True)
    assert answer.composed is not None
    assert answer.composed.generated
    assert answer.composed.seed == 7
    assert answer.composed.wav.startswith(b"RIFF")
    assert shelf.composer.briefs[-1].key == "D minor"


def test_a_piece_for_a_clip_is_as_long_as_the_clip(shelf: Shelf, tmp_path: Path) -> None:  # noqa: F811
    clip = write_clip(tmp_path / "clip.mp4", (200, 0, 0))
    find_music(MusicQuery(clip=clip, may_compose=True), shelf.tools)
    assert shelf.composer.briefs[-1].length_s == 2.0  # a clip of 1 s; no piece is shorter than 2 s


def test_every_hit_has_a_reason(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "zither", segments=["noise", "zither"])
    shelf.add("b", "zither b", description=None)
    for hit in ask(shelf, "zither").hits:
        assert 1 <= len(hit.reasons) <= 4


WORDS = ["calm", "zither", "night", "tuba", "rain", "dusk"]
shelves = st.lists(
    st.tuples(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.sampled_from("xyz")),
    min_size=1,
    max_size=10,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tracks=shelves, limit=st.integers(1, 6), cap=st.integers(1, 3), asked=st.sampled_from(WORDS)
)
def test_answers_keep_their_promises(
    shelf: Shelf,  # noqa: F811
    tracks: list[tuple[list[str], str]],
    limit: int,
    cap: int,
    asked: str,
) -> None:
    for track in shelf.catalogue.list_tracks(limit=100).tracks:
        shelf.catalogue.remove_track(track.id)
    for number, (words, artist) in enumerate(tracks):
        shelf.add(f"t{number}", " ".join(words), artist=artist)
    conditions = TrackFilter(max_per_artist=cap, exclude_ids=("t0",))
    query = MusicQuery(text=asked, limit=limit, filter=conditions)
    answer, again = find_music(query, shelf.tools), find_music(query, shelf.tools)
    raw = find_music(MusicQuery(text=asked, limit=100, raw=True), shelf.tools)
    artists = [hit.track.artist for hit in answer.hits]
    assert answer == again
    assert len(set(ids(answer))) == len(ids(answer)) <= limit
    assert "t0" not in ids(answer)
    assert all(artists.count(artist) <= cap for artist in artists)
    assert set(ids(answer)) <= set(ids(raw))
    assert len(raw.hits) == len(tracks)
    assert all(hit.relevance >= answer.floor for hit in answer.hits)
    assert answer.no_match == (not answer.hits)
