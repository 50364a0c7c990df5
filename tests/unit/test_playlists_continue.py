"""continue_playlist and make_playlist: what goes on, in which order, and what never does."""

from typing import Any

import pytest

from services.catalogue.records import TrackFilter
from services.errors import InvalidRequest, NoSound, NotFound
from services.recommendation.playlists import (
    Continuation,
    PlaylistSeed,
    continue_playlist,
    make_playlist,
)
from tests.fixtures.retrieval import Shelf, empty_database, shelf  # noqa: F401


def ids(answer: Continuation) -> list[str]:
    return [hit.track.id for hit in answer.hits]


def go_on(shelf: Shelf, *track_ids: str, **changes: object) -> Continuation:  # noqa: F811
    seed = PlaylistSeed(track_ids=track_ids, **changes)  # type: ignore[arg-type]
    return continue_playlist(seed, shelf.playlist_tools)


def fill(shelf: Shelf, word: str, count: int, **changes: Any) -> None:  # noqa: F811
    for number in range(count):
        shelf.add(f"{word}{number}", f"{word} {word}-{number}", **changes)


def test_it_goes_on_with_tracks_of_the_same_kind(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 5)
    fill(shelf, "metal", 5)
    assert set(ids(go_on(shelf, "calm0", "calm1", limit=3))) == {"calm2", "calm3", "calm4"}


def test_a_track_of_the_seed_is_never_repeated(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 5)
    for raw in (False, True):
        answer = ids(go_on(shelf, "calm0", "calm3", "calm0", raw=raw))
        assert sorted(answer) == ["calm1", "calm2", "calm4"]


def test_another_version_of_a_seed_track_does_not_go_on(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("seed", "calm", title="Dusk", artist="Ada")
    shelf.add("remaster", "calm night", title="Dusk - 2009 Remaster", artist="Ada")
    shelf.add("copy", "calm")
    shelf.add("other", "calm dawn")
    assert ids(go_on(shelf, "seed")) == ["other"]


def test_a_diverse_seed_goes_on_with_both_kinds(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 8)
    fill(shelf, "metal", 8)
    fill(shelf, "tuba", 8)
    answer = ids(go_on(shelf, "calm0", "metal0", "calm1", "metal1", limit=8))
    kinds = {track_id.rstrip("0123456789") for track_id in answer}
    assert kinds == {"calm", "metal"}


def test_unknown_and_soundless_seed_tracks_are_reported(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 3)
    shelf.add_words_only("words", title="Only Words")
    answer = go_on(shelf, "nobody", "calm0", "words")
    assert answer.ignored_seed_ids == ("nobody", "words")
    assert len(answer.hits) == 2


def test_a_seed_without_a_known_or_sounding_track_is_an_error(shelf: Shelf) -> None:  # noqa: F811
    shelf.add_words_only("words", title="Only Words")
    with pytest.raises(NotFound, match="none of the 1 seed"):
        go_on(shelf, "nobody")
    with pytest.raises(NoSound):
        go_on(shelf, "words")


def test_words_steer_the_continuation(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("seed", "calm")
    shelf.add("plain", "calm v1")
    shelf.add("zither", "calm zither")
    assert ids(go_on(shelf, "seed", limit=1, raw=True)) != ["seed"]
    answer = go_on(shelf, "seed", text="zither", limit=1, raw=True)
    assert ids(answer) == ["zither"]
    assert answer.understood is not None


def test_conditions_and_caps_are_kept(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 5, artist="Ada")
    fill(shelf, "soft", 4, artist="Ben")
    answer = go_on(shelf, "calm0", filter=TrackFilter(exclude_ids=("calm1",)), limit=9)
    artists = [hit.track.artist for hit in answer.hits]
    assert "calm1" not in ids(answer)
    assert artists.count("Ada") == artists.count("Ben") == 2
    only = go_on(shelf, "calm0", filter=TrackFilter(exclude_artists=("ada",)), limit=9)
    assert {hit.track.artist for hit in only.hits} == {"Ben"}


def test_raw_ranks_by_relevance_over_the_whole_catalogue(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 6, artist="Ada")
    fill(shelf, "metal", 6, artist="Ada")
    answer = go_on(shelf, "calm0", limit=1000, raw=True)
    relevances = [hit.relevance for hit in answer.hits]
    assert len(answer.hits) == 11
    assert relevances == sorted(relevances, reverse=True)


def test_as_many_are_answered_as_the_limit_asks_for(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 9)
    assert len(go_on(shelf, "calm0", limit=5_000).hits) == 8


def test_the_list_flows_from_the_last_track_of_the_seed(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("seed", "calm", heard={"tempo_bpm": 80.0})
    for tempo in (110.0, 82.0, 97.0):
        shelf.add(f"at{tempo:.0f}", f"calm {tempo}", heard={"tempo_bpm": tempo})
    answer = go_on(shelf, "seed")
    assert ids(answer) == ["at82", "at97", "at110"]
    assert any("in step with “Song seed”" in r.text for r in answer.hits[0].reasons)


def test_the_same_seed_gives_the_same_list_and_the_limit_is_kept(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 9)
    first, second = go_on(shelf, "calm0", limit=4), go_on(shelf, "calm0", limit=4)
    assert first == second
    assert len(first.hits) == 4
    assert all(hit.reasons for hit in first.hits)


def test_a_removed_track_is_never_answered(shelf: Shelf) -> None:  # noqa: F811
    fill(shelf, "calm", 4)
    assert "calm2" in ids(go_on(shelf, "calm0"))
    shelf.catalogue.remove_track("calm2")
    assert "calm2" not in ids(go_on(shelf, "calm0"))


def test_a_seed_needs_tracks_and_a_limit_that_can_be_meant() -> None:
    with pytest.raises(InvalidRequest, match="seed has 0"):
        PlaylistSeed(track_ids=())
    with pytest.raises(InvalidRequest, match="seed has 501"):
        PlaylistSeed(track_ids=("a",) * 501)
    with pytest.raises(InvalidRequest, match="limit"):
        PlaylistSeed(track_ids=("a",), limit=0)


def test_a_playlist_is_made_from_words_and_flows(shelf: Shelf) -> None:  # noqa: F811
    for tempo in (120.0, 90.0, 104.0):
        shelf.add(f"at{tempo:.0f}", f"zither {tempo}", heard={"tempo_bpm": tempo})
    shelf.add("far", "tuba")
    made = make_playlist("zither", conditions=TrackFilter(), limit=3, tools=shelf.playlist_tools)
    names = [hit.track.id for hit in made.hits]
    assert sorted(names) == ["at104", "at120", "at90"]
    assert names[1] == "at104" or names[0] == "at104"
    assert made.understood is not None


def test_words_that_nothing_fits_make_no_playlist(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("far", "tuba")
    made = make_playlist("zither", conditions=TrackFilter(), limit=3, tools=shelf.playlist_tools)
    assert made.no_match
    assert made.hits == ()
    with pytest.raises(InvalidRequest, match="needs words"):
        make_playlist(" ", conditions=TrackFilter(), limit=3, tools=shelf.playlist_tools)
