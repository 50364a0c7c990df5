"""A generation of every format that was ever written still opens and answers as it did."""

import numpy as np
import pytest

from index.engine import ENGINES
from index.generation import GenerationStore
from tests.conftest import REPOSITORY
from tests.unit.generation_rows import live

FIXTURES = REPOSITORY / "tests" / "fixtures"
# What the rows of ids 14 and 35 found when the fixture was written.
IDS = [[14, 20, 53, 56], [35, 44, 26, 50]]
RELEVANCES = [[1.0, 0.776, 0.572, 0.325], [1.0, 0.849, 0.722, 0.572]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_generation_of_format_1_still_answers(engine: str) -> None:
    root = FIXTURES / "generation-v1" / engine
    before = sorted(root.rglob("*"))
    generation = live(GenerationStore(root))
    manifest = generation.manifest
    assert (manifest.format_version, manifest.engine) == (1, engine)
    assert (manifest.space, manifest.newest_row) == ("small-0123456789abcdef", 74)
    assert generation.extra_files == {"calibration.json": b'{"floor": 0.25}\n'}
    assert generation.index.ids.tolist() == list(range(5, 77, 3))
    queries = generation.index.rows(np.array([14, 35], dtype=np.int64))
    found = generation.index.search(queries, 4)
    assert found.ids.tolist() == IDS
    np.testing.assert_allclose(found.relevances, RELEVANCES, atol=2e-3)
    assert sorted(root.rglob("*")) == before  # a reader writes nothing
