from pathlib import Path

import pytest

from symbolic.brief import SERVED_METRES, Brief
from symbolic.check import measure_midi
from symbolic.checkpoint import SHIPPED, read_manifest
from symbolic.compose import Composer, load_composer
from symbolic.quality import rate_sketch
from symbolic.report import count_missed
from tests.unit.symbolic_makers import make_sketch, make_statistics


@pytest.fixture(scope="module")
def composer() -> Composer:
    return load_composer()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_piece(
    composer: Composer,
) -> None:
    brief = Brief(key="C minor", bars=4)
    first, again, other = (
        composer.compose(brief, seed=seed, num_candidates=2) for seed in (5, 5, 6)
    )
    assert first == again
    assert first.midi != other.midi


@pytest.mark.parametrize("metre", SERVED_METRES)
def test_every_served_metre_is_composed_as_asked(composer: Composer, metre: str) -> None:
    brief = Brief(metre=metre, bars=6, tempo_qpm=111, key="E major")
    composition = composer.compose(brief, seed=1, num_candidates=4)
    met = {report.name: report.met for report in composition.attributes}
    assert met["metre"]
    assert met["bars"]
    assert met["tempo_qpm"]
    measured = measure_midi(composition.midi)
    assert measured.problems == ()
    assert measured.ends_on_tonic or measured.key != "E major"
    assert len(composition.chords) == 6 * (2 if metre == "12/8" else 1)


def test_a_full_brief_is_met_attribute_by_attribute(composer: Composer) -> None:
    brief = Brief(tempo_qpm=90, key="G minor", metre="4/4", bars=8, without=("brass",),
                  instruments=("Violin", "piano", "bass", "drums"), style="pop")  # fmt: skip
    composition = composer.compose(brief, seed=3)
    assert {r.name: r.met for r in composition.attributes} == {
        "tempo_qpm": True, "key": True, "metre": True, "bars": True, "length_s": None,
        "instruments": True, "without": True, "valence": None, "energy": None, "style": None,
    }  # fmt: skip


def test_a_piece_of_a_hundred_bars_is_written(composer: Composer) -> None:
    composition = composer.compose(Brief(bars=100, metre="2/4"), seed=0, num_candidates=1)
    assert measure_midi(composition.midi).bars == 100


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_the_shortest_pieces_have_their_bars_and_come_home(composer: Composer, bars: int) -> None:
    composition = composer.compose(Brief(bars=bars, key="F major"), seed=0, num_candidates=4)
    measured = measure_midi(composition.midi)
    assert measured.bars == bars
    assert measured.problems == ()


def test_choosing_among_four_never_meets_less_than_the_first_alone(composer: Composer) -> None:
    for seed, key in enumerate(("A minor", "Eb major", "B minor")):
        brief = Brief(key=key, bars=4, energy=0.4)
        alone, chosen = (composer.compose(brief, seed=seed, num_candidates=n) for n in (1, 4))
        assert count_missed(chosen.attributes) <= count_missed(alone.attributes)


@pytest.mark.parametrize(("seed", "count"), [(-1, 8), (0, 0), (0, 33)])
def test_seeds_and_candidates_out_of_range_are_refused(
    composer: Composer, seed: int, count: int
) -> None:
    with pytest.raises(ValueError, match="must be"):
        composer.compose(Brief(), seed=seed, num_candidates=count)


def test_a_piece_like_the_statistics_rates_above_a_strange_one() -> None:
    sketch = make_sketch(8)
    statistics = make_statistics(sketch)
    strange = {name: (mean + 9, deviation) for name, (mean, deviation) in statistics.items()}
    assert rate_sketch(sketch, statistics) == 1.0  # nothing strange, and a cadence
    assert rate_sketch(sketch, strange) < -50


def test_the_card_says_what_the_manifest_says() -> None:
    manifest = read_manifest(SHIPPED)
    card = (Path(SHIPPED) / "CARD.md").read_text(encoding="utf-8")
    assert manifest["sha256"] in card
    assert f"{manifest['parameters']:,} parameters" in card
    assert f"seed {manifest['config']['seed']}" in card
    assert f"{manifest['config']['num_steps']:,} steps" in card
    assert f"{manifest['minutes']:g} minutes" in card
    assert f"{manifest['validation_nats_per_token']:.3f} nats" in card
    assert "python -m symbolic.training.train small" in card
    for name, source in manifest["sources"].items():
        assert f"| {name} | {source['scores']:,} | {source['bars']:,} |" in card
        assert all(f"`{licence}`" in card for licence in source["licences"])
    assert "GPL-3.0-only" in card


def test_no_training_source_forbids_shipping() -> None:
    licences = {
        licence for source in read_manifest(SHIPPED)["sources"].values()
        for licence in source["licences"]
    }  # fmt: skip
    assert not any("NC" in licence or "NonCommercial" in licence for licence in licences)
