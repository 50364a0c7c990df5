"""Datasets of captions: MusicCaps, Song Describer, YouTube8M-MusicTextClips; download nothing."""

import ast
from pathlib import Path

from encoders.datasets.rows import Media, Row, find_media
from encoders.datasets.tables import first_file, read_table
from encoders.errors import RefusedData

SOUNDS = (".flac", ".wav", ".ogg", ".opus", ".mp3", ".m4a")
CLIPS = (".mp4", ".webm", ".mkv")


def read_musiccaps(folder: Path) -> list[Row]:
    """MusicCaps: captions and aspect lists for ten seconds of YouTube videos.

    The table is `musiccaps-public.csv` of https://huggingface.co/datasets/google/MusicCaps
    (CC-BY-SA-4.0); the sound is not part of it. The first text is the caption, the second the
    aspects. Rows of AudioSet's evaluation set are the test split.
    """
    table = first_file(folder, ("musiccaps-public.csv", "musiccaps.csv"))
    needed = ("ytid", "start_s", "end_s", "aspect_list", "caption", "is_audioset_eval")
    return [_musiccaps_row(folder, row) for row in read_table(table, needed)]


def read_song_describer(folder: Path) -> list[Row]:
    """The Song Describer Dataset: captions of two-minute excerpts of MTG-Jamendo.

    `song_describer.csv` and `audio/` of https://doi.org/10.5281/zenodo.10072001 (captions
    CC-BY-SA-4.0). Made for evaluation: every row is of the test split and none may train. One row
    a caption; captions of one track are one group. `labels["is_valid_subset"]` names the 746
    validated captions.
    """
    table = first_file(folder, ("song_describer.csv",))
    needed = ("caption_id", "track_id", "caption", "is_valid_subset", "path", "duration")
    return [
        Row(
            id=f"sdd-{row['caption_id']}",
            texts=(row["caption"].strip(),),
            labels={
                "track_id": row["track_id"],
                "is_valid_subset": row["is_valid_subset"].strip().lower() == "true",
                "duration_s": float(row["duration"]),
            },
            split="test",
            licence="CC-BY-SA-4.0",
            may_train=False,
            sound=_describer_sound(folder / "audio", row["path"], row["track_id"]),
            group=f"sdd-track-{row['track_id']}",
        )
        for row in read_table(table, needed)
    ]


def read_music_text_clips(folder: Path) -> list[Row]:
    """YouTube8M-MusicTextClips: captions of the middle ten seconds of music videos.

    `train.csv` and `test.csv` of https://zenodo.org/records/8040754 with video_id, start, end and
    text. Research-only, non-commercial Adobe licence: nothing of it may train what is given away.
    """
    rows = []
    for split in ("train", "test"):
        if not (folder / f"{split}.csv").is_file():
            continue
        for row in read_table(folder / f"{split}.csv", ("video_id", "start", "end", "text")):
            rows.append(_text_clip_row(folder, row, split))
    if not rows:
        raise FileNotFoundError(f"{folder} has neither train.csv nor test.csv with a row")
    return rows


def _musiccaps_row(folder: Path, row: dict[str, str]) -> Row:
    is_test = row["is_audioset_eval"].strip().lower() in ("true", "1")
    aspects = _aspects(row["ytid"], row["aspect_list"])
    return Row(
        id=f"musiccaps-{row['ytid']}",
        texts=(row["caption"].strip(), ", ".join(aspects)),
        labels={
            "aspects": aspects,
            "start_s": float(row["start_s"]),
            "end_s": float(row["end_s"]),
        },
        split="test" if is_test else "train",
        licence="CC-BY-SA-4.0",
        may_train=not is_test,
        sound=find_media(folder / "audio", row["ytid"], SOUNDS),
    )


def _aspects(ytid: str, written: str) -> tuple[str, ...]:
    """The aspect list as the table spells it: a Python list of strings."""
    try:
        return tuple(str(a).strip() for a in ast.literal_eval(written))
    except (ValueError, SyntaxError, TypeError) as error:
        raise RefusedData(f"{ytid}: the aspect list {written[:60]!r} is no list") from error


def _describer_sound(audio: Path, path: str, track_id: str) -> Media | None:
    """The published archive holds `34/1004034.2min.mp3` for the path `34/1004034.mp3`."""
    stem = path.removesuffix(".mp3") or f"{track_id[-2:]}/{track_id}"
    return find_media(audio, stem, (".2min.mp3", ".mp3"))


def _text_clip_row(folder: Path, row: dict[str, str], split: str) -> Row:
    return Row(
        id=f"yt8m-mtc-{row['video_id']}-{row['start']}",
        texts=(row["text"].strip(),),
        labels={"start_s": float(row["start"]), "end_s": float(row["end"])},
        split=split,
        licence="LicenseRef-Adobe-Research-NonCommercial",
        may_train=False,
        sound=find_media(folder / "audio", row["video_id"], SOUNDS),
        clip=find_media(folder / "video", row["video_id"], CLIPS),
        group=f"yt8m-{row['video_id']}",
    )
