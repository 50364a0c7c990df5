"""Datasets of tags and listeners' answers: MTG-Jamendo and Emotify; download nothing."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from encoders.datasets.rows import Media, Row, find_media
from encoders.datasets.tables import first_file, read_table
from encoders.errors import RefusedData

JAMENDO_HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
JAMENDO_TABLES = (
    "autotagging.tsv", "autotagging_top50tags.tsv", "autotagging_moodtheme.tsv",
    "autotagging_genre.tsv", "autotagging_instrument.tsv", "raw_30s.tsv",
)  # fmt: skip
SPLITS = {"train": "train", "validation": "val", "test": "test"}
EMOTIFY_EMOTIONS = (
    "amazement", "solemnity", "tenderness", "nostalgia", "calmness",
    "power", "joyful_activation", "tension", "sadness",
)  # fmt: skip
EMOTIFY_PER_GENRE = 100


def read_mtg_jamendo(folder: Path) -> list[Row]:
    """MTG-Jamendo: tags of genre, instrument, mood and theme for 55,000 tracks.

    The tab-separated tables of https://github.com/MTG/mtg-jamendo-dataset (folder `data`); a line
    has one more column for each tag after the first. With `splits/split-0/` its three files give
    the splits, else every row is "train". The metadata is CC-BY-NC-SA-4.0 and so are, mostly, the
    recordings: nothing of it may train what is given away. Rows of one artist are one group.
    """
    rows = []
    for table, split in _jamendo_tables(folder):
        rows += [_jamendo_row(folder, line, split) for line in _jamendo_lines(table)]
    return rows


def read_emotify(folder: Path) -> list[Row]:
    """Emotify: which emotions of the Geneva scale players of a game felt, 400 excerpts.

    `data.csv` of http://www2.projects.science.uu.nl/memotion/emotifydata/ has one line a listener:
    track id 1 to 400, genre, nine emotions (1 felt), mood, liked, disliked, age, gender, mother
    tongue. Tracks 1 to 100 are classical, then rock, electronic and pop; the sound lies in one
    folder a genre, 1.mp3 to 100.mp3. Magnatune recordings, CC-BY-NC-SA: evaluation only, every row
    is of the test split. Labels are shares of listeners, 0 to 1.
    """
    answers: dict[tuple[int, str], list[Mapping[str, str]]] = defaultdict(list)
    table = first_file(folder, ("data.csv",))
    for line in read_table(table, ("track id", "genre", *EMOTIFY_EMOTIONS, "liked", "disliked")):
        answers[_number("track id", line["track id"]), line["genre"].strip()].append(line)
    return [
        _emotify_row(folder, number, genre, lines)
        for (number, genre), lines in sorted(answers.items())
    ]


def _jamendo_tables(folder: Path) -> list[tuple[Path, str]]:
    """Tables with the split that they are: those of split 0 where they lie there."""
    splits = folder / "splits" / "split-0"
    if splits.is_dir():
        for name in JAMENDO_TABLES:
            stem = name.removesuffix(".tsv")
            found = [(splits / f"{stem}-{part}.tsv", ours) for part, ours in SPLITS.items()]
            if all(path.is_file() for path, _ in found):
                return found
    return [(first_file(folder, JAMENDO_TABLES), "train")]


def _jamendo_lines(table: Path) -> list[list[str]]:
    with table.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(reader, [])
        if header[: len(JAMENDO_HEADER)] != JAMENDO_HEADER:
            raise RefusedData(f"{table.name} starts with {header[:6]}, not with {JAMENDO_HEADER}")
        return [line for line in reader if line]


def _jamendo_row(folder: Path, line: Sequence[str], split: str) -> Row:
    if len(line) < len(JAMENDO_HEADER):
        raise RefusedData(f"{line[0]}: {len(line)} columns, at least {len(JAMENDO_HEADER)} needed")
    track, artist, album, path, duration = line[:5]
    tags: dict[str, list[str]] = defaultdict(list)
    for tag in line[5:]:
        kind, _, name = tag.partition("---")
        tags[kind].append(name)
    return Row(
        id=track,
        labels={
            "artist": artist,
            "album": album,
            "duration_s": float(duration),
            "tags": dict(tags),
        },
        split=split,
        licence="CC-BY-NC-SA-4.0",
        may_train=False,
        sound=_jamendo_sound(folder, path),
        group=artist,
    )


def _jamendo_sound(folder: Path, path: str) -> Media | None:
    stem = path.removesuffix(".mp3")
    for root in (folder / "audio", folder):
        found = find_media(root, stem, (".mp3", ".low.mp3", ".opus", ".flac"))
        if found is not None:
            return found
    return None


def _emotify_row(folder: Path, number: int, genre: str, lines: Sequence[Mapping[str, str]]) -> Row:
    shares = {
        name: sum(_number(name, line[name]) for line in lines) / len(lines)
        for name in (*EMOTIFY_EMOTIONS, "liked", "disliked")
    }
    within = (number - 1) % EMOTIFY_PER_GENRE + 1
    return Row(
        id=f"emotify-{number}",
        labels={"genre": genre, "listeners": len(lines), **shares},
        split="test",
        licence="CC-BY-NC-SA-4.0",
        may_train=False,
        sound=find_media(folder / genre, str(within), (".mp3",)),
    )


def _number(name: str, written: str) -> int:
    try:
        return int(written.strip())
    except ValueError as error:
        raise RefusedData(
            f"the column {name} holds {written[:40]!r}, a number is needed"
        ) from error
