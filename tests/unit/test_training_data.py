"""What the shipped heads learned from is what their licences and the splits allow."""

import csv
from pathlib import Path

import pytest

from encoders.training.manifests import (
    read_tracks,
    training_captions,
    training_tracks,
    validation_tracks,
)
from encoders.training.texts import training_texts
from encoders.trunks.checkpoint import WEIGHTS, read_card

HEADS = WEIGHTS / "heads"


def shipped_sources() -> list[dict[str, str]]:
    with (HEADS / "SOURCES.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_every_source_of_the_shipped_heads_may_train_them(data_dir: Path) -> None:
    rows = {t.id: t for t in read_tracks(data_dir, "audio")}
    for source in shipped_sources():
        track = rows[source["id"]]
        assert track.labels["train_shipped"] is True
        assert track.split == "train"
        assert track.labels["scene_split"] not in ("val", "test")
        assert track.licence == source["licence"]
        assert "NC" not in source["licence"]


def test_the_cards_name_the_licences_of_all_sources() -> None:
    licences = {source["licence"] for source in shipped_sources()} | {"CC-BY-SA-4.0"}
    for part in ("audio", "text"):
        trained_on = read_card(HEADS / part)["trained_on"]
        assert isinstance(trained_on, dict)
        assert set(trained_on["licences"]) == licences


def test_every_source_has_its_row_in_the_notices_of_the_data(data_dir: Path) -> None:
    with (data_dir / "NOTICE.tsv").open(encoding="utf-8", newline="") as lines:
        noticed = {row["file"]: row["licence"] for row in csv.DictReader(lines, delimiter="\t")}
    assert all(noticed[s["file"]] == s["licence"] for s in shipped_sources())


def test_nothing_non_commercial_or_held_out_is_for_training(data_dir: Path) -> None:
    for track in training_tracks(data_dir):
        assert track.split == "train"
        assert track.labels["train_shipped"] is True
        assert track.file.relative_to(data_dir).parts[0] in ("audio", "symbolic")
        assert track.labels.get("scene_split") not in ("val", "test")


@pytest.mark.parametrize("manifest", ["emotify", "stock"])
def test_tracks_for_evaluation_alone_never_train(data_dir: Path, manifest: str) -> None:
    assert not any(track.may_train for track in read_tracks(data_dir, manifest))


def test_training_and_validation_share_no_artist(data_dir: Path) -> None:
    artists = {t.artist for t in training_tracks(data_dir) if not t.is_score and t.artist}
    assert not artists & {t.artist for t in validation_tracks(data_dir) if t.artist}


def test_captions_are_those_of_the_training_part(data_dir: Path) -> None:
    with (data_dir / "text" / "musiccaps.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    held_out = {r["caption"] for r in rows if r["is_audioset_eval"] == "True"}
    captions = training_captions(data_dir)
    assert len(captions) == 2_663
    own = {r["caption"] for r in rows if r["is_audioset_eval"] == "False"}
    assert not ({c.caption for c in captions} - own) & held_out


@pytest.mark.slow
def test_no_prompt_or_wish_of_the_evaluation_is_a_training_text(data_dir: Path) -> None:
    from encoders.bench.emotify import read_truth

    truth = read_truth(data_dir)
    texts = {example.text.lower() for example in training_texts(data_dir, seed=0)}
    wishes = {wish.text.lower() for wish in truth.wishes if len(wish.text.split()) > 2}
    assert not texts & wishes
