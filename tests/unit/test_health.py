"""Towers that are broken in a known way are caught by the check that is made for it."""

import copy
import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import embed
from encoders.embed import Embedder, load_embedder
from encoders.errors import BrokenTower, BrokenWeights
from encoders.health import (
    TOWERS,
    Check,
    check_towers,
    mean_cosine,
    paired_share,
    require_healthy,
    write_references,
)
from encoders.once import Once
from encoders.towers.audio import AudioHead
from encoders.towers.text import TextHead, load_text_head
from encoders.trunks import efficientnet, spectrum
from encoders.trunks.checkpoint import WEIGHTS, file_sha256
from encoders.trunks.minilm import TextTrunk
from media.audio import Sound
from tests.conftest import REPOSITORY
from tests.fixtures.weights import write_random_weights


@pytest.fixture(scope="module")
def healthy() -> Embedder:
    embedder = load_embedder()
    embedder.warm()
    return embedder


def with_parts(embedder: Embedder, **parts: object) -> Embedder:
    """The same towers with other trunks or heads in them, under the same name of the space."""
    other = copy.copy(embedder)
    for name, part in parts.items():
        setattr(other, f"_{name}", Once(partial(_same, part)))
    return other


def _same(part: object) -> object:
    return part


def failures(
    embedder: Embedder, *only: str, quick: bool = False, references: Path | None = None
) -> set[str]:
    checks = check_towers(embedder, quick=quick, only=only or TOWERS, references=references)
    return {check.name for check in checks if not check.ok}


def text_head(embedder: Embedder, **changes: object) -> TextHead:
    return dataclasses.replace(embedder._text_head.get(), **changes)  # type: ignore[arg-type]


def audio_head(embedder: Embedder, **changes: object) -> AudioHead:
    return dataclasses.replace(embedder._audio_head.get(), **changes)  # type: ignore[arg-type]


def test_the_shipped_towers_are_healthy(healthy: Embedder) -> None:
    checks = check_towers(healthy)
    require_healthy(checks)
    assert {check.name for check in checks} == {
        *(f"{tower}: {figure}" for tower in ("text", "sound", "clip")
          for figure in ("answers", "spread", "repeats", "references")),
        "text: antonyms", "sound: pairs", "clip: pairs",
    }  # fmt: skip


def test_a_start_checks_every_tower_too(healthy: Embedder) -> None:
    checks = check_towers(healthy, quick=True)
    require_healthy(checks)
    assert len(checks) == 9


def test_a_collapsed_text_head_is_caught(healthy: Embedder) -> None:
    head = healthy._text_head.get()
    same = np.ones_like(head.directions)
    collapsed = text_head(
        healthy,
        directions=same,
        hidden=np.zeros_like(head.hidden),
        hidden_bias=np.ones_like(head.hidden_bias),
        name_share=0.0,
    )
    found = failures(with_parts(healthy, text_head=collapsed))
    assert {"text: spread", "text: antonyms", "text: references", "sound: pairs"} <= found


def test_a_collapsed_audio_matrix_is_caught(healthy: Embedder) -> None:
    matrix = np.zeros_like(healthy._audio_head.get().matrix)
    broken = with_parts(healthy, audio_head=audio_head(healthy, matrix=matrix))
    assert {"sound: spread", "sound: pairs"} <= failures(broken)
    assert {"sound: spread", "sound: references"} <= failures(broken, "sound", quick=True)


def test_a_text_head_of_another_training_is_caught(healthy: Embedder, tmp_path: Path) -> None:
    other = load_text_head(write_random_weights(tmp_path) / "heads" / "text")
    broken = with_parts(healthy, text_head=other)
    assert {"text: references", "text: antonyms"} <= failures(broken, "text")
    assert "text: references" in failures(broken, "text", quick=True)
    with pytest.raises(BrokenTower, match="antonyms"):  # nor does it become a reference
        write_references(broken, tmp_path / "health.npz")


def test_columns_in_another_order_than_the_texts_are_caught(healthy: Embedder) -> None:
    matrix = healthy._audio_head.get().matrix[:, ::-1].copy()
    broken = with_parts(healthy, audio_head=audio_head(healthy, matrix=matrix))
    assert {"sound: pairs", "sound: references"} <= failures(broken)


def no_logarithm(samples: np.ndarray) -> spectrum.Spectrum:
    found = spectrum.analyse_spectrum(samples)
    power = (np.power(10.0, found.log_mel) - 1.0) / spectrum.LOG_GAIN
    return dataclasses.replace(found, log_mel=power.astype(np.float32))


def test_a_spectrum_without_its_logarithm_is_caught(
    healthy: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encoders.trunks.features.analyse_spectrum", no_logarithm)
    assert "sound: references" in failures(healthy, "sound", quick=True)


@pytest.mark.parametrize(
    ("constant", "wrong"), [("LOG_GAIN", 1_000.0), ("LOG_GAIN", 1.0), ("SAMPLE_RATE", 22_050)]
)
def test_other_constants_of_the_spectrum_are_caught(
    healthy: Embedder, monkeypatch: pytest.MonkeyPatch, constant: str, wrong: float
) -> None:
    monkeypatch.setattr(spectrum, constant, wrong)
    assert "sound: references" in failures(healthy, "sound", quick=True)


def test_sounds_read_at_another_rate_are_caught(healthy: Embedder) -> None:
    class Slow(Embedder):
        def embed_sound(self, sound: Sound) -> embed.SoundEmbedding:
            samples = np.repeat(sound.samples, 2)[: len(sound.samples)]
            return super().embed_sound(Sound(samples=samples, sample_rate=sound.sample_rate))

    slow = Slow(healthy.space, WEIGHTS)
    slow.__dict__.update(healthy.__dict__)
    assert "sound: references" in failures(slow, "sound", quick=True)


def test_pictures_with_the_usual_mean_of_imagenet_are_caught(
    healthy: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = efficientnet.prepare_frames
    mean, spread = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def wrong(rgb: np.ndarray) -> torch.Tensor:
        values = (right(rgb) + 1.0) / 2.0
        return (values - torch.tensor(mean)[:, None, None]) / torch.tensor(spread)[:, None, None]

    monkeypatch.setattr(efficientnet, "prepare_frames", wrong)
    assert "clip: references" in failures(healthy, "clip", quick=True)


def test_red_and_blue_in_each_others_place_are_caught(
    healthy: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = efficientnet.prepare_frames
    monkeypatch.setattr(efficientnet, "prepare_frames", lambda rgb: right(rgb[..., ::-1]))
    assert "clip: references" in failures(healthy, "clip", quick=True)


def test_numbers_that_are_none_are_caught(healthy: Embedder) -> None:
    matrix = healthy._audio_head.get().matrix.copy()
    matrix[3] = np.nan
    broken = with_parts(healthy, audio_head=audio_head(healthy, matrix=matrix))
    checks = {check.name: check for check in check_towers(broken, quick=True)}
    assert not checks["sound: answers"].ok
    assert "BrokenVector" in checks["sound: answers"].found
    assert checks["text: answers"].ok


def test_another_dimension_is_caught(healthy: Embedder) -> None:
    matrix = healthy._audio_head.get().matrix[:, :127]
    broken = with_parts(healthy, audio_head=audio_head(healthy, matrix=matrix))
    assert "sound: answers" in failures(broken, "sound")


def swap_tokenizer(trunk: TextTrunk, encode: Callable[[torch.Tensor], torch.Tensor]) -> TextTrunk:
    right = trunk._tokenizer
    return TextTrunk(trunk._encoder, lambda texts: encode(right(texts)))


def test_the_tokenizer_of_another_vocabulary_is_caught(healthy: Embedder) -> None:
    def other_words(tokens: torch.Tensor) -> torch.Tensor:
        return torch.where(tokens > 999, 1_000 + (tokens + 7_919) % 29_000, tokens)

    trunk = swap_tokenizer(healthy._reading.get(), other_words)
    assert "text: references" in failures(with_parts(healthy, reading=trunk), "text", quick=True)


def test_a_text_tower_left_in_training_is_caught(healthy: Embedder) -> None:
    encoder = copy.deepcopy(healthy._reading.get()._encoder).train()
    trunk = TextTrunk(encoder, healthy._reading.get()._tokenizer)
    assert "text: repeats" in failures(with_parts(healthy, reading=trunk), "text")


def test_a_tower_that_hears_another_part_each_time_is_caught(healthy: Embedder) -> None:
    class Random(Embedder):
        rng = np.random.default_rng(0)

        def embed_sound(self, sound: Sound) -> embed.SoundEmbedding:
            start = int(self.rng.integers(0, 16_000))
            part = Sound(samples=sound.samples[start:], sample_rate=sound.sample_rate)
            return super().embed_sound(part)

    random = Random(healthy.space, WEIGHTS)
    random.__dict__.update(healthy.__dict__)
    assert "sound: repeats" in failures(random, "sound")


def truncated_weights(folder: Path, *, honest_card: bool) -> Path:
    """Copies the small folders, links the trunks, and cuts a file of the audio head."""
    for trunk in ("musicnn", "minilm", "efficientnet"):
        (folder / trunk).symlink_to(WEIGHTS / trunk)
    shutil.copytree(WEIGHTS / "heads", folder / "heads")
    shutil.copy(WEIGHTS / "health.npz", folder)
    audio = folder / "heads" / "audio"
    file = audio / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1_000])
    if honest_card:
        card = json.loads((audio / "card.json").read_text(encoding="utf-8"))
        card["files"]["model.safetensors"] = file_sha256(file)
        (audio / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def test_a_truncated_file_is_no_tower(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights, match="SHA-256"):
        load_embedder(weights=truncated_weights(tmp_path, honest_card=False))


def test_a_truncated_file_is_caught_though_its_card_was_written_again(
    healthy: Embedder, tmp_path: Path
) -> None:
    broken = load_embedder(weights=truncated_weights(tmp_path, honest_card=True))
    for part in ("_reading", "_seeing", "_hearing", "_text_head"):
        setattr(broken, part, getattr(healthy, part))
    checks = {check.name: check for check in check_towers(broken, quick=True)}
    assert not checks["sound: answers"].ok
    assert not checks["text: references"].ok  # the space has another hash


def test_missing_references_are_a_failure(healthy: Embedder, tmp_path: Path) -> None:
    assert failures(healthy, quick=True, references=tmp_path / "none.npz") == {
        "text: references", "sound: references", "clip: references",
    }  # fmt: skip
    (tmp_path / "half.npz").write_bytes((WEIGHTS / "health.npz").read_bytes()[:4_000])
    assert "text: references" in failures(
        healthy, "text", quick=True, references=tmp_path / "half.npz"
    )


def test_references_of_another_space_are_a_failure(healthy: Embedder, tmp_path: Path) -> None:
    other = copy.copy(healthy)
    other.space = dataclasses.replace(healthy.space, hash="f" * 16)
    written = write_references(other, tmp_path / "health.npz")
    checks = check_towers(healthy, quick=True, references=written)
    failed = [check for check in checks if not check.ok]
    assert {check.name.partition(": ")[2] for check in failed} == {"references"}
    assert all(str(other.space) in check.found for check in failed)


def test_a_broken_tower_says_what_to_do() -> None:
    sick = Check(name="text: spread", ok=False, figure=0.9993, allowed=(-1, 0.8), remedy="do this")
    well = Check(name="sound: spread", ok=True, figure=0.1, allowed=(-1, 0.8))
    require_healthy([well])
    with pytest.raises(
        BrokenTower, match=r"text: spread: 0\.9993, allowed is -1 to 0\.8.*do this"
    ):
        require_healthy([well, sick])


def test_pairs_count_against_ties_and_know_no_bias() -> None:
    right = np.eye(4) + np.arange(4)[:, None] + 10.0 * np.arange(4)[None]
    assert paired_share(right) == 1.0
    assert paired_share(np.ones((4, 4))) == 0.0
    assert paired_share(-np.eye(4)) == 0.0


def test_the_mean_cosine_leaves_each_row_itself_out() -> None:
    assert mean_cosine(np.eye(3)) == pytest.approx(0.0)
    assert mean_cosine(np.ones((3, 1))) == pytest.approx(1.0)


def test_two_processes_give_the_same_bits() -> None:
    code = (
        "import hashlib, numpy as np; from encoders import probes; "
        "from encoders.embed import load_embedder; e = load_embedder(); h = hashlib.sha256(); "
        "h.update(e.embed_texts(probes.SENTENCES).tobytes()); "
        "s = [e.embed_sound(x) for x in probes.probe_sounds().values()]; "
        "[(h.update(x.track.tobytes()), h.update(x.segments.tobytes())) for x in s]; "
        "[h.update(e.embed_clip(c).vector.tobytes()) for c in probes.probe_clips().values()]; "
        "print(h.hexdigest())"
    )
    command = [sys.executable, "-c", code]
    runs = [
        subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] != ""
