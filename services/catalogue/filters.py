"""Turns the conditions of a request into one statement."""

import math

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from services.catalogue.records import TrackFilter, clean_tags, key_number
from services.catalogue.tables import TagRow, TrackRow, VectorsRow
from services.errors import InvalidRequest

MAX_EXCLUDED_IDS = 10_000
# Each tag is a condition of its own, and SQLite nests a thousand conditions at most.
MAX_FILTER_TAGS = 100
MAX_LISTED = 1_000


def rows_query(conditions: TrackFilter, space: str) -> Select[int]:
    """Selects the rows of the space whose tracks meet the conditions, in the order of rows.

    A track that does not say what is asked (no tempo found, no licence) does not meet it.
    """
    return (
        select(VectorsRow.row)
        .join(TrackRow, TrackRow.key == VectorsRow.track_key)
        .where(VectorsRow.space == space, *filter_clauses(conditions))
        .order_by(VectorsRow.row)
    )


def check_filter(conditions: TrackFilter) -> None:
    """Refuses conditions that cannot be meant.

    Raises:
        InvalidRequest: A key that is none, a lowest above a highest, too many ids or words.
    """
    for key in conditions.keys:
        if key_number(key) is None:
            message = f"{key!r} is no key; write it like 'A minor' or 'Bb major'"
            raise InvalidRequest(message, details={"field": "filter.keys"})
    _check_range("tempo_bpm", conditions.min_tempo_bpm, conditions.max_tempo_bpm)
    _check_range("duration_s", conditions.min_duration_s, conditions.max_duration_s)
    _check_lengths(conditions)
    if conditions.max_per_artist < 0:
        message = f"max_per_artist is {conditions.max_per_artist}; it must be 0 or more"
        raise InvalidRequest(message, details={"field": "filter.max_per_artist"})


def filter_clauses(conditions: TrackFilter) -> list[ColumnElement[bool]]:
    """The conditions on a row of `track`."""
    return [
        *_range_clauses(TrackRow.tempo_bpm, conditions.min_tempo_bpm, conditions.max_tempo_bpm),
        *_range_clauses(TrackRow.duration_s, conditions.min_duration_s, conditions.max_duration_s),
        *_list_clauses(conditions),
        *_tag_clauses(conditions),
    ]


def _list_clauses(conditions: TrackFilter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if conditions.licences:
        clauses.append(TrackRow.licence.in_(conditions.licences))
    if conditions.keys:
        clauses.append(TrackRow.key_number.in_([key_number(key) for key in conditions.keys]))
    if conditions.exclude_ids:
        clauses.append(TrackRow.id.not_in(conditions.exclude_ids))
    if conditions.exclude_artists:
        folded = [artist.casefold() for artist in conditions.exclude_artists]
        clauses.append(TrackRow.artist_folded.not_in(folded))
    return clauses


def _tag_clauses(conditions: TrackFilter) -> list[ColumnElement[bool]]:
    wanted = [_has_tag(tag) for tag in clean_tags(conditions.all_tags)]
    unwanted = [~_has_tag(tag) for tag in clean_tags(conditions.no_tags)]
    return wanted + unwanted


def _has_tag(tag: str) -> ColumnElement[bool]:
    return select(TagRow.tag).where(TagRow.track_key == TrackRow.key, TagRow.tag == tag).exists()


def _range_clauses(
    column: InstrumentedAttribute[float | None], lowest: float | None, highest: float | None
) -> list[ColumnElement[bool]]:
    clauses = []
    if lowest is not None:
        clauses.append(column >= lowest)
    if highest is not None:
        clauses.append(column <= highest)
    return clauses


def _check_lengths(conditions: TrackFilter) -> None:
    most = {
        "exclude_ids": MAX_EXCLUDED_IDS,
        "licences": MAX_LISTED,
        "keys": MAX_LISTED,
        "exclude_artists": MAX_LISTED,
        "all_tags": MAX_FILTER_TAGS,
        "no_tags": MAX_FILTER_TAGS,
    }
    for name, highest in most.items():
        length = len(getattr(conditions, name))
        if length > highest:
            message = f"{name} has {length} entries; at most {highest:,} are allowed"
            raise InvalidRequest(message, details={"field": f"filter.{name}"})


def _check_range(name: str, lowest: float | None, highest: float | None) -> None:
    for bound, value in (("min", lowest), ("max", highest)):
        if value is not None and not math.isfinite(value):
            message = f"{bound}_{name} is {value}; it must be a number"
            raise InvalidRequest(message, details={"field": f"filter.{bound}_{name}"})
    if lowest is not None and highest is not None and lowest > highest:
        raise InvalidRequest(
            f"min_{name} {lowest:g} is above max_{name} {highest:g}",
            details={"field": f"filter.min_{name}"},
        )
