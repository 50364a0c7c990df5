"""The story of a self-supervised training: from a folder of recordings to weights below `out`.

    trained = train_recordings(presets.clmr(), Path("music"), Path("out"), show)

Knows no terminal. Nothing that is in use changes.
"""

from dataclasses import dataclass
from pathlib import Path

from encoders.training.contrastive_audio import read_num_recordings, train_views
from encoders.training.presets import ViewsConfig
from encoders.training.run import Report
from media.formats import SUFFIXES
from services.errors import InvalidRequest
from services.training.pace import tell_pace


@dataclass(frozen=True, kw_only=True)
class TrainedViews:
    """Holds what came of a self-supervised training."""

    weights: tuple[Path, ...]  # `likeness/`, and `musicnn/` where the trunk was fine-tuned
    num_recordings: int
    num_files: int  # with those that could not be read


def train_recordings(
    config: ViewsConfig, folder: Path, out_dir: Path, progress: Report
) -> TrainedViews:
    """Learn from all recordings of a folder and its folders, without a word about them.

    Args:
        config: a preset.
        folder: of audio files; hidden ones are left out.
        out_dir: gets views, checkpoints and weights.
        progress: hears how far it is.

    Raises:
        InvalidRequest: fewer readable recordings than the preset wants.
    """
    files = find_recordings(folder)
    if len(files) < config.min_recordings:
        raise InvalidRequest(
            f"{folder} has {len(files)} recordings; {config.min_recordings} or more are needed, "
            f"files that end in {', '.join(sorted(SUFFIXES['track']))}"
        )
    try:
        train_views(config, files, out_dir, tell_pace(progress))
    except ValueError as error:  # too few of them can be read
        raise InvalidRequest(str(error)) from error
    names = ("likeness", "musicnn") if config.finetune else ("likeness",)
    return TrainedViews(
        weights=tuple(out_dir / name for name in names),
        num_recordings=read_num_recordings(out_dir),
        num_files=len(files),
    )


def find_recordings(folder: Path) -> list[Path]:
    """The audio files below a folder in order, told by their names; none that is hidden."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES["track"]
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and file.is_file()
    )
