"""Every weight file that ships has a card: where it comes from and how far to trust it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from encoders.cards import complete_card, faults
from encoders.training.batches import CAPTIONS_LICENCE
from encoders.training.manifests import read_tracks
from encoders.trunks.checkpoint import CARD, WEIGHTS, read_card, verify_folder, write_folder
from symbolic.checkpoint import SHIPPED as COMPOSER
from symbolic.checkpoint import read_manifest

CARDS = sorted(card.parent for card in WEIGHTS.rglob(CARD))
NO_WEIGHTS = {CARD, "README.md", "SOURCES.tsv", "health.npz"}
# Licences that forbid trade, or copies that were changed, or that are not known.
FORBIDDEN = re.compile(r"\bNC\b|\bND\b|NonCommercial|PolyForm|unknown", re.IGNORECASE)


def name_of(folder: Path) -> str:
    return str(folder.relative_to(WEIGHTS))


def licences_of(card: dict[str, object]) -> list[str]:
    trained_on = card["trained_on"]
    named = trained_on.get("licences", []) if isinstance(trained_on, dict) else []
    return [str(card["licence"]), *map(str, named)]


@pytest.mark.parametrize("folder", CARDS, ids=name_of)
def test_a_card_lacks_nothing(folder: Path) -> None:
    assert faults(read_card(folder)) == ()


@pytest.mark.parametrize("folder", CARDS, ids=name_of)
def test_the_files_are_those_of_the_card(folder: Path) -> None:
    verify_folder(folder)


@pytest.mark.parametrize("folder", CARDS, ids=name_of)
def test_licences_have_their_names_and_allow_trade(folder: Path) -> None:
    for licence in licences_of(read_card(folder)):
        canonicalize_license_expression(licence)
        assert not FORBIDDEN.search(licence), licence


def test_every_file_below_the_weights_stands_on_a_card() -> None:
    carded = {folder / name for folder in CARDS for name in read_card(folder)["files"]}  # type: ignore[attr-defined]
    found = {path for path in WEIGHTS.rglob("*") if path.is_file() and path.name not in NO_WEIGHTS}
    assert found == carded


def parts_of(licences: Iterable[str]) -> set[str]:
    """The plain licences that expressions are made of."""
    return {part for licence in licences for part in re.split(r" (?:AND|OR|WITH) ", licence)}


def test_what_trained_our_own_weights_is_in_the_manifests_as_free(data_dir: Path) -> None:
    tracks = [t for name in ("audio", "symbolic") for t in read_tracks(data_dir, name)]
    scenes = (data_dir / "scenes.jsonl").read_text(encoding="utf-8").splitlines()
    free = {t.licence for t in tracks if t.may_train} | {CAPTIONS_LICENCE, "Apache-2.0", "MIT"}
    free |= {str(json.loads(line)["licence"]) for line in scenes}
    never = parts_of(t.licence for t in read_tracks(data_dir, "emotify"))
    for folder in CARDS:
        trained_on = read_card(folder)["trained_on"]
        if isinstance(trained_on, dict):
            named = parts_of(trained_on.get("licences", ()))
            assert named <= parts_of(free), folder
            assert not named & never, folder


def test_the_composer_learned_from_what_may_train_it(data_dir: Path) -> None:
    tracks = [t for t in read_tracks(data_dir, "symbolic") if t.may_train and t.split == "train"]
    for collection, source in read_manifest(COMPOSER)["sources"].items():
        rows = [t for t in tracks if t.labels["collection"] == collection]
        assert 0 < source["scores"] <= len(rows), collection
        assert set(source["licences"]) <= {t.licence for t in rows}, collection
        for licence in source["licences"]:
            canonicalize_license_expression(licence)
            assert not FORBIDDEN.search(licence)


def test_the_composers_card_says_what_the_others_say() -> None:
    manifest = read_manifest(COMPOSER)
    card = (COMPOSER / "CARD.md").read_text(encoding="utf-8")
    for part in (
        manifest["sha256"],
        f"seed {manifest['config']['seed']}",
        f"{manifest['minutes']:g} minutes",
        "python -m symbolic.training.train",
        "licence of the weights: `Apache-2.0`",
        "## Known failures",
        *manifest["sources"],
    ):
        assert part in card, part
    figures = card.partition("## Figures")[2].partition("##")[0]
    assert len(re.findall(r"\d \[[\d.]+, [\d.]+\] of \d+", figures)) > 20  # value, interval, N


def whole_card() -> dict[str, object]:
    figure = {
        "what": "AUROC", "on": "stock", "n": 28, "value": 0.8, "low": 0.7, "high": 0.9,
        "chance": 0.5, "command": "python -m benchmarks.cards --data DATA",
    }  # fmt: skip
    return {
        "name": "a head", "licence": "Apache-2.0", "origin": "here", "command": "train",
        "trained_on": {"licences": ["MIT"]}, "seeds": [], "minutes": 1.5, "figures": [figure],
        "known_failures": ["choirs"], "files": {"model.safetensors": "0" * 64},
    }  # fmt: skip


@pytest.mark.parametrize("field", sorted(set(whole_card()) - {"seeds"}))
def test_a_missing_field_is_named(field: str) -> None:
    assert faults(whole_card()) == ()
    left = {name: value for name, value in whole_card().items() if name != field}
    assert any(field in fault for fault in faults(left))
    emptied = {**whole_card(), field: type(whole_card()[field])()}
    assert faults(emptied)


@pytest.mark.parametrize(
    "change",
    [{"low": 0.85}, {"n": 0}, {"chance": None}, {"high": float("nan")}, {"command": ""}],
)
def test_a_figure_without_its_interval_is_none(change: dict[str, object]) -> None:
    card = whole_card()
    card["figures"] = [{**card["figures"][0], **change}]  # type: ignore[index]
    assert faults(card)


def test_data_without_licences_are_a_fault() -> None:
    assert faults({**whole_card(), "trained_on": {"tracks": "261"}}) == (
        "trained_on names no licences",
    )


def test_a_card_is_completed_only_when_nothing_is_missing_then(tmp_path: Path) -> None:
    facts = {n: v for n, v in whole_card().items() if n not in ("files", "figures", "name")}
    write_folder(tmp_path, {}, {}, {"name": "a head"})
    before = (tmp_path / CARD).read_bytes()
    with pytest.raises(ValueError, match="figures"):
        complete_card(tmp_path, facts)
    assert (tmp_path / CARD).read_bytes() == before
    complete_card(tmp_path, {**facts, "figures": whole_card()["figures"]})
    verify_folder(tmp_path)
    assert json.loads((tmp_path / CARD).read_text(encoding="utf-8"))["minutes"] == 1.5


@pytest.mark.parametrize("licence", ["CC BY", "GPL", "free", "CC-BY-NC-SA-4.0"])
def test_a_licence_that_is_none_or_forbids_trade_would_be_found(licence: str) -> None:
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return
    assert FORBIDDEN.search(licence)
