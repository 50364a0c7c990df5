"""Delimited tables with a header; refuses one without the columns that its format has."""

import csv
from collections.abc import Sequence
from pathlib import Path

from encoders.errors import RefusedData


def first_file(folder: Path, names: Sequence[str]) -> Path:
    """The first of these files that the folder has.

    Raises:
        FileNotFoundError: it has none.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder} has none of {', '.join(names)}")


def read_table(
    path: Path, columns: Sequence[str], *, delimiter: str = ","
) -> list[dict[str, str]]:
    """The rows of a table by column; a field that is missing at the end of a line is "".

    Raises:
        RefusedData: a column is missing, or the file is not UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter=delimiter, restval="")
            found = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = found
            missing = [name for name in columns if name not in found]
            if missing:
                raise RefusedData(
                    f"{path.name} has no column {', '.join(missing)}; it has {found}"
                )
            return [dict(row) for row in reader]
    except UnicodeDecodeError as error:
        raise RefusedData(f"{path.name} is not UTF-8 text: {error}") from error
