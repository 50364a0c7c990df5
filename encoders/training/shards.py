"""Rows of manifests, WebDataset shards and published datasets, one after another; reads no media.

    sources = parse_sources(["tracks.jsonl", "shards/", "song-describer=/data/sdd"])
    for row in stream_rows(sources):                # encoders.datasets.rows.Row
    for row in shuffled(stream_rows(sources), buffer=4096, seed=(0, epoch)):
    for row in Share(index=rank, count=world).of(stream_rows(sources)):

Memory stays bounded by the shuffle buffer, whatever the number of rows, and the order depends on
the sources, the seed and the buffer alone, so that every process sees the same one.

A manifest is JSON lines: `id`, `file`, and what there is of `clip`, `texts` (or `text`, `caption`,
`title`), `group`, `split`, `licence`, `may_train` (or `train_shipped`). A shard is an uncompressed
tar whose members are named KEY.EXT, those of one sample one after another
(https://github.com/webdataset/webdataset): sound, pictures, `txt` with a text a line, `json` with
the fields above. Own reader over `tarfile`: of the `webdataset` package this needs the naming rule
alone, and its readers open pickles, shell pipes and URLs, which a data file should not reach.
Refused: links, devices, sparse members, names that climb, members beyond the limits or the file's
end.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np

from encoders.datasets.captions import CLIPS, SOUNDS
from encoders.datasets.published import READERS, read_dataset
from encoders.datasets.rows import Media, Row, file_media, is_non_commercial
from encoders.errors import RefusedData

SCORES = (".mid", ".midi")
MAX_TEXT_BYTES = 1 << 20  # of a txt or json member
MAX_MEDIA_BYTES = 1 << 30
MAX_MEMBERS_PER_SAMPLE = 32
UNKNOWN = "LicenseRef-unknown"
SPLITS = ("train", "val", "test")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Holds where rows are: a manifest, a shard, or a published dataset by its name."""

    path: Path
    dataset: str = ""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Holds one part of `count` that do not overlap and together are everything."""

    index: int = 0
    count: int = 1

    def of(self, items: Iterable[T]) -> Iterator[T]:
        """Every `count`-th item from `index` on."""
        return (item for i, item in enumerate(items) if i % self.count == self.index)


def parse_sources(written: Sequence[str]) -> list[Source]:
    """Sources as a user writes them: a manifest, a shard, a folder of shards, or NAME=FOLDER.

    Raises:
        RefusedData: none of these, or nothing there.
    """
    found: list[Source] = []
    for text in written:
        name, equals, folder = text.partition("=")
        if equals and name in READERS:
            found.append(Source(path=Path(folder), dataset=name))
            continue
        path = Path(text)
        parts = sorted(path.glob("*.tar")) if path.is_dir() else [path]
        if not parts or not all(p.is_file() and p.suffix in (".jsonl", ".tar") for p in parts):
            raise RefusedData(
                f"{text} is no manifest (.jsonl), no shard (.tar), no folder of shards and no "
                f"NAME=FOLDER of {', '.join(READERS)}"
            )
        found += [Source(path=part) for part in parts]
    return found


def stream_rows(sources: Iterable[Source], *, licence: str = "") -> Iterator[Row]:
    """The rows of all sources in their order.

    Args:
        sources: what to read.
        licence: SPDX id of rows of manifests and shards that state none.

    Raises:
        RefusedData: a source is not of its format, or is hostile.
        FileNotFoundError: a source is gone.
    """
    for source in sources:
        if source.dataset:
            yield from read_dataset(source.dataset, source.path)
        elif source.path.suffix == ".tar":
            yield from _read_shard(source.path, licence)
        else:
            yield from _read_manifest(source.path, licence)


def shuffled(items: Iterable[T], *, buffer: int, seed: Sequence[int]) -> Iterator[T]:
    """The items in a random order that the seed decides; at most `buffer` of them are held."""
    rng = np.random.default_rng(list(seed))
    held: list[T] = []
    for item in items:
        if len(held) < buffer:
            held.append(item)
            continue
        place = int(rng.integers(len(held)))
        yield held[place]
        held[place] = item
    yield from (held[int(i)] for i in rng.permutation(len(held)))


def _read_manifest(path: Path, licence: str) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path.name}, line {number}"
            fields = _parse_fields(line, where)
            row = _make_row(fields, str(fields.get("id") or f"{path.stem}-{number}"), licence)
            sound, clip = (_inside(path.parent, fields.get(k), where) for k in ("file", "clip"))
            yield replace(row, sound=sound, clip=clip)


def _read_shard(path: Path, licence: str) -> Iterator[Row]:
    size = path.stat().st_size
    key, members = "", list[tarfile.TarInfo]()
    try:
        with tarfile.open(path, mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                _check_member(member, path, size)
                archive.members.clear()  # type: ignore[attr-defined] # else it keeps every header
                if _key_of(member.name) != key and members:
                    yield _sample(path, key, members, licence)
                    members = []
                key = _key_of(member.name)
                members.append(member)
                if len(members) > MAX_MEMBERS_PER_SAMPLE:
                    raise RefusedData(
                        f"{path.name}: {key} has over {MAX_MEMBERS_PER_SAMPLE} parts"
                    )
    except tarfile.TarError as error:
        raise RefusedData(f"{path.name} is no uncompressed tar: {error}") from error
    if members:
        yield _sample(path, key, members, licence)


def _check_member(member: tarfile.TarInfo, path: Path, size: int) -> None:
    name = PurePosixPath(member.name)
    where = f"{path.name}: member {member.name[:80]!r}"
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or "\0" in member.name:
        raise RefusedData(f"{where} has a name that leaves its folder")
    if not member.isreg() or member.issparse():
        raise RefusedData(f"{where} is a link, a device or sparse; only plain files are read")
    is_text = name.suffix.lower() in (".txt", ".json")
    limit = MAX_TEXT_BYTES if is_text else MAX_MEDIA_BYTES
    if member.size > limit:
        raise RefusedData(f"{where} has {member.size:,} bytes; {limit:,} are read")
    if member.offset_data + member.size > size:
        raise RefusedData(f"{where} ends behind the end of the file")


def _key_of(name: str) -> str:
    """Folder and name up to the first dot of the last part, WebDataset's rule."""
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.partition('.')[0]}".lstrip("/")


def _sample(path: Path, key: str, members: Sequence[tarfile.TarInfo], licence: str) -> Row:
    parts = {PurePosixPath(m.name).suffix.lower(): _part(path, m) for m in members}
    where = f"{path.name}, sample {key}"
    fields = _parse_fields(_text(parts[".json"], where), where) if ".json" in parts else {}
    row = _make_row(fields, str(fields.get("id") or key), licence)
    lines = _text(parts[".txt"], where).splitlines() if ".txt" in parts else []
    return replace(
        row,
        texts=(*row.texts, *(line.strip() for line in lines if line.strip())),
        sound=next((parts[s] for s in (*SOUNDS, *SCORES) if s in parts), None),
        clip=next((parts[s] for s in CLIPS if s in parts), None),
    )


def _part(path: Path, member: tarfile.TarInfo) -> Media:
    return Media(
        path=path,
        suffix=PurePosixPath(member.name).suffix.lower(),
        offset=member.offset_data,
        size=member.size,
    )


def _text(media: Media, where: str) -> str:
    try:
        return media.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedData(f"{where}: {media.suffix} is not UTF-8 text") from error


# `Any`: JSON holds whatever was written into it.
def _parse_fields(written: str, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(written)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedData(f"{where}: is not JSON ({error})") from error
    if not isinstance(fields, dict):
        raise RefusedData(f"{where}: is no JSON object")
    return fields


def _make_row(fields: Mapping[str, Any], key: str, licence: str) -> Row:
    stated = str(fields.get("licence") or fields.get("license") or licence or UNKNOWN)
    allowed = fields.get("may_train", fields.get("train_shipped"))
    if allowed is None:
        allowed = stated != UNKNOWN and not is_non_commercial(stated)
    split = str(fields.get("split") or "train")
    if split not in SPLITS:
        raise RefusedData(f"{key}: split is {split!r}; it is one of {', '.join(SPLITS)}")
    return Row(
        id=key,
        texts=_texts(fields),
        labels=fields,
        split=split,
        licence=stated,
        may_train=bool(allowed),
        group=str(fields.get("group") or ""),
    )


def _texts(fields: Mapping[str, Any]) -> tuple[str, ...]:
    written = fields.get("texts")
    found = list(written) if isinstance(written, list) else []
    found += [fields.get(name) for name in ("text", "caption", "title")]
    return tuple(t.strip() for t in found if isinstance(t, str) and t.strip())


def _inside(folder: Path, name: object, where: str) -> Media | None:
    if name is None:
        return None
    path = folder / str(name)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RefusedData(f"{where}: {name!r} lies outside the manifest's folder")
    if not path.is_file():
        raise RefusedData(f"{where}: {name!r} is missing")
    return file_media(path)
