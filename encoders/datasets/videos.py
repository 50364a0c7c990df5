"""Datasets of videos with music: SymMV and MGSV-EC; download nothing."""

from pathlib import Path

from encoders.datasets.captions import CLIPS, SOUNDS
from encoders.datasets.rows import Row, find_media
from encoders.datasets.tables import first_file, read_table
from encoders.errors import RefusedData


def read_symmv(folder: Path) -> list[Row]:
    """SymMV: music videos with a piano score and chords.

    `SymMV.csv` (tab-separated: index, youtube_url, tonality, shazam_id, the last often missing),
    `midi/` and `chord/` of https://github.com/zhuole1025/SymMV/tree/main/dataset. CC-BY-NC-SA-4.0:
    nothing of it may train what is given away. Scores stand for the sound where no recording lies
    in `audio/`; videos, which the user fetches, are looked for in `video/`. Several rows may be of
    one video: those are one group. `labels["key"]` is spelt "B flat minor".
    """
    table = first_file(folder, ("SymMV.csv",))
    needed = ("index", "youtube_url", "tonality")
    return [_symmv_row(folder, row) for row in read_table(table, needed, delimiter="\t")]


def read_mgsv(folder: Path) -> list[Row]:
    """MGSV-EC: short videos and the moment of the track that was laid under them.

    `train_data.csv`, `val_data.csv` and `test_data.csv` of
    https://huggingface.co/datasets/xxayt/MGSV-EC; columns as in the tables of
    https://github.com/xxayt/MGSV. CC-BY-NC-4.0: nothing of it may train what is given away. The
    media are not published; who has them lays them in `music/` and `video/` by their ids. Rows of
    one track are one group, as its authors mask them.
    """
    rows = []
    root = folder / "dataset" / "MGSV-EC"
    root = root if root.is_dir() else folder
    needed = ("video_id", "music_id", "video_start", "video_end", "music_start", "music_end")
    for split in ("train", "val", "test"):
        table = root / f"{split}_data.csv"
        if table.is_file():
            rows += [_mgsv_row(folder, row, split) for row in read_table(table, needed)]
    if not rows:
        raise FileNotFoundError(f"{root} has none of train_data.csv, val_data.csv, test_data.csv")
    return rows


def _symmv_row(folder: Path, row: dict[str, str]) -> Row:
    index, video = row["index"], row["youtube_url"].rpartition("v=")[2]
    sound = find_media(folder / "audio", index, SOUNDS)
    return Row(
        id=f"symmv-{index}",
        labels={
            "key": _spell_key(row["tonality"]),
            "youtube_id": video,
            "shazam_id": row.get("shazam_id") or None,
        },
        split="train",
        licence="CC-BY-NC-SA-4.0",
        may_train=False,
        sound=sound or find_media(folder / "midi", index, (".mid", ".midi")),
        clip=find_media(folder / "video", index, CLIPS),
        group=f"symmv-{video}",
    )


def _spell_key(written: str) -> str:
    """Spell "b- minor" as "B flat minor" and "c# minor" as "C sharp minor"; "" stays."""
    tonic, _, mode = written.strip().partition(" ")
    accidental = {"-": " flat", "#": " sharp"}.get(tonic[1:], "")
    return f"{tonic[:1].upper()}{accidental} {mode}".strip()


def _mgsv_row(folder: Path, row: dict[str, str], split: str) -> Row:
    try:
        moment = {
            f"{part}_s": float(row[part])
            for part in ("video_start", "video_end", "music_start", "music_end")
        }
    except ValueError as error:
        raise RefusedData(f"video {row['video_id']}: a time is no number ({error})") from error
    return Row(
        id=f"mgsv-{row['video_id']}",
        labels={
            "music_id": row["music_id"],
            "category": row.get("video_category", ""),
            **moment,
        },
        split=split,
        licence="CC-BY-NC-4.0",
        may_train=False,
        sound=find_media(folder / "music", row["music_id"], SOUNDS),
        clip=find_media(folder / "video", row["video_id"], CLIPS),
        group=f"mgsv-{row['music_id']}",
    )
