from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from media.limits import Limits
from media.midi import read_score
from media.pictures import write_piano_roll
from tests.media_makers import encode_number, midi_file, midi_note

DRUM = b"\x00\x99\x24\x64" + encode_number(240) + b"\x89\x24\x00"
MELODY = b"\x00\xc0\x28" + b"".join(midi_note(p, 480) for p in (60, 62, 64, 65, 67, 69, 71, 72))


def draw(folder: Path, data: bytes, title: str = "A tune") -> np.ndarray:
    path = folder / "roll.png"
    write_piano_roll(read_score(data, Limits()), path, title)
    with PIL.Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def count_colour(pixels: np.ndarray, red: int, green: int, blue: int) -> int:
    return int((np.abs(pixels.astype(int) - [red, green, blue]).max(axis=2) < 45).sum())


def test_notes_are_drawn_in_the_colour_of_their_instrument(tmp_path: Path) -> None:
    pixels = draw(tmp_path, midi_file(MELODY))
    assert pixels.shape[1] > 1000
    assert count_colour(pixels, 0x00, 0x72, 0xB2) > 5_000


def test_a_melody_rises_from_left_to_right(tmp_path: Path) -> None:
    pixels = draw(tmp_path, midi_file(MELODY))[:, :1300].astype(int)
    blue = np.abs(pixels - [0x2E, 0x8B, 0xC0]).max(axis=2) < 60
    rows, columns = np.nonzero(blue)
    assert np.corrcoef(rows, columns)[0, 1] < -0.9


@pytest.mark.parametrize("tracks", [(MELODY, DRUM), (DRUM,), (midi_note(60, 1),)])
def test_drums_alone_beside_others_and_single_notes_are_drawn(
    tmp_path: Path, tracks: tuple[bytes, ...]
) -> None:
    assert draw(tmp_path, midi_file(*tracks)).size > 0


def test_a_title_in_any_script_is_drawn(tmp_path: Path) -> None:
    assert draw(tmp_path, midi_file(MELODY), "雨 $x$ и дождь").size > 0


def test_a_change_of_metre_and_a_late_metre_are_drawn(tmp_path: Path) -> None:
    metre = b"\x00\xff\x58\x04\x03\x02\x18\x08"
    late = encode_number(9600) + b"\xff\x58\x04\x07\x03\x18\x08"
    assert draw(tmp_path, midi_file(metre + MELODY + metre + late)).size > 0
