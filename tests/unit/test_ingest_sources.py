from typing import Any

import pytest

from services.catalogue.sources import (
    TrackSource,
    check_source,
    genre_tags,
    hash_words,
    join_words,
    source_from_fields,
    spdx_licence,
)
from services.errors import InvalidRequest


@pytest.mark.parametrize("track_id", ["a", "A.b_c:d-9", "x" * 128])
def test_a_good_id_is_taken(track_id: str) -> None:
    check_source(TrackSource(path="/a.mp3", id=track_id))


@pytest.mark.parametrize("track_id", [" ", "a b", "a/b", "x" * 129, "é", "a\n"])
def test_a_bad_id_is_refused(track_id: str) -> None:
    with pytest.raises(InvalidRequest, match="id"):
        check_source(TrackSource(path="/a.mp3", id=track_id))


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "x" * 1001}, "title"),
        ({"text": "x" * 20_001}, "text"),
        ({"tags": ("x" * 101,)}, "tags"),
        ({"tags": ("x",) * 101}, "tags"),
    ],
)
def test_words_that_are_too_long_are_refused(words: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_source(TrackSource(path="/a.mp3", **words))
    assert caught.value.details["field"] == field


def test_a_track_without_file_and_title_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="title"):
        check_source(TrackSource(artist="Bach", title=" "))


def test_the_request_goes_before_the_file_and_the_file_before_its_name() -> None:
    own = {"title": "Own", "artist": "Own artist", "genre": "Rock; Folk", "licence": "CC0-1.0"}
    source = TrackSource(path="/x/y.mp3", title="Given", tags=("Calm",))
    words = join_words(source, own, name="y.mp3")
    assert (words.title, words.artist, words.album) == ("Given", "Own artist", "")
    assert (words.tags, words.licence) == (("calm", "rock", "folk"), "CC0-1.0")
    assert join_words(TrackSource(path="/x/y.mp3"), {}, name="My song.mp3").title == "My song"


def test_genres_that_are_too_long_for_a_tag_are_left_out() -> None:
    assert genre_tags(f"Rock/{'x' * 101}|Jazz") == ("rock", "jazz")


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/", "CC-BY-NC-SA-3.0"),
        ("https://creativecommons.org/licenses/by/3.0/us/", "CC-BY-3.0-US"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", ""),
        ("All rights reserved", ""),
        ("http://example.org/licence", ""),
        ("", ""),
    ],
)
def test_only_a_licence_that_is_certain_is_taken(stated: str, licence: str) -> None:
    assert spdx_licence(stated) == licence


def test_the_same_title_and_artist_have_the_same_id() -> None:
    first = hash_words(TrackSource(title="Für Elise", artist="Beethoven"))
    assert first == hash_words(TrackSource(title="FÜR ELISE", artist="beethoven"))
    assert first != hash_words(TrackSource(title="Für Elise", artist="Other"))


def test_a_source_comes_out_of_the_fields_of_a_request() -> None:
    fields = {"media": {"path": "/a.mp3"}, "id": "a", "tags": ["x"], "label": "my a"}
    assert source_from_fields(fields) == TrackSource(
        path="/a.mp3", id="a", tags=("x",), label="my a"
    )
    assert source_from_fields({"title": "t"}) == TrackSource(title="t")
