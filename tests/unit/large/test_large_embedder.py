"""The embedder of the large profile over trained tiny towers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from encoders.embed import load_embedder
from encoders.errors import (
    BrokenWeights,
    MixedSpaces,
    UnusableSound,
    UnusableText,
)
from encoders.health import check_towers
from encoders.large.checkpoints import Wanted
from encoders.large.embedder import LargeEmbedder, load_large
from media.audio import Sound
from tests.fixtures.checkpoints import write_tiny_clap
from tests.fixtures.large import (
    Checkpoints,
    chord,
    colour_frames,
)


def test_the_embedder_gives_unit_vectors_of_its_space(embedder: LargeEmbedder) -> None:
    text = embedder.embed_text("calm piano, no drums")
    heard, seen = embedder.embed_sound(chord(1)), embedder.embed_clip(colour_frames(30))
    rows = np.stack([text.vector, heard.track, seen.vector, *heard.segments])
    assert rows.shape[1] == embedder.space.dimension == 256
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert len(heard.segments) == len(heard.starts_s) > 1
    assert str(embedder.space).startswith("large-")
    assert text.understanding.values("instrument", sign=-1) == ("drums",)
    assert heard.description.tags
    assert seen.description.brightness > 0


def test_the_same_input_gives_the_same_bits_twice(embedder: LargeEmbedder) -> None:
    for _ in range(2):
        embedder.forget()
        vectors = [
            embedder.embed_text("sad violin music").vector,
            embedder.embed_sound(chord(2)).segments,
            embedder.embed_clip(colour_frames(90)).vector,
        ]
        again = [
            embedder.embed_text("sad violin music").vector,
            embedder.embed_sound(chord(2)).segments,
            embedder.embed_clip(colour_frames(90)).vector,
        ]
        assert all(np.array_equal(a, b) for a, b in zip(vectors, again, strict=True))


def test_a_denial_moves_the_query_away_from_what_is_denied(embedder: LargeEmbedder) -> None:
    plain, denied, drums = embedder.embed_texts(["calm piano", "calm piano, no drums", "drums"])
    assert denied @ drums < plain @ drums


def test_fusion_keeps_its_ends_and_moves_with_balance(embedder: LargeEmbedder) -> None:
    text = embedder.embed_text("calm piano")
    clip = embedder.embed_clip(colour_frames(30))
    assert np.allclose(embedder.fuse(text=text, clip=clip, balance=0.0), text.vector, atol=1e-6)
    assert np.allclose(embedder.fuse(text=text, clip=clip, balance=1.0), clip.vector, atol=1e-6)
    assert np.allclose(embedder.fuse(text=text), text.vector, atol=1e-6)
    near = [
        float(embedder.fuse(text=text, clip=clip, balance=b) @ clip.vector)
        for b in (0.0, 0.2, 0.5, 0.8, 1.0)
    ]
    assert near == sorted(near)
    with pytest.raises(ValueError, match="nothing to fuse"):
        embedder.fuse()


def test_a_sound_asks_with_all_of_its_vector_and_vectors_of_the_small_profile_are_refused(
    embedder: LargeEmbedder,
) -> None:
    track = embedder.embed_sound(chord(1)).track
    assert np.allclose(embedder.fuse(sound=track), track, atol=1e-6)
    with pytest.raises(MixedSpaces):
        embedder.fuse(text=load_embedder().embed_text("calm piano"))


def test_sounds_of_any_rate_are_heard_and_bad_ones_refused(embedder: LargeEmbedder) -> None:
    sound = chord(1)
    faster = Sound(samples=np.repeat(sound.samples, 3), sample_rate=48_000)
    assert embedder.embed_sound(faster).track.shape == (256,)
    broken = Sound(samples=np.array([np.nan] * 16_000, dtype=np.float32), sample_rate=16_000)
    with pytest.raises(UnusableSound):
        embedder.embed_sound(broken)
    with pytest.raises(UnusableText):
        embedder.embed_text("...")


def test_heads_of_other_towers_and_changed_heads_are_refused(
    trained: Path, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    other = write_tiny_clap(tmp_path / "other", seed=1)
    with pytest.raises(BrokenWeights, match="train heads for it"):
        load_large(trained, audio=Wanted(name=str(other)))
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in checkpoints.clap.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    assert load_large(trained, audio=Wanted(name=str(moved))).space == load_large(trained).space
    changed = tmp_path / "heads"
    changed.mkdir()
    for path in trained.iterdir():
        (changed / path.name).write_bytes(path.read_bytes())
    with (changed / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\1")
    with pytest.raises(BrokenWeights, match="SHA-256"):
        load_large(changed)


def test_a_folder_of_other_weights_is_no_large_profile(tmp_path: Path) -> None:
    with pytest.raises(BrokenWeights):
        load_large(tmp_path)


def test_the_check_of_towers_takes_this_embedder_and_finds_a_collapse(
    embedder: LargeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = {check.name: check for check in check_towers(embedder)}
    assert checks["text: answers"].ok
    assert checks["sound: answers"].ok
    assert checks["clip: answers"].ok
    assert checks["sound: repeats"].ok
    assert checks["text: repeats"].ok
    row = embedder._towers.read(["calm piano"])
    noise = np.random.default_rng(0)

    def collapsed(texts: Sequence[str]) -> np.ndarray:
        """What larger_clap_music does: everything nearly the same."""
        rows = row + 1e-3 * noise.standard_normal((len(texts), row.shape[1]))
        return np.asarray(rows, dtype=np.float32)

    monkeypatch.setattr(embedder._towers, "read", collapsed)
    spread = next(c for c in check_towers(embedder, only=("text",)) if c.name == "text: spread")
    assert not spread.ok
    assert spread.figure > 0.95
