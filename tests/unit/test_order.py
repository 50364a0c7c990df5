"""Order: a playlist flows by tempo, key and energy."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.attributes import Description
from services.catalogue.records import TrackRecord
from services.recommendation.hits import Candidate
from services.recommendation.order import (
    camelot,
    flow_cost,
    key_distance,
    order_by_flow,
    tempo_distance,
)
from tests.fakes import fake_description

TONICS = ("C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F")
KEYS = [f"{tonic} {mode}" for tonic in TONICS for mode in ("major", "minor")]
descriptions = st.builds(
    lambda tempo, key, energy: fake_description(
        tempo_bpm=tempo, key=key, moods={"energy": energy}
    ),
    st.one_of(st.none(), st.floats(40, 220)),
    st.one_of(st.none(), st.sampled_from(KEYS)),
    st.floats(-1, 1),
)


def track(number: int, heard: Description | None) -> Candidate:
    record = TrackRecord(
        key=number, id=f"t{number}", title="", artist="", album="", tags=(), text="", licence="",
        duration_s=30.0, description=heard, source_path=None, content_hash=None, generated=False,
        has_sound=True, num_segments=1, added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return Candidate(track=record, relevance=0.5)


def total_cost(start: Description | None, path: list[Candidate]) -> float:
    heard = [start, *(c.track.description for c in path)] if start else [
        c.track.description for c in path
    ]  # fmt: skip
    return sum(flow_cost(a, b) for a, b in pairwise(heard))


@pytest.mark.parametrize(
    ("key", "place"),
    [("C major", (8, "B")), ("A minor", (8, "A")), ("G major", (9, "B")),
     ("F major", (7, "B")),
     ("Db major", (3, "B")),
     ("C# major", (3, "B")), ("Ab minor", (1, "A")), ("E minor", (9, "A"))],
)  # fmt: skip
def test_keys_have_their_places_on_the_camelot_wheel(key: str, place: tuple[int, str]) -> None:
    assert camelot(key) == place


def test_relative_keys_are_nearer_than_keys_across_the_circle() -> None:
    assert key_distance("C major", "A minor") == pytest.approx(1 / 7)
    assert key_distance("C major", "F# major") == pytest.approx(6 / 7)


def test_double_time_is_no_distance() -> None:
    assert tempo_distance(70, 140) == pytest.approx(0)
    assert tempo_distance(70, 99) == pytest.approx(1, abs=0.01)


@settings(deadline=None)
@given(st.lists(descriptions, max_size=12), descriptions)
def test_every_track_stays_and_none_comes_twice(
    heard: list[Description], last: Description
) -> None:
    tracks = [track(number, one) for number, one in enumerate(heard)]
    ordered = order_by_flow(tracks, last)
    assert sorted(c.track.id for c in ordered) == sorted(c.track.id for c in tracks)


@settings(deadline=None)
@given(st.lists(descriptions, min_size=2, max_size=12), descriptions)
def test_the_order_flows_at_least_as_well_as_going_to_the_nearest_each_time(
    heard: list[Description], last: Description
) -> None:
    ordered = order_by_flow([track(number, one) for number, one in enumerate(heard)], last)
    left, at, greedy = list(heard), last, 0.0
    while left:
        nearest = min(left, key=lambda one: flow_cost(at, one))
        greedy += flow_cost(at, nearest)
        left.remove(nearest)
        at = nearest
    assert total_cost(last, ordered) <= greedy + 1e-6


@settings(deadline=None)
@given(st.lists(descriptions, max_size=10), descriptions)
def test_the_same_tracks_give_the_same_order(heard: list[Description], last: Description) -> None:
    tracks = [track(number, one) for number, one in enumerate(heard)]
    assert order_by_flow(tracks, last) == order_by_flow(tracks, last)


def test_without_a_last_track_the_first_stays_first() -> None:
    tempos = (100.0, 141.0, 104.0)
    tracks = [track(number, fake_description(tempo_bpm=t)) for number, t in enumerate(tempos)]
    assert [c.track.id for c in order_by_flow(tracks, None)] == ["t0", "t2", "t1"]


def test_it_goes_on_from_the_last_track_of_the_seed() -> None:
    tempos = (134.0, 96.0, 112.0)
    tracks = [track(number, fake_description(tempo_bpm=t)) for number, t in enumerate(tempos)]
    ordered = order_by_flow(tracks, fake_description(tempo_bpm=94.0))
    assert [c.track.id for c in ordered] == ["t1", "t2", "t0"]


def test_tracks_that_nobody_heard_can_be_ordered_too() -> None:
    ordered = order_by_flow([track(0, None), track(1, fake_description())], fake_description())
    assert {c.track.id for c in ordered} == {"t0", "t1"}


def test_a_long_list_is_ordered_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.recommendation.order.PART", 2)
    heard = [fake_description(tempo_bpm=tempo) for tempo in (120.0, 100.0, 90.0, 110.0)]
    tracks = [track(number, one) for number, one in enumerate(heard)]
    ordered = order_by_flow(tracks, fake_description(tempo_bpm=98.0))
    assert [c.track.id for c in ordered] == ["t1", "t0", "t3", "t2"]
