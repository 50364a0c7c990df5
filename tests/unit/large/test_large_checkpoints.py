"""Checkpoints of the large profile: which may be used, and what their towers give."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.errors import (
    BrokenWeights,
    MissingCheckpoint,
    RefusedCheckpoint,
)
from encoders.large.checkpoints import BROKEN, Wanted, find_checkpoint
from encoders.large.clap import load_clap, window_starts
from encoders.large.pictures import load_pictures, name_of_tag
from encoders.large.towers import LargeTowers
from tests.fixtures.checkpoints import WINDOW_S, write_tiny_clap
from tests.fixtures.large import (
    Checkpoints,
    chord,
)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("laion/larger_clap_music", "collapsed.*larger_clap_general"),
        ("/models/larger_clap_music/", "collapsed"),
        ("microsoft/msclap", "pickles"),
        ("OpenMuQ/MuQ-MuLan-large", "CC-BY-NC-4.0.*allow_noncommercial"),
        ("m-a-p/MERT-v1-95M", "CC-BY-NC-4.0"),
        ("seungheondoh/ttmr-pp", "CC-BY-NC-4.0"),
        ("apple/DFN2B-CLIP-ViT-B-16@main", "Apple-AMLR"),
        ("timm/vit_base_patch32_clip_224.metaclip_400m", "CC-BY-NC-4.0"),
    ],
)
def test_broken_and_non_commercial_checkpoints_are_refused_with_the_reason(
    name: str, why: str
) -> None:
    with pytest.raises(RefusedCheckpoint, match=f"(?s){why}"):
        find_checkpoint(Wanted(name=name))


def test_nothing_allows_a_broken_checkpoint() -> None:
    for ending in BROKEN:
        wanted = Wanted(name=f"x/{ending}", allow_noncommercial=True, licence="MIT")
        with pytest.raises(RefusedCheckpoint):
            find_checkpoint(wanted)


def test_a_folder_states_its_licence_or_the_user_does(tmp_path: Path) -> None:
    bound = write_tiny_clap(tmp_path / "bound", licence="cc-by-nc-4.0")
    with pytest.raises(RefusedCheckpoint, match=r"CC-BY-NC-4\.0"):
        find_checkpoint(Wanted(name=str(bound)))
    allowed = find_checkpoint(Wanted(name=str(bound), allow_noncommercial=True))
    assert allowed.licence == "CC-BY-NC-4.0"
    (bound / "README.md").unlink()
    with pytest.raises(RefusedCheckpoint, match="state the SPDX id"):
        find_checkpoint(Wanted(name=str(bound)))
    assert find_checkpoint(Wanted(name=str(bound), licence="MIT")).licence == "MIT"


def test_a_users_word_does_not_outweigh_what_the_card_or_the_name_says(tmp_path: Path) -> None:
    bound = write_tiny_clap(tmp_path / "bound", licence="cc-by-nc-4.0")
    for name in (str(bound), "OpenMuQ/MuQ-large-msd-iter"):
        with pytest.raises(RefusedCheckpoint, match=r"CC-BY-NC-4\.0"):
            find_checkpoint(Wanted(name=name, licence="MIT"))


def test_a_name_that_only_begins_alike_is_another(tmp_path: Path) -> None:
    mine = write_tiny_clap(tmp_path / "mertens-clap")
    assert find_checkpoint(Wanted(name=str(mine))).licence == "Apache-2.0"


def test_a_name_that_is_not_here_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingCheckpoint, match="hf download laion/clap-htsat-unfused --local"):
        find_checkpoint(Wanted(name="laion/clap-htsat-unfused"))
    with pytest.raises(MissingCheckpoint, match="neither a folder nor a name"):
        find_checkpoint(Wanted(name="/no/such/folder"))


def test_pickles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RefusedCheckpoint, match="can run code"):
        find_checkpoint(Wanted(name=str(tmp_path), licence="MIT"))


def test_a_pretrained_tag_is_a_repository() -> None:
    assert name_of_tag("ViT-B-32:laion2b_s34b_b79k") == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    assert name_of_tag("some/name") == "some/name"
    with pytest.raises(MissingCheckpoint, match="laion2b_s34b_b79k"):
        name_of_tag("ViT-B-32:no_such_tag")


def test_a_folder_without_a_model_is_broken(tmp_path: Path, checkpoints: Checkpoints) -> None:
    checkpoint = replace(
        find_checkpoint(Wanted(name=str(checkpoints.clap))), folder=checkpoints.clap
    )
    with pytest.raises(BrokenWeights, match="no OpenCLIP model"):
        load_pictures(checkpoint)


def test_windows_overlap_by_half_and_the_last_ends_with_the_sound() -> None:
    assert window_starts(50, 100, 10).tolist() == [0]
    assert window_starts(100, 100, 10).tolist() == [0]
    assert window_starts(230, 100, 10).tolist() == [0, 50, 100, 130]
    assert window_starts(254, 100, 10).tolist() == [0, 50, 100, 150]  # a rest of 0.4 s
    assert window_starts(300, 100, 10).tolist() == [0, 50, 100, 150, 200]


def test_a_sound_longer_than_a_window_is_heard_the_same_twice(towers: LargeTowers) -> None:
    sound = chord(1, seconds=3.3)
    first, second = towers.hear(sound), towers.hear(sound)
    assert np.array_equal(first.windows, second.windows)
    assert (
        np.allclose(first.starts_s, [0.0, 0.5, 1.0, 1.5, 2.0], atol=1e-6)
        or len(first.starts_s) == 6
    )
    assert np.allclose(np.linalg.norm(first.windows, axis=1), 1.0, atol=1e-5)
    assert first.starts_s[-1] + WINDOW_S == pytest.approx(3.3, abs=0.31)


def test_a_fused_checkpoint_is_heard_the_same_twice_too(tmp_path: Path) -> None:
    """Its extractor calls one of short sounds longer, at random."""
    folder = write_tiny_clap(tmp_path / "fused", fused=True)
    tower = load_clap(find_checkpoint(Wanted(name=str(folder))))
    first, *others = (tower.hear(chord(1, seconds=2.6)).windows for _ in range(4))
    assert all(np.array_equal(first, other) for other in others)


def test_the_published_extractor_alone_would_not_be(towers: LargeTowers) -> None:
    """What the windows are for: a random crop of the same sound differs from call to call."""
    extractor = towers.audio._extractor
    long = chord(3, seconds=4.0).samples
    np.random.seed(0)
    crops = [extractor(long, sampling_rate=48_000)["input_features"] for _ in range(2)]
    assert not np.array_equal(np.asarray(crops[0]), np.asarray(crops[1]))


def test_neighbours_in_a_batch_do_not_change_a_row(towers: LargeTowers) -> None:
    together = towers.read(["calm piano", "sad violin music", "fast drums"])
    alone = np.concatenate([towers.read([t]) for t in ("calm piano", "sad violin music")])
    assert np.allclose(together[:2], alone, atol=1e-6)
    assert np.array_equal(towers.read(["calm piano"]), towers.read(["calm piano"]))
