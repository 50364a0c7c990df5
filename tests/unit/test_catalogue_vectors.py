from dataclasses import replace

import numpy as np
import pytest

from services.catalogue import vectors
from services.catalogue.records import index_id, split_id, split_ids
from services.catalogue.store import Catalogue
from services.errors import InvalidRequest
from tests.unit.catalogue_samples import SPACE, make_vectors, song


def test_vectors_come_back_in_half_precision(catalogue: Catalogue) -> None:
    written = make_vectors(num_segments=4)
    record = catalogue.add_track(song("a"), written, space=SPACE)
    found = catalogue.vectors_of(["a", "nowhere"], SPACE)
    assert list(found) == ["a"]
    stored = found["a"]
    assert stored.track_key == record.key
    assert stored.track.dtype == np.float32
    np.testing.assert_allclose(stored.track, written.track, atol=5e-4)
    np.testing.assert_allclose(stored.segments, written.segments, atol=5e-4)
    np.testing.assert_array_equal(stored.starts_s, written.starts_s)
    assert stored.matrix.shape == (5, 256)


def test_spaces_do_not_mix(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a"), make_vectors(), space=SPACE)
    catalogue.add_track(song("b"), make_vectors(), space="other")
    assert list(catalogue.vectors_of(["a", "b"], SPACE)) == ["a"]
    assert len(catalogue.alive_rows("other")) == 1


def test_writing_again_takes_a_higher_row_and_none_is_used_twice(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a"), make_vectors(), space=SPACE)
    first = catalogue.vectors_of(["a"], SPACE)["a"].row
    catalogue.put_vectors("a", make_vectors(seed=1), space=SPACE)
    second = catalogue.vectors_of(["a"], SPACE)["a"].row
    catalogue.remove_track("a")
    catalogue.add_track(song("b"), make_vectors(), space=SPACE)
    third = catalogue.vectors_of(["b"], SPACE)["b"].row
    assert first < second < third


def test_fresh_rows_come_in_order_over_several_batches(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "ROWS_PER_BATCH", 2)
    for name in "abcde":
        catalogue.add_track(song(name), make_vectors(), space=SPACE)
    rows = [found.row for found in catalogue.rows_after(SPACE)]
    assert rows == sorted(rows)
    assert len(rows) == 5
    assert [found.row for found in catalogue.rows_after(SPACE, rows[2])] == rows[3:]
    assert list(catalogue.rows_after(SPACE, rows[-1])) == []


def test_alive_rows_follow_removals(catalogue: Catalogue) -> None:
    kept = catalogue.add_track(song("a"), make_vectors(), space=SPACE)
    catalogue.add_track(song("b"), make_vectors(), space=SPACE)
    catalogue.remove_track("b")
    row = catalogue.vectors_of(["a"], SPACE)["a"].row
    alive = catalogue.alive_rows(SPACE)
    assert alive.dtype == np.int64
    assert alive.tolist() == [[row, kept.key]]
    assert catalogue.alive_rows("none").shape == (0, 2)


def test_tracks_with_sound_but_without_vectors_are_missing(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a"), make_vectors(), space=SPACE)
    catalogue.add_track(song("b"), make_vectors(), space="other")
    catalogue.add_track(song("c", has_sound=False))
    assert catalogue.missing_vectors(SPACE) == ["b"]


def test_new_vectors_bring_what_was_heard(catalogue: Catalogue) -> None:
    from tests.fakes import fake_description

    catalogue.add_track(song("a"))
    heard = fake_description(tempo_bpm=99.0, key="D major")
    record = catalogue.put_vectors("a", make_vectors(), space=SPACE, description=heard)
    assert record.description == heard


@pytest.mark.parametrize("damage", ["shape", "starts", "nan", "none", "too many"])
def test_vectors_that_do_not_belong_together_are_refused(
    catalogue: Catalogue, damage: str
) -> None:
    good = make_vectors(num_segments=2)
    bad = {
        "shape": replace(good, track=good.track[:100]),
        "starts": replace(good, starts_s=good.starts_s[:1]),
        "nan": replace(good, segments=good.segments * np.float32("nan")),
        "none": replace(good, segments=good.segments[:0], starts_s=good.starts_s[:0]),
        "too many": make_vectors(num_segments=4096),
    }[damage]
    with pytest.raises(InvalidRequest):
        catalogue.add_track(song("a"), bad, space=SPACE)
    assert catalogue.list_tracks().total == 0


def test_index_ids_hold_row_and_part() -> None:
    assert index_id(3, 5) == 3 * 4096 + 5
    assert split_id(index_id(2**40, 4095)) == (2**40, 4095)
    rows, parts = split_ids(np.array([index_id(7, 0), index_id(8, 2)]))
    assert (rows.tolist(), parts.tolist()) == ([7, 8], [0, 2])
    with pytest.raises(ValueError, match="4096"):
        index_id(1, 4096)


def test_stored_vectors_know_their_index_ids(catalogue: Catalogue) -> None:
    catalogue.add_track(song("a"), make_vectors(num_segments=2), space=SPACE)
    stored = catalogue.vectors_of(["a"], SPACE)["a"]
    assert stored.index_ids.tolist() == [index_id(stored.row, part) for part in range(3)]
