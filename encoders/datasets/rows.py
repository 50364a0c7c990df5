"""What every dataset becomes: rows of texts beside media, with licence and split; reads no file.

    rows = read_dataset("song-describer", folder)       # encoders.datasets.published
    trainable(rows)                                     # refuses what may not train

A `Media` is a file or a part of one: a member of an uncompressed tar archive is named by the
archive, its offset and its size, so that a row can be kept and read later.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from encoders.errors import RefusedData

NON_COMMERCIAL_MARKS = ("-NC", "NONCOMMERCIAL", "NON-COMMERCIAL", "RESEARCH-ONLY")


@dataclass(frozen=True, kw_only=True)
class Media:
    """Holds where bytes lie.

    Attributes:
        path: the file, or the archive that they are a part of.
        suffix: of the media itself, with its dot, lower case.
        offset: of the first byte.
        size: of the part in bytes; None is the whole file.
    """

    path: Path
    suffix: str
    offset: int = 0
    size: int | None = None

    def read(self) -> bytes:
        """The bytes.

        Raises:
            OSError: the file is gone.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read() if self.size is None else file.read(self.size)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Holds one example.

    Attributes:
        id: unique within its dataset.
        texts: what people or a template wrote of the music; may be empty.
        labels: what the dataset says beside texts, as the dataset spells it.
        split: "train", "val" or "test".
        licence: SPDX id of the annotations, or a LicenseRef.
        may_train: whether weights that are given to others may learn from it.
        sound: the recording or score where the folder has it.
        clip: the pictures where the folder has them.
        group: rows of one group are never each other's wrong answer (versions of one piece, clips
            of one track); empty where the row is alone.
    """

    id: str
    texts: tuple[str, ...] = ()
    labels: Mapping[str, object] = field(default_factory=dict)
    split: str = "train"
    licence: str = "LicenseRef-unknown"
    may_train: bool = False
    sound: Media | None = None
    clip: Media | None = None
    group: str = ""


def file_media(path: Path) -> Media:
    """A whole file as media."""
    return Media(path=path, suffix=path.suffix.lower())


def find_media(folder: Path, stem: str, suffixes: Iterable[str]) -> Media | None:
    """`folder/stem` with the first suffix that exists, never a file outside the folder."""
    root = folder.resolve()
    for suffix in suffixes:
        path = folder / f"{stem}{suffix}"
        if path.is_file() and path.resolve().is_relative_to(root):
            return file_media(path)
    return None


def is_non_commercial(licence: str) -> bool:
    """Whether an SPDX id or a LicenseRef forbids commercial use."""
    return any(mark in licence.upper() for mark in NON_COMMERCIAL_MARKS)


def trainable(rows: Iterable[Row], *, allow_noncommercial: bool = False) -> Iterator[Row]:
    """The training rows, split "train" only, one after another.

    Args:
        rows: of any datasets.
        allow_noncommercial: takes rows that may not train what is given to others; what learns
            from them has to say so.

    Raises:
        RefusedData: a training row may not train and nothing allows it.
    """
    for row in rows:
        if row.split != "train":
            continue
        if not row.may_train and not allow_noncommercial:
            raise RefusedData(
                f"row {row.id!r} may not train weights that are given to others ({row.licence}); "
                "leave its dataset out, state its licence if it is yours, or allow it with "
                "allow_noncommercial, which marks the heads and their space"
            )
        yield row
