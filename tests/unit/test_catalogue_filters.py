from typing import Any

import pytest

from services.catalogue.records import TrackFilter, key_number
from services.catalogue.store import Catalogue
from services.errors import InvalidRequest, NotFound
from tests.fakes import fake_description
from tests.unit.catalogue_samples import SPACE, make_vectors, song


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    songs: dict[str, dict[str, Any]] = {
        "slow": {"tempo_bpm": 70.0, "key": "A minor"},
        "fast": {"tempo_bpm": 140.0, "key": "Db major"},
        "loose": {"tempo_bpm": None, "key": None},
    }
    words: dict[str, dict[str, Any]] = {
        "slow": {
            "artist": "ÅSA",
            "tags": ("rain", "piano"),
            "licence": "CC0-1.0",
            "duration_s": 20.0,
        },
        "fast": {"artist": "Bo", "tags": ("rain",), "licence": "CC-BY-4.0", "duration_s": 60.0},
        "loose": {"artist": "", "tags": (), "licence": "", "duration_s": 300.0},
    }
    for name, heard in songs.items():
        new = song(name, description=fake_description(**heard), **words[name])
        catalogue.add_track(new, make_vectors(), space=SPACE)
    catalogue.add_track(song("elsewhere"), make_vectors(), space="other")
    return catalogue


def allowed(catalogue: Catalogue, **conditions: Any) -> list[str]:
    rows = catalogue.rows_allowed(TrackFilter(**conditions), SPACE).tolist()
    names = {
        found.row: track_id
        for track_id, found in catalogue.vectors_of(["slow", "fast", "loose"], SPACE).items()
    }
    return [names[row] for row in rows]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["slow", "fast", "loose"]),
        ({"max_per_artist": 1}, ["slow", "fast", "loose"]),
        ({"min_tempo_bpm": 100.0}, ["fast"]),
        ({"max_tempo_bpm": 100.0}, ["slow"]),
        ({"min_tempo_bpm": 70.0, "max_tempo_bpm": 140.0}, ["slow", "fast"]),
        ({"min_duration_s": 60.0}, ["fast", "loose"]),
        ({"max_duration_s": 59.0}, ["slow"]),
        ({"licences": ("CC0-1.0", "CC-BY-4.0")}, ["slow", "fast"]),
        ({"licences": ("cc0-1.0",)}, []),
        ({"all_tags": ("Rain",)}, ["slow", "fast"]),
        ({"all_tags": ("rain", "piano")}, ["slow"]),
        ({"no_tags": ("piano", "drums")}, ["fast", "loose"]),
        ({"keys": ("a MINOR",)}, ["slow"]),
        ({"keys": ("C# major", "A minor")}, ["slow", "fast"]),
        ({"exclude_ids": ("slow", "unknown")}, ["fast", "loose"]),
        ({"exclude_artists": ("åsa",)}, ["fast", "loose"]),
        ({"all_tags": ("rain",), "min_tempo_bpm": 100.0, "keys": ("A minor",)}, []),
    ],
)
def test_only_tracks_that_meet_all_conditions_are_allowed(
    filled: Catalogue, conditions: dict[str, Any], expected: list[str]
) -> None:
    assert allowed(filled, **conditions) == expected


def test_a_changed_tag_changes_what_is_allowed(filled: Catalogue) -> None:
    from services.catalogue.records import TrackChanges

    filled.update_track("loose", TrackChanges(tags=("piano",)))
    assert allowed(filled, all_tags=("piano",)) == ["slow", "loose"]


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"keys": ("H minor",)}, "filter.keys"),
        ({"min_tempo_bpm": 120.0, "max_tempo_bpm": 90.0}, "filter.min_tempo_bpm"),
        ({"min_duration_s": 9.0, "max_duration_s": 8.0}, "filter.min_duration_s"),
        ({"exclude_ids": ("x",) * 10_001}, "filter.exclude_ids"),
        ({"max_per_artist": -1}, "filter.max_per_artist"),
    ],
)
def test_conditions_that_cannot_be_meant_are_refused(
    filled: Catalogue, conditions: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        allowed(filled, **conditions)
    assert caught.value.details["field"] == field


def test_a_filter_says_whether_it_allows_all() -> None:
    assert TrackFilter(max_per_artist=3).allows_all
    assert not TrackFilter(no_tags=("x",)).allows_all


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("C major", 0),
        ("A minor", 21),
        ("Cb major", 11),
        ("B# minor", 12),
        ("F♯ minor", 18),
        ("e MINOR", 16),
        ("A", None),
        ("", None),
        ("A# lydian", None),
        ("Am", None),
    ],
)
def test_keys_become_numbers(name: str, number: int | None) -> None:
    assert key_number(name) == number


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"min_tempo_bpm": float("nan")}, "min_tempo_bpm is nan"),
        ({"max_duration_s": float("inf")}, "max_duration_s is inf"),
        ({"all_tags": ("a",) * 101}, "all_tags has 101 entries; at most 100"),
        ({"licences": ("MIT",) * 1_001}, "licences has 1001 entries; at most 1,000"),
        ({"exclude_ids": ("a",) * 10_001}, "exclude_ids has 10001 entries; at most 10,000"),
    ],
)
def test_conditions_without_bounds_are_refused(
    catalogue: Catalogue, conditions: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        catalogue.rows_allowed(TrackFilter(**conditions), SPACE)


def test_as_many_conditions_as_are_allowed_fit_into_a_statement(catalogue: Catalogue) -> None:
    tags = tuple(f"tag {number}" for number in range(100))
    conditions = TrackFilter(
        all_tags=tags,
        no_tags=tags,
        licences=("MIT",) * 1_000,
        exclude_artists=("x",) * 1_000,
        exclude_ids=("a",) * 10_000,
    )
    assert catalogue.rows_allowed(conditions, SPACE).tolist() == []


def test_a_text_that_one_database_cannot_hold_is_no_fault_of_the_server(
    catalogue: Catalogue,
) -> None:
    with pytest.raises((InvalidRequest, NotFound)):
        catalogue.get_track("a\0")
    with pytest.raises((InvalidRequest, NotFound)):
        catalogue.remove_track("a\0")
