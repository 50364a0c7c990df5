"""Vectors of two spaces never meet: not in the catalogue, an index, a query or a calibration."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import Embedder, SoundEmbedding, TextEmbedding, check_spaces, load_embedder
from encoders.errors import BrokenWeights, MixedSpaces
from encoders.space import Space, name_space
from encoders.trunks.checkpoint import WEIGHTS
from encoders.understanding import understand_text
from index.calibration import Calibration
from services.errors import WrongSpace
from services.retrieval.calibrate import fit_calibration, load_calibration, read_calibration
from services.retrieval.reindex import ReindexTools
from services.retrieval.searcher import CALIBRATION_FILE, STARTS_FILE, Searcher
from services.status import describe_error
from tests.fakes import FakeEmbedder, fake_description, word_vector
from tests.fixtures.retrieval import (
    PlainCalibration,
    Shelf,
    empty_database,  # noqa: F401 - used by the fixture
    shelf,  # noqa: F401 - a fixture
    vectors_of_words,
)
from tests.fixtures.weights import write_random_weights
from tests.unit.test_searcher import found, publish
from tests.unit.test_searcher_calibration import make_calibration

OURS = Space(name="small", hash="0" * 16)
OTHERS = Space(name="small", hash="1" * 16)


def test_a_space_is_named_by_every_weight_and_every_constant(tmp_path: Path) -> None:
    parts: dict[str, str | int | float] = {"heads/text": "ab12", "sample_rate": 16_000}
    names = {
        str(name_space("small", parts)),
        str(name_space("small", {**parts, "heads/text": "ab13"})),
        str(name_space("small", {**parts, "sample_rate": 22_050})),
        str(name_space("large", parts)),
        str(load_embedder().space),
        str(load_embedder("small", write_random_weights(tmp_path)).space),
    }
    assert len(names) == 6


def text_of(space: Space) -> TextEmbedding:
    return TextEmbedding(
        vector=word_vector("calm"), understanding=understand_text("calm"), space=space
    )


def sound_of(space: Space) -> SoundEmbedding:
    return SoundEmbedding(
        segments=word_vector("calm")[None],
        starts_s=np.zeros(1, dtype=np.float32),
        track=word_vector("calm"),
        description=fake_description(),
        space=space,
    )


def test_a_query_of_two_spaces_is_refused() -> None:
    embedder = Embedder(OURS, WEIGHTS)
    embedder.fuse(text=text_of(OURS), sound=sound_of(OURS))
    with pytest.raises(MixedSpaces, match=str(OTHERS)):
        embedder.fuse(text=text_of(OTHERS), sound=sound_of(OURS))
    with pytest.raises(MixedSpaces, match=str(OTHERS)):
        embedder.fuse(text=text_of(OURS), sound=sound_of(OTHERS))


def test_a_plain_vector_of_another_width_is_refused() -> None:
    with pytest.raises(MixedSpaces, match="512"):
        check_spaces(OURS, (None, np.ones(512, dtype=np.float32)))


def test_embeddings_say_their_space() -> None:
    embedder = load_embedder()
    assert embedder.embed_text("calm").space == embedder.space


def test_vectors_of_another_width_are_not_stored_under_the_name(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    wide = dataclasses.replace(
        vectors_of_words("calm", ["calm"]),
        track=np.ones(512, dtype=np.float32),
        segments=np.ones((1, 512), dtype=np.float32),
    )
    with pytest.raises(WrongSpace, match="512"):
        shelf.catalogue.put_vectors("a", wide, space=shelf.space)
    shelf.catalogue.put_vectors("a", wide, space="large-2")  # a space of its own is welcome
    assert found(shelf, "calm") == ["a"]


def test_vectors_of_another_space_are_kept_apart(shelf: Shelf) -> None:  # noqa: F811
    record = shelf.add("a", "calm")
    shelf.catalogue.put_vectors("a", vectors_of_words("metal", ["metal"]), space="small-1")
    ours = shelf.catalogue.vectors_of([record.id], shelf.space)["a"]
    assert float(ours.track @ word_vector("calm")) == pytest.approx(1.0, abs=1e-3)
    assert shelf.catalogue.missing_vectors("small-2") == ["a"]


def test_an_embedder_of_another_space_is_no_tool(shelf: Shelf) -> None:  # noqa: F811
    with pytest.raises(WrongSpace, match="other-0"):
        dataclasses.replace(shelf.tools, embedder=FakeEmbedder("other"))


def test_a_generation_of_another_space_is_not_built(shelf: Shelf) -> None:  # noqa: F811
    with pytest.raises(WrongSpace, match=str(OTHERS)):
        ReindexTools(
            catalogue=shelf.catalogue,
            generations=shelf.generations,
            searcher=shelf.searcher,
            hears=None,  # type: ignore[arg-type]  # never asked
            fit_calibration=shelf.fit,
            space=OTHERS,
        )


def test_a_generation_that_others_published_is_not_searched(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    publish(shelf)
    live = shelf.generations.live()
    assert live is not None
    shelf.generations.publish(live.index, space=str(OTHERS), newest_row=99)
    assert found(shelf, "calm") == ["a"]
    assert shelf.searcher.snapshot().generation == ""
    publish(shelf)  # a reindex of ours puts one of ours in its place
    assert shelf.searcher.snapshot().generation != ""


def test_the_calibration_of_another_space_is_an_error(shelf: Shelf) -> None:  # noqa: F811
    shelf.add("a", "calm")
    publish(shelf)
    live = shelf.generations.live()
    assert live is not None
    foreign = dataclasses.replace(make_calibration(), space=str(OTHERS))
    shelf.generations.publish(
        live.index,
        space=shelf.space,
        newest_row=live.manifest.newest_row,
        extra_files={
            STARTS_FILE: live.extra_files[STARTS_FILE],
            CALIBRATION_FILE: foreign.to_bytes(),
        },
    )
    searcher = Searcher(
        shelf.catalogue,
        shelf.generations,
        space=shelf.embedder.space,
        default_calibration=PlainCalibration(),
        read_calibration=lambda stored: read_calibration(stored, space=shelf.space),
    )
    with pytest.raises(WrongSpace, match=str(OTHERS)):
        searcher.snapshot()


def test_the_shipped_calibration_is_of_the_shipped_space() -> None:
    ours = str(load_embedder().space)
    assert load_calibration(space=ours).space == ours
    assert read_calibration(fit_calibration([], space=ours), space=ours).space == ours
    with pytest.raises(BrokenWeights, match="fit_calibration"):
        load_calibration(space=str(OTHERS))


def test_a_calibration_of_the_first_format_is_read_still(tmp_path: Path) -> None:
    stored = {
        field.name: np.asarray(getattr(make_calibration(), field.name))
        for field in dataclasses.fields(Calibration)
        if field.name != "space"
    }
    with (tmp_path / "old.npz").open("wb") as file:
        np.savez(file, format=np.array(1), **stored)  # type: ignore[arg-type]
    old = read_calibration((tmp_path / "old.npz").read_bytes(), space=str(OURS))
    assert (old.space, old.floor) == ("", make_calibration().floor)
    with pytest.raises(BrokenWeights, match="unknown space"):
        load_calibration(tmp_path / "old.npz", space=str(OURS))


def test_mixed_spaces_have_their_status() -> None:
    failure = describe_error(MixedSpaces("two"), doing="a test")
    assert (failure.reason, failure.code.name) == ("MIXED_SPACES", "FAILED_PRECONDITION")
