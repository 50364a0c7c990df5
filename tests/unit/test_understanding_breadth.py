"""How much of the field's own words the parser knows: instruments, genres, languages, denials."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoders.understanding import understand_text

LEAST_KNOWN = 0.95  # share of names
INSTRUMENT_ROOT, GENRE_ROOT = "Musical instrument", "Music genre"
NO_INSTRUMENT = {"Musical instrument", "Musical ensemble"}  # names of groups
NO_GENRE = {"Music genre"}
# General MIDI level 1 without the sounds that are no instruments (121 and up).
GENERAL_MIDI = """
Acoustic Grand Piano, Bright Acoustic Piano, Electric Grand Piano, Honky-tonk Piano,
Electric Piano 1, Electric Piano 2, Harpsichord, Clavi, Celesta, Glockenspiel, Music Box,
Vibraphone, Marimba, Xylophone, Tubular Bells, Dulcimer, Drawbar Organ, Percussive Organ,
Rock Organ, Church Organ, Reed Organ, Accordion, Harmonica, Tango Accordion,
Acoustic Guitar (nylon), Acoustic Guitar (steel), Electric Guitar (jazz),
Electric Guitar (clean), Electric Guitar (muted), Overdriven Guitar, Distortion Guitar,
Guitar Harmonics, Acoustic Bass, Electric Bass (finger), Electric Bass (pick), Fretless Bass,
Slap Bass 1, Slap Bass 2, Synth Bass 1, Synth Bass 2, Violin, Viola, Cello, Contrabass,
Tremolo Strings, Pizzicato Strings, Orchestral Harp, Timpani, String Ensemble 1,
String Ensemble 2, SynthStrings 1, SynthStrings 2, Choir Aahs, Voice Oohs, Synth Voice,
Orchestra Hit, Trumpet, Trombone, Tuba, Muted Trumpet, French Horn, Brass Section,
SynthBrass 1, SynthBrass 2, Soprano Sax, Alto Sax, Tenor Sax, Baritone Sax, Oboe, English Horn,
Bassoon, Clarinet, Piccolo, Flute, Recorder, Pan Flute, Blown Bottle, Shakuhachi, Whistle,
Ocarina, Lead 1 (square), Lead 2 (sawtooth), Lead 3 (calliope), Lead 4 (chiff),
Lead 5 (charang), Lead 6 (voice), Lead 7 (fifths), Lead 8 (bass + lead), Pad 1 (new age),
Pad 2 (warm), Pad 3 (polysynth), Pad 4 (choir), Pad 5 (bowed), Pad 6 (metallic), Pad 7 (halo),
Pad 8 (sweep), FX 1 (rain), FX 2 (soundtrack), FX 3 (crystal), FX 4 (atmosphere),
FX 5 (brightness), FX 6 (goblins), FX 7 (echoes), FX 8 (sci-fi), Sitar, Banjo, Shamisen, Koto,
Kalimba, Bag pipe, Fiddle, Shanai, Tinkle Bell, Agogo, Steel Drums, Woodblock, Taiko Drum,
Melodic Tom, Synth Drum, Reverse Cymbal
"""


def share_known(names: list[str], kinds: tuple[str, ...]) -> float:
    known = [any(a.name in kinds for a in understand_text(name).asked) for name in names]
    return sum(known) / len(names)


def below(rows: list[dict[str, object]], root: str) -> Iterator[str]:
    """Names of a class of the ontology and of everything under it."""
    by_id = {str(row["id"]): row for row in rows}
    waiting = [str(row["id"]) for row in rows if row["name"] == root]
    while waiting:
        row = by_id.get(waiting.pop())
        if row is not None:
            yield str(row["name"])
            waiting += [str(child) for child in row["child_ids"]]  # type: ignore[attr-defined]


def test_every_instrument_of_general_midi_is_understood() -> None:
    names = [" ".join(name.split()) for name in GENERAL_MIDI.split(",")]
    assert len(names) == 120
    missing = [n for n in names if share_known([n], ("instrument", "vocals")) == 0]
    assert missing == []


def test_instruments_of_the_ontology_are_understood(data_dir: Path) -> None:
    path = data_dir / "text" / "audioset_music_ontology.json"
    names = set(below(json.loads(path.read_text(encoding="utf-8")), INSTRUMENT_ROOT))
    assert len(names) > 80
    kinds = ("instrument", "vocals")
    assert share_known(sorted(names - NO_INSTRUMENT), kinds) >= LEAST_KNOWN


def test_genres_of_the_ontology_are_understood(data_dir: Path) -> None:
    path = data_dir / "text" / "audioset_music_ontology.json"
    names = set(below(json.loads(path.read_text(encoding="utf-8")), GENRE_ROOT))
    kinds = ("genre", "vocals", "mood", "activity")
    assert share_known(sorted(names - NO_GENRE), kinds) >= LEAST_KNOWN


def test_genres_of_the_tree_are_understood(data_dir: Path) -> None:
    lines = (data_dir / "text" / "genres_tree.yaml").read_text(encoding="utf-8").splitlines()
    names = [line.strip().removeprefix("- ").rstrip(":").strip("'\" ") for line in lines]
    names = [n for n in names if n and not n.startswith("#")]
    assert len(names) > 700
    assert share_known(names, ("genre",)) >= LEAST_KNOWN


@pytest.mark.parametrize(
    "text",
    ["musica allegra per ballare", "sakin piyano müziği", "surullinen pianomusiikki",
     "trist klavermusik", "nhạc buồn", "smutná hudba na klavír", "szomorú zongora",
     "슬픈 음악", "موسيقى هادئة", "λυπημένη μουσική", "música calma para dormir",
     "rustige muziek om te slapen", "spokojna muzyka do snu", "musik sedih tanpa drum"],
)  # fmt: skip
def test_other_languages_are_said_to_be_unsupported(text: str) -> None:
    understanding = understand_text(text)
    assert not understanding.language_supported
    assert understanding.asked == ()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("no rapping please", ("genre", "rapping", -1)),
        ("drum free", ("instrument", "drums", -1)),
        ("less drums", ("instrument", "drums", -1)),
        ("slow piano, no kazoo", ("instrument", "harmonica", -1)),
        ("nothing with a beat", ("instrument", "drums", -1)),
        ("half time", ("tempo", "slow", 1)),
        ("under two minutes", ("length_s_max", 120.0, 1)),
        ("early eighties synthpop", ("genre", "synthpop", 1)),
        ("no singing whatsoever", ("vocals", "vocals", -1)),
        ("pedal steel", ("instrument", "steel guitar", 1)),
    ],
)
def test_ordinary_wishes_are_read(text: str, asked: tuple[str, str | float, int]) -> None:
    understanding = understand_text(text)
    assert asked in {(a.name, a.value, a.sign) for a in understanding.asked}
    assert understanding.not_understood == ()
