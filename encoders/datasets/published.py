"""Readers of published music datasets, as their authors lay the files out; download nothing.

    rows = read_dataset("song-describer", folder)

| name | tables read | media looked for |
| --- | --- | --- |
| musiccaps | musiccaps-public.csv (or musiccaps.csv) | audio/<ytid>.* |
| song-describer | song_describer.csv | audio/<last two digits>/<track>.2min.mp3 |
| mtg-jamendo | autotagging*.tsv, or splits/split-0/*.tsv | audio/<PATH>, or <PATH> with .low.mp3 |
| yt8m-musictextclips | train.csv, test.csv | audio/<video_id>.*, video/<video_id>.* |
| symmv | SymMV.csv | midi/<index>.mid, audio/<index>.*, video/<index>.* |
| mgsv | train_data.csv, val_data.csv, test_data.csv | music/<music_id>.*, video/<video_id>.* |
| emotify | data.csv | <genre>/<n>.mp3 |

Each is one function below with the address of its format. `may_train` is the licence's word on
weights that are given to others; `encoders.datasets.rows.trainable` enforces it.
"""

from collections.abc import Callable
from pathlib import Path

from encoders.datasets import captions, listeners, videos
from encoders.datasets.rows import Row

READERS: dict[str, Callable[[Path], list[Row]]] = {
    "musiccaps": captions.read_musiccaps,
    "song-describer": captions.read_song_describer,
    "mtg-jamendo": listeners.read_mtg_jamendo,
    "emotify": listeners.read_emotify,
    "yt8m-musictextclips": captions.read_music_text_clips,
    "symmv": videos.read_symmv,
    "mgsv": videos.read_mgsv,
}


def read_dataset(name: str, folder: Path) -> list[Row]:
    """The rows of a published dataset that lies in a folder.

    Raises:
        ValueError: no such dataset is known here.
        FileNotFoundError: the folder lacks its table.
        RefusedData: a table is not of the published format.
    """
    if name not in READERS:
        raise ValueError(f"no dataset {name!r}; there are {', '.join(READERS)}")
    return READERS[name](folder)
