import pytest

from services.catalogue.records import NewTrack, PlaylistRecord
from services.catalogue.store import Catalogue
from services.errors import AlreadyExists, NotFound


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    for track_id in "abc":
        catalogue.add_track(NewTrack(id=track_id, title=track_id.upper()))
    return catalogue


def test_a_playlist_keeps_its_order_and_repeats(filled: Catalogue) -> None:
    playlist = PlaylistRecord(id="p", title="Mine", track_ids=("c", "a", "c"))
    assert filled.create_playlist(playlist) == playlist
    assert filled.get_playlist("p") == playlist


def test_an_empty_id_gets_a_fresh_one(filled: Catalogue) -> None:
    first = filled.create_playlist(PlaylistRecord(id="", title="One"))
    second = filled.create_playlist(PlaylistRecord(id="", title="One"))
    assert first.id != second.id
    assert filled.get_playlist(first.id).title == "One"


def test_a_playlist_of_an_unknown_track_is_refused_whole(filled: Catalogue) -> None:
    with pytest.raises(NotFound, match="'x'"):
        filled.create_playlist(PlaylistRecord(id="p", track_ids=("a", "x")))
    with pytest.raises(NotFound):
        filled.get_playlist("p")
    filled.create_playlist(PlaylistRecord(id="p", track_ids=("a",)))
    with pytest.raises(NotFound):
        filled.update_playlist("p", title="New", track_ids=("x",))
    assert filled.get_playlist("p") == PlaylistRecord(id="p", track_ids=("a",))


def test_a_taken_id_is_refused(filled: Catalogue) -> None:
    filled.create_playlist(PlaylistRecord(id="p"))
    with pytest.raises(AlreadyExists):
        filled.create_playlist(PlaylistRecord(id="p"))


def test_title_and_items_change_apart(filled: Catalogue) -> None:
    filled.create_playlist(PlaylistRecord(id="p", title="Old", track_ids=("a", "b")))
    assert filled.update_playlist("p", title="New").track_ids == ("a", "b")
    assert filled.update_playlist("p", track_ids=("b",)).title == "New"
    assert filled.update_playlist("p", track_ids=()).track_ids == ()


def test_a_removed_track_leaves_its_playlists(filled: Catalogue) -> None:
    filled.create_playlist(PlaylistRecord(id="p", track_ids=("a", "b", "a", "c")))
    filled.remove_track("a")
    assert filled.get_playlist("p").track_ids == ("b", "c")


def test_a_removed_playlist_leaves_its_tracks(filled: Catalogue) -> None:
    filled.create_playlist(PlaylistRecord(id="p", track_ids=("a",)))
    filled.remove_playlist("p")
    with pytest.raises(NotFound):
        filled.get_playlist("p")
    assert filled.get_track("a").title == "A"


def test_pages_of_playlists_follow_each_other(filled: Catalogue) -> None:
    for playlist_id in ("q", "p", "r"):
        filled.create_playlist(PlaylistRecord(id=playlist_id, track_ids=("b",)))
    first = filled.list_playlists(limit=2)
    second = filled.list_playlists(limit=2, after_id=first.next_id)
    assert [playlist.id for playlist in first.playlists] == ["p", "q"]
    assert [playlist.id for playlist in second.playlists] == ["r"]
    assert second.next_id == ""
    assert first.playlists[0].track_ids == ("b",)
