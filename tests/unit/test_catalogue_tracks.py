from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.catalogue.records import NewTrack, TrackChanges
from services.catalogue.store import Catalogue
from services.errors import AlreadyExists, NotFound
from tests.fakes import fake_description
from tests.unit.catalogue_samples import SPACE, make_vectors, song


def test_a_track_comes_back_as_it_was_written(catalogue: Catalogue) -> None:
    new = song("a", title="Ättebakgrund", tags=("rain", "slow"), licence="CC-BY-4.0")
    before = datetime.now(UTC)
    record = catalogue.add_track(new, make_vectors(num_segments=3), space=SPACE)
    assert record == catalogue.get_track("a")
    assert (record.title, record.tags, record.licence) == (
        "Ättebakgrund",
        ("rain", "slow"),
        "CC-BY-4.0",
    )
    assert record.num_segments == 3
    assert before <= record.added_at <= datetime.now(UTC)
    assert record.description == fake_description()


def test_tags_are_lower_case_without_repeats_in_their_order(catalogue: Catalogue) -> None:
    record = catalogue.add_track(song("a", tags=("Slow", " rain ", "slow", "")))
    assert record.tags == ("slow", "rain")
    assert catalogue.update_track("a", TrackChanges(tags=("RAIN", "new"))).tags == ("rain", "new")
    assert catalogue.get_track("a").tags == ("rain", "new")


def test_words_that_no_database_takes_are_cleaned(catalogue: Catalogue) -> None:
    record = catalogue.add_track(song("a", title="A\0B", artist="half \ud800", tags=("x\0y",)))
    assert (record.title, record.artist, record.tags) == ("AB", "half ?", ("xy",))


def test_an_id_that_is_taken_is_refused_and_nothing_changes(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a", title="First"))
    with pytest.raises(AlreadyExists, match="'a'"):
        catalogue.add_track(song("a", title="Second"))
    assert catalogue.get_track("a").title == "First"


def test_an_unknown_track_is_not_found(catalogue: Catalogue) -> None:
    for act in (catalogue.get_track, catalogue.remove_track):
        with pytest.raises(NotFound) as caught:
            act("nowhere")
        assert caught.value.details == {"track": "nowhere"}


def test_those_that_are_there_are_found_by_id_and_by_key(catalogue: Catalogue) -> None:
    a, b = catalogue.add_track(song("a")), catalogue.add_track(song("b"))
    assert catalogue.get_tracks(["a", "x", "b"]) == {"a": a, "b": b}
    assert catalogue.get_tracks_by_key([b.key, 999]) == {b.key: b}
    assert catalogue.get_tracks([]) == {}


def test_more_ids_than_one_statement_takes_are_found(catalogue: Catalogue) -> None:
    a = catalogue.add_track(song("a"))
    ids = [f"x{number}" for number in range(40_000)]
    assert catalogue.get_tracks([*ids, "a"]) == {"a": a}


def test_pages_follow_each_other_in_the_order_of_ids(catalogue: Catalogue) -> None:
    for track_id in ("b", "C", "a", "B", "c"):
        catalogue.add_track(song(track_id))
    first = catalogue.list_tracks(limit=2)
    second = catalogue.list_tracks(limit=2, after_id=first.next_id)
    third = catalogue.list_tracks(limit=2, after_id=second.next_id)
    ids = [[track.id for track in page.tracks] for page in (first, second, third)]
    assert ids == [["B", "C"], ["a", "b"], ["c"]]
    assert (first.total, third.next_id) == (5, "")


def test_a_list_shows_only_tracks_that_have_all_the_words(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a", title="Rain on Glass", artist="Ane BØ"))
    catalogue.add_track(song("b", title="Rain", tags=("glass",)))
    catalogue.add_track(song("c", title="Glass"))
    found = catalogue.list_tracks(words="RAIN glass")
    assert ([track.id for track in found.tracks], found.total) == (["a", "b"], 2)
    assert [track.id for track in catalogue.list_tracks(words="bø").tracks] == ["a"]


def test_words_are_taken_literally(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a", title="100% rain_drop"))
    catalogue.add_track(song("b", title="1000 rainxdrop"))
    assert [track.id for track in catalogue.list_tracks(words="100%").tracks] == ["a"]
    assert [track.id for track in catalogue.list_tracks(words="rain_drop").tracks] == ["a"]


def test_tracks_without_sound_are_found_by_their_words(catalogue: Catalogue) -> None:
    catalogue.add_track(NewTrack(id="title-only", title="Für Elise", artist="Beethoven"))
    catalogue.add_track(song("b", title="Für Elise"))
    found = catalogue.find_by_words("für ELISE")
    assert [(track.id, track.has_sound) for track in found] == [("title-only", False)]
    assert len(catalogue.find_by_words("elise", has_sound=None)) == 2
    assert catalogue.find_by_words("elise moonlight") == []


def test_a_change_leaves_the_other_fields_alone(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a", title="Old", artist="Same", tags=("x",)))
    record = catalogue.update_track("a", TrackChanges(title="New", text=""))
    assert (record.title, record.artist, record.tags) == ("New", "Same", ("x",))
    assert [track.id for track in catalogue.list_tracks(words="new").tracks] == ["a"]
    assert catalogue.list_tracks(words="old").tracks == ()


def test_putting_a_track_replaces_what_it_says_and_its_vectors(catalogue: Catalogue) -> None:
    first = catalogue.add_track(song("a", title="Old"), make_vectors(), space=SPACE)
    catalogue.put_vectors("a", make_vectors(), space="other")
    new = replace(song("a", title="New"), content_hash="f" * 64)
    second = catalogue.put_track(new, make_vectors(num_segments=5), space=SPACE)
    assert (second.key, second.title, second.num_segments) == (first.key, "New", 5)
    assert second.added_at == first.added_at
    assert not catalogue.has_vectors("a", "other")


def test_putting_the_same_content_keeps_vectors_of_other_spaces(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a"), make_vectors(), space="other")
    catalogue.put_track(song("a"), make_vectors(), space=SPACE)
    assert catalogue.has_vectors("a", "other")
    assert catalogue.has_vectors("a", SPACE)


def test_a_track_is_found_by_its_content(catalogue: Catalogue) -> None:
    new = replace(song("a"), content_hash="c" * 64)
    record = catalogue.add_track(new)
    assert catalogue.track_with_hash("c" * 64) == record
    assert catalogue.track_with_hash("d" * 64) is None
    assert catalogue.track_with_hash("c" * 64, space=SPACE) is None


def test_every_write_raises_the_revision_and_no_read_does(catalogue: Catalogue) -> None:
    revisions = [catalogue.revision()]
    catalogue.add_track(song("a"))
    revisions.append(catalogue.revision())
    catalogue.update_track("a", TrackChanges(title="x"))
    revisions.append(catalogue.revision())
    catalogue.put_vectors("a", make_vectors(), space=SPACE)
    revisions.append(catalogue.revision())
    catalogue.get_track("a")
    catalogue.list_tracks()
    catalogue.remove_track("a")
    revisions.append(catalogue.revision())
    assert revisions == [0, 1, 2, 3, 4]


def test_a_failed_write_does_not_raise_the_revision(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        catalogue.remove_track("nowhere")
    assert catalogue.revision() == 0


def test_counts_tell_sound_from_titles(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a", duration_s=10.0), make_vectors(num_segments=2), space=SPACE)
    catalogue.add_track(song("b", duration_s=5.5), make_vectors(num_segments=3), space="other")
    catalogue.add_track(NewTrack(id="c", title="Only words"))
    counts = catalogue.counts(SPACE)
    assert (counts.num_tracks, counts.num_with_sound, counts.num_segments) == (3, 2, 2)
    assert counts.sound_s == pytest.approx(15.5)
    assert catalogue.counts("none").num_segments == 0


def test_two_writers_and_a_reader_get_along(catalogue: Catalogue) -> None:
    def write(prefix: str) -> None:
        for number in range(20):
            catalogue.add_track(song(f"{prefix}{number}"), make_vectors(), space=SPACE)
            catalogue.list_tracks(words="song")

    with ThreadPoolExecutor(max_workers=2) as pool:
        for finished in [pool.submit(write, prefix) for prefix in "ab"]:
            finished.result()
    assert catalogue.counts(SPACE).num_tracks == 40
    assert catalogue.revision() == 40
