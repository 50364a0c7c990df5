"""Values as texts for people and as plain data for programs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.output import about, hits_table, minutes, plain, understood_line
from temptrack import types


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (61.9, "1:02"), (600, "10:00"), (3725, "1:02:05")]
)
def test_a_place_in_a_track_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (0.2, "1 s"), (42, "42 s"), (200, "3 min"), (9000, "2.5 h")]
)
def test_a_length_of_time_is_rounded_as_people_do(seconds: float, text: str) -> None:
    assert about(seconds) == text


def test_plain_data_leaves_out_bytes_and_keeps_the_rest() -> None:
    piece = types.ComposedPiece(
        midi=b"MThd",
        wav=b"",
        seed=7,
        model="m",
        attributes=(),
        num_candidates=8,
        generated=True,
    )
    value = {"piece": piece, "at": datetime(2026, 1, 2, tzinfo=UTC), "file": Path("a"), "n": None}
    assert json.loads(json.dumps(plain(value))) == {
        "piece": {
            "seed": 7,
            "model": "m",
            "attributes": [],
            "num_candidates": 8,
            "generated": True,
        },
        "at": "2026-01-02T00:00:00+00:00",
        "file": "a",
        "n": None,
    }


def test_what_was_understood_is_one_line() -> None:
    understood = types.Understanding(
        text="sad piano no drums qwx",
        asked=(
            types.Asked(name="mood", value="sad", words="sad", negated=False, confidence=1.0),
            types.Asked(
                name="instrument", value="drums", words="no drums", negated=True, confidence=1.0
            ),
        ),
        not_understood=("qwx",),
    )
    assert (
        understood_line(understood)
        == "understood: sad (mood), no drums (instrument); not understood: qwx"
    )
    assert understood_line(None) == ""
    assert understood_line(types.Understanding(text="!!!", language_supported=True)) == (
        "understood: nothing"
    )


def test_a_title_in_brackets_is_not_taken_for_markup() -> None:
    hit = types.Hit(
        track=types.Track(id="a", title="[red]Rain[/red]"),
        relevance=0.5,
        start_s=75,
        reasons=(types.Reason(kind="mood", text="calm"),),
    )
    console = Console(width=100)
    with console.capture() as captured:
        console.print(hits_table([hit]))
    text = captured.get()
    assert "[red]Rain[/red]" in text
    assert "1:15" in text
    assert "0.50" in text
    assert "calm" in text
