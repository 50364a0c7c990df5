from pathlib import Path

import numpy as np
import pytest

from services.catalogue.records import TrackChanges
from services.catalogue.sources import hash_file
from services.database import Sessions
from tests.fakes import FakeEmbedder, word_vector, write_tone
from tests.unit.ingest_rig import Rig, at, make_rig


@pytest.fixture
def rig(tmp_path: Path, sessions: Sessions) -> Rig:
    return make_rig(tmp_path, sessions)


def test_a_file_becomes_a_track_that_is_described_and_has_vectors(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav", 440.0, duration_s=20.0)
    (outcome,) = rig.outcomes(at(path))
    track = rig.catalogue.get_track(outcome["track_id"])
    assert (outcome["state"], outcome["label"]) == ("STATE_ADDED", "a.wav")
    assert track.id == track.content_hash == hash_file(path)
    assert (track.title, track.duration_s, track.has_sound) == ("a", 20.0, True)
    assert (track.source_path, track.generated) == (str(path), False)
    assert track.description is not None
    vectors = rig.catalogue.vectors_of([track.id], rig.space)[track.id]
    assert vectors.starts_s.tolist() == [0.0, 6.0, 11.0]
    np.testing.assert_allclose(vectors.track, word_vector("pitch-69"), atol=1e-3)


def test_a_score_is_rendered(rig: Rig) -> None:
    path = write_tone(rig.music / "a.mid", 220.0)
    assert rig.states(at(path)) == ["ADDED"]
    assert rig.reader.num_decoded == 1


def test_the_manifest_gives_id_and_words_and_the_file_the_rest(rig: Rig) -> None:
    own = {"title": "Own", "artist": "Own artist", "album": "Own album", "genre": "Folk"}
    path = write_tone(rig.music / "a.wav", tags=own)
    rig.run(at(path, id="rain-1", title="Rain", tags=["Calm"], licence="CC0-1.0", text="of rain"))
    track = rig.catalogue.get_track("rain-1")
    assert (track.title, track.artist, track.album) == ("Rain", "Own artist", "Own album")
    assert (track.tags, track.licence, track.text) == (("calm", "folk"), "CC0-1.0", "of rain")


def test_a_second_import_does_nothing(rig: Rig) -> None:
    sources = [at(write_tone(rig.music / f"{name}.wav", 300.0 + name)) for name in range(3)]
    rig.run(*sources)
    revision, num_sounds = rig.catalogue.revision(), rig.embedder.num_sounds
    record = rig.run(*sources)
    assert record.response is not None
    assert {outcome["state"] for outcome in record.response["outcomes"]} == {"STATE_UNCHANGED"}
    assert record.response["sound_s"] == 0
    assert rig.catalogue.revision() == revision
    assert (rig.embedder.num_sounds, rig.reader.num_decoded) == (num_sounds, num_sounds)


def test_the_same_file_twice_in_one_import_is_embedded_once(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    assert rig.states(at(path), at(path)) == ["ADDED", "UNCHANGED"]
    assert rig.embedder.num_sounds == 1


def test_a_copy_elsewhere_is_the_same_track(rig: Rig) -> None:
    first, copy = write_tone(rig.music / "a.wav"), write_tone(rig.music / "b.wav")
    assert rig.states(at(first), at(copy)) == ["ADDED", "UNCHANGED"]
    assert rig.catalogue.get_track(hash_file(first)).source_path == str(first)


def test_a_file_that_moved_is_found_at_its_new_place(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path))
    moved = path.rename(rig.music / "elsewhere.wav")
    assert rig.states(at(moved)) == ["UPDATED"]
    track = rig.catalogue.get_track(hash_file(moved))
    assert (track.source_path, track.title) == (str(moved), "a")
    assert rig.embedder.num_sounds == 1


def test_two_ids_of_the_same_content_are_two_tracks_embedded_once(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    assert rig.states(at(path, id="one"), at(path, id="two")) == ["ADDED", "ADDED"]
    assert rig.embedder.num_sounds == 1
    stored = rig.catalogue.vectors_of(["one", "two"], rig.space)
    np.testing.assert_array_equal(stored["one"].matrix, stored["two"].matrix)
    assert rig.catalogue.get_track("two").description is not None


def test_a_file_that_has_a_manifest_id_keeps_it_without_the_manifest(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path, id="one", title="Mine"))
    (outcome,) = rig.outcomes(at(path))
    assert (outcome["track_id"], outcome["state"]) == ("one", "STATE_UNCHANGED")
    assert rig.catalogue.get_track("one").title == "Mine"


def test_changed_words_are_brought_up_to_date_without_embedding(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav", tags={"genre": "Folk"})
    rig.run(at(path, id="one", title="Old", tags=["calm"]))
    assert rig.states(at(path, id="one", title="New", tags=["calm", "folk"])) == ["UPDATED"]
    assert rig.states(at(path, id="one", title="New", tags=["wild"])) == ["UPDATED"]
    track = rig.catalogue.get_track("one")
    assert (track.title, track.tags, rig.embedder.num_sounds) == ("New", ("wild", "folk"), 1)
    assert rig.states(at(path, id="one", title="New", tags=["wild"])) == ["UNCHANGED"]


def test_an_id_whose_content_changed_is_embedded_again(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav", 440.0)
    rig.run(at(path, id="one", title="Mine", tags=["calm"]))
    rig.catalogue.update_track("one", TrackChanges(text="written by hand"))
    before = rig.catalogue.vectors_of(["one"], rig.space)["one"].row
    write_tone(path, 880.0)
    assert rig.states(at(path, id="one")) == ["UPDATED"]
    track = rig.catalogue.get_track("one")
    assert (track.title, track.text, track.tags) == ("Mine", "written by hand", ("calm",))
    assert track.content_hash == hash_file(path)
    after = rig.catalogue.vectors_of(["one"], rig.space)["one"]
    assert after.row > before
    np.testing.assert_allclose(after.track, word_vector("pitch-81"), atol=1e-3)


def test_the_same_content_is_embedded_again_for_another_space(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path))
    rig.embedder = FakeEmbedder("another")
    assert rig.states(at(path)) == ["UPDATED"]
    assert rig.catalogue.has_vectors(hash_file(path), rig.space)
    assert rig.catalogue.has_vectors(hash_file(path), str(FakeEmbedder().space))


def test_a_title_alone_is_a_track_without_sound(rig: Rig) -> None:
    (outcome,) = rig.outcomes({"title": "Für Elise", "artist": "Beethoven", "tags": ["piano"]})
    track = rig.catalogue.get_track(outcome["track_id"])
    assert (track.has_sound, track.duration_s, track.source_path) == (False, None, None)
    assert rig.catalogue.find_by_words("elise piano") == [track]
    assert rig.states({"title": "für elise", "artist": "Beethoven"}) == ["UPDATED"]
    assert rig.states({"title": "für elise", "artist": "Beethoven"}) == ["UNCHANGED"]


def test_a_title_gets_its_sound_later(rig: Rig) -> None:
    rig.run({"id": "elise", "title": "Für Elise", "artist": "Beethoven"})
    path = write_tone(rig.music / "a.wav", tags={"title": "untitled"})
    assert rig.states(at(path, id="elise")) == ["UPDATED"]
    track = rig.catalogue.get_track("elise")
    assert (track.has_sound, track.title, track.num_segments) == (True, "Für Elise", 2)


def test_a_title_of_a_track_with_sound_leaves_the_sound(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path, id="one"))
    assert rig.states({"id": "one", "title": "New"}) == ["UPDATED"]
    track = rig.catalogue.get_track("one")
    assert (track.title, track.has_sound, track.source_path) == ("New", True, str(path))


def test_an_uploaded_file_is_kept_in_the_home_under_its_hash(rig: Rig) -> None:
    path = write_tone(rig.folder / "a.wav")
    source = rig.upload(path.read_bytes(), "My song.WAV")
    (outcome,) = rig.outcomes(source)
    track = rig.catalogue.get_track(outcome["track_id"])
    kept = rig.media / f"{hash_file(path)}.wav"
    assert (track.title, track.source_path) == ("My song", str(kept))
    assert kept.read_bytes() == path.read_bytes()
    assert list((rig.folder / "uploads").iterdir()) == []


def test_an_upload_of_what_is_there_is_dropped(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path))
    assert rig.states(rig.upload(path.read_bytes(), "a.wav")) == ["UNCHANGED"]
    assert list(rig.media.iterdir()) == []
    assert list((rig.folder / "uploads").iterdir()) == []


def test_an_upload_brings_back_a_file_that_is_gone(rig: Rig) -> None:
    path = write_tone(rig.music / "a.wav")
    rig.run(at(path))
    content, content_hash = path.read_bytes(), hash_file(path)
    path.unlink()
    assert rig.states(rig.upload(content, "a.wav")) == ["UPDATED"]
    track = rig.catalogue.get_track(content_hash)
    assert track.source_path == str(rig.media / f"{content_hash}.wav")
