"""Published datasets, in tiny files of their formats."""

from pathlib import Path

import pytest

from encoders.datasets.published import READERS, read_dataset
from encoders.datasets.rows import Row, is_non_commercial, trainable
from encoders.errors import RefusedData
from encoders.training.captions import CaptionWriter, caption_rows


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")


def test_musiccaps_gives_captions_aspects_and_the_test_split(tmp_path: Path) -> None:
    write(
        tmp_path / "musiccaps-public.csv",
        "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,"
        "is_balanced_subset,is_audioset_eval\n"
        '-0Gj8-vB1q4,30,40,"/m/0140xf,/m/02cjck","[\'soft voice\', \'sad\']","A sad, soft '
        'song.",4,False,True\n'
        "-0SdAVK79lg,30,40,/m/0155w,\"['guitar song']\",A guitar plays.,0,False,False\n",
    )
    touch(tmp_path / "audio" / "-0SdAVK79lg.wav")
    test, train = read_dataset("musiccaps", tmp_path)
    assert test.texts == ("A sad, soft song.", "soft voice, sad")
    assert (test.split, test.may_train, test.sound) == ("test", False, None)
    assert (train.split, train.may_train) == ("train", True)
    assert train.sound is not None
    assert train.sound.read() == b"sound"
    assert train.labels["start_s"] == 30.0


def test_song_describer_groups_captions_of_a_track_and_never_trains(tmp_path: Path) -> None:
    write(
        tmp_path / "song_describer.csv",
        "caption_id,track_id,caption,is_valid_subset,familiarity,artist_id,album_id,path,duration\n"
        '859,1004034,"Electronic, with a hint of acid",True,0,368880,118196,34/1004034.mp3,202.5\n'
        "990,1004034,A groove,,1,368880,118196,34/1004034.mp3,202.5\n",
    )
    touch(tmp_path / "audio" / "34" / "1004034.2min.mp3")
    one, two = read_dataset("song-describer", tmp_path)
    assert one.texts == ("Electronic, with a hint of acid",)
    assert one.group == two.group != ""
    assert one.labels["is_valid_subset"] is True
    assert two.labels["is_valid_subset"] is False
    assert {one.split, two.split} == {"test"}
    assert one.sound is not None


JAMENDO = (
    "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
    "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\t"
    "mood/theme---energetic\n"
    "track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t151.4\tinstrument---piano\n"
)


def test_jamendo_reads_a_column_for_each_tag_and_its_splits(tmp_path: Path) -> None:
    write(tmp_path / "autotagging.tsv", JAMENDO)
    touch(tmp_path / "audio" / "14" / "214.low.mp3")
    first, second = read_dataset("mtg-jamendo", tmp_path)
    assert first.labels["tags"] == {"genre": ["punkrock"], "mood/theme": ["energetic"]}
    captioned = list(caption_rows([first, second], CaptionWriter()))
    assert [row.texts for row in captioned] == [
        ("energetic punkrock music",),
        ("music with piano",),
    ]
    assert first.sound is not None
    assert first.group == second.group
    header, one, two = JAMENDO.splitlines(keepends=True)
    for part, lines in (("train", one), ("validation", two), ("test", "")):
        write(tmp_path / "splits" / "split-0" / f"autotagging-{part}.tsv", header + lines)
    assert [row.split for row in read_dataset("mtg-jamendo", tmp_path)] == ["train", "val"]


def test_music_text_clips_keep_their_split_and_their_licence(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "video_id,start,end,text\nabc,10,20,Slow strings.\n")
    write(tmp_path / "test.csv", "video_id,start,end,text\nxyz,95,105,Fast drums.\n")
    touch(tmp_path / "video" / "abc.mp4")
    train, test = read_dataset("yt8m-musictextclips", tmp_path)
    assert (train.split, test.split) == ("train", "test")
    assert train.clip is not None
    assert test.labels == {"start_s": 95.0, "end_s": 105.0}
    assert is_non_commercial(train.licence)


def test_symmv_spells_keys_and_finds_scores_where_there_is_no_recording(tmp_path: Path) -> None:
    write(
        tmp_path / "SymMV.csv",
        "index\tyoutube_url\ttonality\tshazam_id\n"
        "00001\thttps://www.youtube.com/watch?v=SJOKlqJho8U\tC major\t555683241\n"
        "00002\thttps://www.youtube.com/watch?v=SJOKlqJho8U\tb- minor\n",
    )
    touch(tmp_path / "midi" / "00001.mid")
    first, second = read_dataset("symmv", tmp_path)
    assert first.sound is not None
    assert first.sound.suffix == ".mid"
    assert (first.labels["key"], second.labels["key"]) == ("C major", "B flat minor")
    assert second.labels["shazam_id"] is None
    assert first.group == second.group


def test_mgsv_keeps_the_moment_and_groups_clips_of_a_track(tmp_path: Path) -> None:
    header = "video_id,music_id,video_start,video_end,music_start,music_end,video_category\n"
    write(tmp_path / "train_data.csv", header + "11,4+5xx,0.0,25.7,23.22,48.9,Beauty\n")
    write(tmp_path / "val_data.csv", header + "12,4+5xx,0.0,9.0,1.0,10.0,Food\n")
    train, val = read_dataset("mgsv", tmp_path)
    assert (train.labels["music_start_s"], train.labels["music_end_s"]) == (23.22, 48.9)
    assert (train.split, val.split) == ("train", "val")
    assert train.group == val.group


def test_emotify_averages_listeners_and_finds_the_file_of_its_genre(tmp_path: Path) -> None:
    write(
        tmp_path / "data.csv",
        "track id,genre, amazement, solemnity, tenderness, nostalgia, calmness, power, "
        "joyful_activation, tension, sadness, mood, liked, disliked, age, gender, mother tongue\n"
        "101,rock,0,0,0,0,0,1,1,0,0,3,1,0,21,1,English\n"
        "101,rock,0,0,0,0,0,1,0,0,0,3,0,1,41,1,Dutch\n"
        "2,classical,0,1,0,0,1,0,0,0,0,4,1,0,30,0,German\n",
    )
    touch(tmp_path / "rock" / "1.mp3")
    classical, rock = read_dataset("emotify", tmp_path)
    assert (classical.id, rock.id) == ("emotify-2", "emotify-101")
    assert (rock.labels["power"], rock.labels["joyful_activation"]) == (1.0, 0.5)
    assert rock.labels["listeners"] == 2
    assert rock.sound is not None
    assert classical.sound is None


def test_only_free_training_rows_may_train() -> None:
    free = Row(id="a", licence="CC-BY-SA-4.0", may_train=True)
    test = Row(id="b", split="test", licence="CC-BY-NC-4.0")
    bound = Row(id="c", licence="CC-BY-NC-4.0")
    assert list(trainable([free, test])) == [free]
    with pytest.raises(RefusedData, match=r"'c' may not train .*CC-BY-NC-4.0"):
        list(trainable([free, bound]))
    assert list(trainable([free, bound], allow_noncommercial=True)) == [free, bound]


@pytest.mark.parametrize("name", READERS)
def test_a_folder_without_its_table_says_which_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"csv|tsv"):
        read_dataset(name, tmp_path)


def test_an_unknown_name_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="song-describer"):
        read_dataset("songs", tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("musiccaps", "musiccaps-public.csv", "id,caption\n1,x\n"),
        ("mtg-jamendo", "autotagging.tsv", "TRACK_ID\tTAGS\n1\tgenre---rock\n"),
        ("mgsv", "val_data.csv", "video_id,music_id\n1,2\n"),
        ("emotify", "data.csv", "track id,genre\n1,rock\n"),
    ],
)
def test_a_table_of_another_format_is_refused(
    name: str, file: str, text: str, tmp_path: Path
) -> None:
    write(tmp_path / file, text)
    with pytest.raises(RefusedData, match=r"column|starts with"):
        read_dataset(name, tmp_path)


def test_an_id_that_climbs_out_of_the_folder_finds_no_file(tmp_path: Path) -> None:
    write(tmp_path / "secret.mp4", "x")
    data = tmp_path / "data"
    write(data / "train.csv", "video_id,start,end,text\n../../secret,0,10,x y\n")
    (data / "video").mkdir()
    (row,) = read_dataset("yt8m-musictextclips", data)
    assert row.clip is None
