"""The parts of a training run, on material small enough to see through."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.embed import make_unit
from encoders.towers.audio import AudioHead, complete_rows
from encoders.towers.instruments import InstrumentHeads
from encoders.towers.text import load_text_head
from encoders.training import run
from encoders.training.batches import Material, drop_fields, may_match
from encoders.training.heads import Heads, direction_matrix, finished_text, sound_concepts
from encoders.training.losses import masked_info_nce, soft_targets_loss
from encoders.training.manifests import Track
from encoders.training.pairs import Pair, PairText, draw_text
from encoders.training.presets import TrainingConfig, tiny
from encoders.training.programs import HEADS
from encoders.training.recipe import NUM_CONCEPTS
from encoders.training.run import EpochReport, train
from encoders.training.sounds import Shares, Sounds, analytic_head
from encoders.understanding import understand_text

NUM_FEATURES = 1_565


def made_instruments() -> InstrumentHeads:
    rng = np.random.default_rng(1)
    return InstrumentHeads(
        names=tuple(HEADS),
        weights=rng.normal(size=(NUM_FEATURES, len(HEADS))).astype(np.float32),
        bias=np.zeros(len(HEADS), np.float32),
        mean=np.zeros(NUM_FEATURES, np.float32),
        spread=np.ones(NUM_FEATURES, np.float32),
        doubts={},
        spoken=(),
    )


def made_material(config: TrainingConfig) -> Material:
    rng = np.random.default_rng(0)
    tracks = tuple(
        Track(id=f"t{i}", file=Path(f"t{i}.opus"), title=f"Tune {i}", artist=None, split="train",
              licence="CC0-1.0", may_train=True)
        for i in range(12)
    )  # fmt: skip
    features = rng.normal(size=(36, NUM_FEATURES)).astype(np.float32)
    owners = np.repeat(np.arange(12), 3)
    sounds = Sounds(
        features=features, owners=owners, tracks=tracks, patches=features, patch_owners=owners
    )
    audio = analytic_head(sounds, config.shares, made_instruments())
    keys, _ = direction_matrix(config.shares)
    standard = audio.standardise(features)
    pairs = tuple(
        Pair(owner=i, tags="battle music", metadata=t.title, group=t.id)
        for i, t in enumerate(tracks)
    )
    words = [f for p in pairs for f in (p.tags, p.metadata, f"{p.tags}, {p.metadata}")]
    return Material(
        audio=audio,
        sounds=sounds,
        standard=standard,
        sound_concepts=sound_concepts(standard, audio, config.shares),
        sentences=make_unit(rng.normal(size=(32, 384))),
        weights=(rng.random((32, len(keys))) < 0.02).astype(np.float32),
        text_concepts=rng.normal(size=(32, NUM_CONCEPTS)).astype(np.float32),
        pairs=pairs,
        pair_sentences={w: make_unit(rng.normal(size=384)) for w in words},
        keys=keys,
        familiar=make_unit(rng.normal(size=(4, 384))),
        names=rng.normal(size=(384, 256)).astype(np.float32),
        fingerprint="made",
    )


@pytest.fixture
def small_material(monkeypatch: pytest.MonkeyPatch) -> Material:
    material = made_material(tiny())
    monkeypatch.setattr(run, "gather_material", lambda *_: material)
    return material


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_killed_run_goes_on_to_the_same_heads(tmp_path: Path, small_material: Material) -> None:
    def die_after_one(report: EpochReport) -> None:
        if report.done == 1:
            raise Killed

    with pytest.raises(Killed):
        train(tiny(), tmp_path, tmp_path / "killed", die_after_one)
    train(tiny(), tmp_path, tmp_path / "killed")
    train(tiny(), tmp_path, tmp_path / "whole")
    for part in ("audio", "text"):
        file = Path(part) / "model.safetensors"
        assert (tmp_path / "killed" / file).read_bytes() == (
            tmp_path / "whole" / file
        ).read_bytes()


def test_progress_tells_epochs_loss_and_time_left(
    tmp_path: Path, small_material: Material
) -> None:
    reports: list[EpochReport] = []
    train(tiny(), tmp_path, tmp_path / "out", reports.append)
    assert [(r.done, r.total) for r in reports] == [(1, 2), (2, 2)]
    assert all(r.loss is not None and np.isfinite(r.loss) for r in reports)
    assert reports[-1].remaining_s == 0.0


def test_the_loss_falls(tmp_path: Path, small_material: Material) -> None:
    losses: list[float] = []
    config = replace(tiny(), num_epochs=30, dropout=0.0, field_dropout=0.0, pair_weight=0.0)
    train(config, tmp_path, tmp_path / "out", lambda r: losses.append(r.loss or 0.0))
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_a_checkpoint_of_another_run_is_not_taken_up(
    tmp_path: Path, small_material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny(), tmp_path, tmp_path / "out")
    other = replace(small_material, fingerprint="other")
    monkeypatch.setattr(run, "gather_material", lambda *_: other)
    reports: list[EpochReport] = []
    train(tiny(), tmp_path, tmp_path / "out", reports.append)
    assert len(reports) == 2


def test_the_head_that_ships_says_what_was_trained(
    tmp_path: Path, small_material: Material
) -> None:
    config = tiny()
    keys, directions = direction_matrix(config.shares)
    heads = Heads(config, small_material.audio, directions).eval()
    sentences = small_material.sentences[:5]
    finished = finished_text(
        [heads], keys, familiar=small_material.familiar, names=small_material.names
    )
    with torch.inference_mode():
        trained = torch.nn.functional.normalize(
            heads.network(torch.from_numpy(sentences)), dim=1
        ).numpy()
    assert finished.network(sentences) == pytest.approx(trained, abs=1e-5)


def test_saved_heads_load_and_keep_the_axes_of_the_recipe(
    tmp_path: Path, small_material: Material
) -> None:
    train(tiny(), tmp_path, tmp_path / "out")
    head = load_text_head(tmp_path / "out" / "text")
    (axis,) = [i for i, key in enumerate(head.keys) if key == "mood:sad"]
    assert head.directions[axis, 0] == pytest.approx(-0.9, abs=1e-3)


def test_rows_of_one_length_keep_the_order_of_inner_products() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 255)) * rng.uniform(0.2, 1.0, size=(30, 1))
    text = np.append(rng.normal(size=255), 0.0)
    complete = complete_rows(rows, radius=float(np.linalg.norm(rows, axis=1).max()))
    assert (
        np.argsort(make_unit(complete) @ text).tolist() == np.argsort(rows @ text[:255]).tolist()
    )


def test_a_row_beyond_the_radius_stays_finite() -> None:
    assert np.isfinite(complete_rows(np.full((1, 255), 9.0), radius=1.0)).all()


def test_the_analytic_head_scores_as_the_teacher_does() -> None:
    """Directions times rows is concepts of the text times concepts of the sound."""
    material = made_material(tiny())
    keys, directions = direction_matrix(Shares())
    rows = material.standard @ material.audio.matrix
    column = keys.index("mood:sad")
    shares = np.repeat(
        [Shares().axes, Shares().tags, Shares().instruments], [5, 50, NUM_CONCEPTS - 55]
    )
    expected = material.sound_concepts @ (directions[column, :NUM_CONCEPTS] * shares)
    assert rows @ directions[column, :255] == pytest.approx(expected, abs=1e-3)


def test_axes_have_unit_spread_over_the_training_tracks() -> None:
    material = made_material(tiny())
    means = [material.standard[material.sounds.owners == i].mean(axis=0) for i in range(12)]
    values = np.stack(means) @ material.audio.matrix[:, :5]
    assert values.std(axis=0) == pytest.approx(np.ones(5), rel=1e-3)


def test_masked_info_nce_without_masks_is_open_clips_loss() -> None:
    from open_clip.loss import ClipLoss

    rng = np.random.default_rng(0)
    texts = torch.from_numpy(make_unit(rng.normal(size=(6, 8))))
    sounds = torch.from_numpy(make_unit(rng.normal(size=(6, 8))))
    ours = masked_info_nce(10.0 * texts @ sounds.T, torch.zeros(6, 6, dtype=torch.bool))
    theirs = ClipLoss()(texts, sounds, torch.tensor(10.0))
    assert float(ours) == pytest.approx(float(theirs), abs=1e-5)


def test_a_masked_pair_counts_neither_way() -> None:
    logits = torch.tensor([[1.0, 9.0], [0.0, 1.0]])
    masks = torch.tensor([[True, True], [False, True]])
    assert float(masked_info_nce(logits, masks)) < float(
        masked_info_nce(logits, torch.zeros(2, 2, dtype=torch.bool))
    )


def test_soft_targets_are_met_best_by_the_teachers_own_scores() -> None:
    teacher = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 7)))
    standard = (teacher - teacher.mean(1, keepdim=True)) / teacher.std(1, keepdim=True)
    right = soft_targets_loss(standard / 0.5, teacher, temperature=0.5)
    wrong = soft_targets_loss(-standard / 0.5, teacher, temperature=0.5)
    flat = soft_targets_loss(torch.zeros(5, 7), teacher, temperature=0.5)
    assert float(right) < float(flat) < float(wrong)


def test_a_text_never_loses_both_of_its_fields() -> None:
    sentence, understood = drop_fields(500, np.random.default_rng(0), dropout=0.5)
    assert ((sentence + understood) >= 1).all()
    assert 0.2 < (sentence == 0).mean() < 0.3
    assert 0.4 < (understood == 0).mean() < 0.6


def test_a_drawn_text_is_a_subset_of_the_fields() -> None:
    pair = Pair(owner=0, tags="battle music", metadata="Black Knight", group="g")
    rng = np.random.default_rng(0)
    drawn = {draw_text(pair, rng, dropout=0.5).text for _ in range(50)}
    assert drawn == {"battle music", "Black Knight", "battle music, Black Knight"}


def test_the_same_words_and_versions_of_a_piece_are_no_wrong_answers() -> None:
    def drawn(group: str, text: str) -> PairText:
        return PairText(owner=0, group=group, text=text, understanding=understand_text(text))

    masks = may_match([drawn("a", "menu"), drawn("b", "Menu"), drawn("a", "cave")])
    assert masks.tolist() == [[True, True, True], [True, True, False], [True, False, True]]


def test_the_audio_head_refuses_no_sound_and_places_all() -> None:
    head = AudioHead(
        mean=np.zeros(NUM_FEATURES, np.float32),
        spread=np.ones(NUM_FEATURES, np.float32),
        matrix=np.zeros((NUM_FEATURES, 255), np.float32),
        radius=2.0,
    )
    rows = head.project(np.ones((2, 1_506)), np.ones((2, 50)), np.ones((2, 9)))
    assert rows[:, -1].tolist() == [2.0, 2.0]
