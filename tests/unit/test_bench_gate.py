"""No change makes the shipped towers worse than the floors that were recorded."""

from pathlib import Path

import pytest

from benchmarks.gate import lowered_floors, make_gate, read_gate
from encoders.bench.gate import measure_gate
from encoders.bench.setting import Setting
from encoders.embed import load_embedder


def test_every_floor_lies_above_what_random_features_reach() -> None:
    gate = read_gate()
    assert len(gate) == 4
    assert all(g["random"] < g["floor"] < g["measured"] for g in gate.values())


@pytest.mark.timeout(600)
def test_the_shipped_towers_reach_every_floor(data_dir: Path) -> None:
    figures = measure_gate(Setting(embedder=load_embedder(), data_dir=data_dir))
    gate = read_gate()
    assert set(figures) == set(gate)
    below = {n: v for n, v in figures.items() if v < gate[n]["floor"]}
    assert not below, f"floors: { {n: gate[n]['floor'] for n in below} }"


def test_a_floor_that_would_fall_is_named() -> None:
    names = list(read_gate())
    high = make_gate(dict.fromkeys(names, 0.9), dict.fromkeys(names, 0.0))
    low = make_gate(dict.fromkeys(names, 0.8), dict.fromkeys(names, 0.0))
    assert lowered_floors(low, high) == names
    assert lowered_floors(high, low) == []
