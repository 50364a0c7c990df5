"""Which instruments sound by construction: labels, windows, new orchestrations."""

import numpy as np
import pytest

from encoders.training.orchestrate import (
    DRUM_CHANNEL,
    EXCERPT_S,
    GROUPS,
    as_written,
    drum_windows,
    orchestrate,
    window,
)
from encoders.training.programs import DRUMS, FAMILIES, HEADS, INSTRUMENTS, sounding

NAMES = list(HEADS)


def notes(*rows: tuple[float, float, int, int], track: int = 0) -> np.ndarray:
    """(N, 6) notes of (onset_s, duration_s, pitch, program)."""
    return np.array([[o, d, p, 90, program, track] for o, d, p, program in rows], dtype=float)


def label(rows: np.ndarray, name: str, duration_s: float = 9.0) -> float:
    return float(sounding(rows[:, :5], duration_s)[NAMES.index(name)])


def test_a_violin_that_plays_on_is_a_violin_and_strings_and_nothing_else() -> None:
    rows = notes((0.0, 4.0, 70, 40))
    there = {n for n, value in zip(NAMES, sounding(rows[:, :5], 9.0), strict=True) if value == 1}
    assert there == {"strings", "violin"}


def test_an_instrument_that_hardly_sounds_is_unsure() -> None:
    assert np.isnan(label(notes((0.0, 0.5, 60, 0)), "piano"))
    assert label(notes((0.0, 0.5, 60, 0)), "organ") == 0


def test_short_struck_notes_ring_on() -> None:
    rows = notes(*((i * 1.0, 0.05, 72, 11) for i in range(6)))
    assert label(rows, "mallets") == 1


def test_overlapping_notes_do_not_count_twice() -> None:
    rows = notes(*((0.0, 1.0, 60 + i, 48) for i in range(8)))
    assert np.isnan(label(rows, "strings"))


def test_drums_need_several_strokes() -> None:
    strokes = notes(*((i * 0.5, 0.1, 36, DRUMS) for i in range(18)))
    assert label(strokes, "drums") == 1
    assert np.isnan(label(strokes[:2], "drums"))


def test_programs_that_one_may_call_either_way_are_unsure() -> None:
    assert np.isnan(label(notes((0.0, 9.0, 60, 62)), "synth"))  # synthetic brass
    assert label(notes((0.0, 9.0, 60, 62)), "brass") == 1
    assert np.isnan(label(notes((0.0, 9.0, 60, 46)), "strings"))  # harp


def test_no_program_is_surely_of_two_families() -> None:
    for program in range(DRUMS, 128):
        assert sum(program in f.surely for f in FAMILIES.values()) <= 1
        assert sum(program in f.surely for f in INSTRUMENTS.values()) <= 1


def test_a_window_cuts_notes_and_counts_from_its_start() -> None:
    cut = window(notes((0.0, 5.0, 60, 0), (8.0, 4.0, 62, 0)), 4.0, 6.0)
    assert cut[:, 0].tolist() == [0.0, 4.0]
    assert cut[:, 1].tolist() == [1.0, 2.0]


def test_strokes_before_a_window_are_not_in_it() -> None:
    assert len(window(notes((0.0, 5.0, 36, DRUMS)), 1.0, 5.0)) == 0


def test_a_score_as_written_keeps_its_programs_and_drums_their_channel() -> None:
    rows = np.concatenate(
        [notes((0.0, 9.0, 60, i), track=i) for i in range(20)]
        + [notes((0.0, 0.1, 36, DRUMS), track=30)]
    )
    excerpt = as_written(rows, 0.0)
    assert set(excerpt.notes[:, 4]) == set(range(20)) | {DRUMS}
    assert set(excerpt.notes[excerpt.notes[:, 4] == DRUMS, 5]) == {DRUM_CHANNEL}
    assert excerpt.notes[:, 5].max() <= 15


def scale() -> np.ndarray:
    return notes(*((i * 0.4, 0.4, 55 + (i * 5) % 24, 0) for i in range(100)))


def test_a_new_orchestration_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    one, again, other = (
        orchestrate(scale(), [], np.random.default_rng(seed)).notes for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_every_family_and_silence_of_drums_come_up_whatever_the_score() -> None:
    programs = {p for groups in GROUPS.values() for group, _, _ in groups for p in group}
    seen: list[np.ndarray] = []
    for seed in range(150):
        excerpt = orchestrate(scale(), [], np.random.default_rng(seed))
        assert set(excerpt.notes[:, 4]) <= programs | {DRUMS}
        assert (excerpt.notes[excerpt.notes[:, 4] == DRUMS, 5] == DRUM_CHANNEL).all()
        assert (excerpt.notes[excerpt.notes[:, 4] != DRUMS, 5] != DRUM_CHANNEL).all()
        seen.append(sounding(excerpt.notes[:, :5], EXCERPT_S)[: len(FAMILIES)])
    shares = np.nanmean(np.stack(seen) == 1, axis=0)
    assert (shares > 0.1).all()
    assert (shares < 0.65).all()
    assert shares[list(FAMILIES).index("drums")] == pytest.approx(0.5, abs=0.12)


def test_notes_lie_where_their_instrument_can_play() -> None:
    lowest = {p: low for groups in GROUPS.values() for group, low, _ in groups for p in group}
    for seed in range(30):
        for row in orchestrate(scale(), [], np.random.default_rng(seed)).notes:
            if row[4] != DRUMS:
                assert lowest[int(row[4])] <= row[2] <= 120


def test_busy_drum_windows_are_borrowed_and_quiet_ones_not() -> None:
    busy = notes(*((i * 0.25, 0.1, 36, DRUMS) for i in range(200)))
    assert len(drum_windows(busy)) == 4
    assert drum_windows(busy[::40]) == []
    assert drum_windows(scale()) == []
