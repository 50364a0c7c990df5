"""Puts finished heads where the embedder loads them, whole or not at all.

    staged = stage_weights(out_dir)         # a weights folder of its own: new heads, same trunks
    install_heads(staged)                   # after it was checked and calibrated

The heads that were there lie beside the new ones until those have been loaded and have answered;
if they do not, the old ones come back.
"""

import shutil
from pathlib import Path

from encoders.embed import load_embedder
from encoders.health import REFERENCES, check_towers, require_healthy
from encoders.training.save import SOURCES
from encoders.trunks.checkpoint import WEIGHTS

STAGED = "weights"
TRAINED = ("audio", "text", "instruments", "clip", "fusion", SOURCES)
HEADS, NEW, BEFORE = "heads", "heads.new", "heads.before"


def stage_weights(out_dir: Path, weights: Path = WEIGHTS) -> Path:
    """A weights folder below `out_dir` with the trained heads; what was not trained is as it is.

    Raises:
        FileNotFoundError: `out_dir` holds no trained heads.
    """
    staged = out_dir / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for part in weights.iterdir():
        if part.is_dir() and not part.name.startswith(HEADS):
            (staged / part.name).symlink_to(part.resolve())
    shutil.copytree(weights / HEADS, staged / HEADS)
    for name in TRAINED:
        if not (out_dir / name).exists():
            if name == TRAINED[0]:
                raise FileNotFoundError(f"{out_dir} holds no trained heads")
            continue
        _replace(out_dir / name, staged / HEADS / name)
    return staged


def install_heads(staged: Path, weights: Path = WEIGHTS) -> str:
    """Put the staged heads and references among the shipped weights; the space that results.

    Raises:
        BrokenTower: they do not answer as they did when staged; the old ones are back.
        BrokenWeights: a file was lost on the way; the old ones are back.
    """
    new, before, heads = weights / NEW, weights / BEFORE, weights / HEADS
    _settle(heads, before)
    recorded = weights / REFERENCES
    recorded_before = recorded.with_suffix(".before") if recorded.exists() else None
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(staged / HEADS, new)
    if recorded_before is not None:
        shutil.copyfile(recorded, recorded_before)
    heads.rename(before)
    try:
        new.rename(heads)
        shutil.copyfile(staged / REFERENCES, recorded)
        embedder = load_embedder(weights=weights)
        require_healthy(check_towers(embedder))
    except BaseException:
        shutil.rmtree(heads, ignore_errors=True)
        before.rename(heads)
        if recorded_before is not None:
            recorded_before.replace(recorded)
        raise
    shutil.rmtree(before)
    if recorded_before is not None:
        recorded_before.unlink()
    return str(embedder.space)


def _settle(heads: Path, before: Path) -> None:
    """End what an installation that was cut off has left; whole heads are in one of the two."""
    if heads.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        before.rename(heads)


def _replace(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
