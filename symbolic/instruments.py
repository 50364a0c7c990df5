"""General MIDI instruments: names, families, ranges and what each can play. Knows no scores.

Names follow the General MIDI 1 sound set (MIDI Manufacturers Association, RP-003); program
numbers count from 0, the drum kit of channel 10 is -1.
"""

from collections.abc import Mapping
from types import MappingProxyType

DRUMS = -1
DRUMS_NAME = "Drums"

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Piano": (
            "Acoustic Grand Piano",
            "Bright Acoustic Piano",
            "Electric Grand Piano",
            "Honky-tonk Piano",
            "Electric Piano 1",
            "Electric Piano 2",
            "Harpsichord",
            "Clavinet",
        ),
        "Chromatic Percussion": (
            "Celesta",
            "Glockenspiel",
            "Music Box",
            "Vibraphone",
            "Marimba",
            "Xylophone",
            "Tubular Bells",
            "Dulcimer",
        ),
        "Organ": (
            "Drawbar Organ",
            "Percussive Organ",
            "Rock Organ",
            "Church Organ",
            "Reed Organ",
            "Accordion",
            "Harmonica",
            "Tango Accordion",
        ),
        "Guitar": (
            "Acoustic Guitar (nylon)",
            "Acoustic Guitar (steel)",
            "Electric Guitar (jazz)",
            "Electric Guitar (clean)",
            "Electric Guitar (muted)",
            "Overdriven Guitar",
            "Distortion Guitar",
            "Guitar Harmonics",
        ),
        "Bass": (
            "Acoustic Bass",
            "Electric Bass (finger)",
            "Electric Bass (pick)",
            "Fretless Bass",
            "Slap Bass 1",
            "Slap Bass 2",
            "Synth Bass 1",
            "Synth Bass 2",
        ),
        "Strings": (
            "Violin",
            "Viola",
            "Cello",
            "Contrabass",
            "Tremolo Strings",
            "Pizzicato Strings",
            "Orchestral Harp",
            "Timpani",
        ),
        "Ensemble": (
            "String Ensemble 1",
            "String Ensemble 2",
            "Synth Strings 1",
            "Synth Strings 2",
            "Choir Aahs",
            "Voice Oohs",
            "Synth Choir",
            "Orchestra Hit",
        ),
        "Brass": (
            "Trumpet",
            "Trombone",
            "Tuba",
            "Muted Trumpet",
            "French Horn",
            "Brass Section",
            "Synth Brass 1",
            "Synth Brass 2",
        ),
        "Reed": (
            "Soprano Sax",
            "Alto Sax",
            "Tenor Sax",
            "Baritone Sax",
            "Oboe",
            "English Horn",
            "Bassoon",
            "Clarinet",
        ),
        "Pipe": (
            "Piccolo",
            "Flute",
            "Recorder",
            "Pan Flute",
            "Blown bottle",
            "Shakuhachi",
            "Whistle",
            "Ocarina",
        ),
        "Synth Lead": (
            "Lead 1 (square)",
            "Lead 2 (sawtooth)",
            "Lead 3 (calliope)",
            "Lead 4 chiff",
            "Lead 5 (charang)",
            "Lead 6 (voice)",
            "Lead 7 (fifths)",
            "Lead 8 (bass + lead)",
        ),
        "Synth Pad": (
            "Pad 1 (new age)",
            "Pad 2 (warm)",
            "Pad 3 (polysynth)",
            "Pad 4 (choir)",
            "Pad 5 (bowed)",
            "Pad 6 (metallic)",
            "Pad 7 (halo)",
            "Pad 8 (sweep)",
        ),
        "Synth Effects": (
            "FX 1 (rain)",
            "FX 2 (soundtrack)",
            "FX 3 (crystal)",
            "FX 4 (atmosphere)",
            "FX 5 (brightness)",
            "FX 6 (goblins)",
            "FX 7 (echoes)",
            "FX 8 (sci-fi)",
        ),
        "Ethnic": (
            "Sitar",
            "Banjo",
            "Shamisen",
            "Koto",
            "Kalimba",
            "Bagpipe",
            "Fiddle",
            "Shanai",
        ),
        "Percussive": (
            "Tinkle Bell",
            "Agogo",
            "Steel Drums",
            "Woodblock",
            "Taiko Drum",
            "Melodic Tom",
            "Synth Drum",
            "Reverse Cymbal",
        ),
        "Sound Effects": (
            "Guitar Fret Noise",
            "Breath Noise",
            "Seashore",
            "Bird Tweet",
            "Telephone Ring",
            "Helicopter",
            "Applause",
            "Gunshot",
        ),
    }
)
PROGRAM_NAMES = tuple(name for members in FAMILIES.values() for name in members)
FAMILY_NAMES = tuple(FAMILIES)

# Everyday words -> what they stand for: one instrument when asked for, all of them when refused.
# The first program is the one that plays.
EVERYDAY: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "drums": (DRUMS,),
        "drum kit": (DRUMS,),
        "percussion": (DRUMS, *range(112, 120)),
        "piano": (0, 1, 2, 3, 4, 5),
        "electric piano": (4, 5),
        "organ": (19, 16, 17, 18, 20),
        "guitar": (24, 25, 26, 27, 28, 29, 30, 31),
        "acoustic guitar": (25, 24),
        "electric guitar": (27, 26, 28, 29, 30, 31),
        "bass": (33, 32, 34, 35, 36, 37, 38, 39),
        "electric bass": (33, 34, 35, 36, 37),
        "strings": (48, 49, 50, 51, 40, 41, 42, 43, 44, 45),
        "harp": (46,),
        "choir": (52, 53, 54, 91),
        "voice": (53, 52, 54, 85),
        "brass": (61, 56, 57, 58, 59, 60, 62, 63),
        "horn": (60,),
        "saxophone": (65, 64, 66, 67),
        "sax": (65, 64, 66, 67),
        "woodwinds": (73, 68, 69, 70, 71, 72, 74, 75, 77, 79),
        "synth": (81, *range(80, 104), 38, 39, 50, 51, 62, 63),
        "synthesizer": (81, *range(80, 104), 38, 39, 50, 51, 62, 63),
        "pad": (89, 88, *range(90, 96)),
        "bells": (14, 9, 112),
    }
)

# Lowest and highest comfortable MIDI pitch of a family, then of instruments that differ.
FAMILY_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "Piano": (28, 96),
        "Chromatic Percussion": (53, 89),
        "Organ": (36, 91),
        "Guitar": (40, 84),
        "Bass": (28, 55),
        "Strings": (48, 88),
        "Ensemble": (40, 88),
        "Brass": (46, 81),
        "Reed": (50, 84),
        "Pipe": (60, 93),
        "Synth Lead": (48, 91),
        "Synth Pad": (40, 88),
        "Synth Effects": (48, 88),
        "Ethnic": (50, 84),
        "Percussive": (48, 79),
        "Sound Effects": (48, 72),
    }
)
RANGES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        6: (36, 86), 7: (36, 86), 8: (60, 96), 9: (72, 98), 10: (60, 96), 12: (48, 86),
        21: (53, 89), 22: (60, 86), 40: (55, 96), 41: (48, 84), 42: (36, 74), 43: (28, 55),
        46: (31, 96), 47: (38, 57), 52: (43, 81), 53: (48, 81), 56: (54, 82), 57: (40, 72),
        58: (29, 57), 59: (54, 82), 60: (41, 77), 64: (56, 87), 65: (49, 80), 66: (44, 75),
        67: (36, 68), 68: (58, 89), 69: (52, 81), 70: (34, 70), 71: (50, 89), 72: (74, 100),
        75: (55, 88), 77: (55, 86), 78: (72, 98), 79: (69, 93), 87: (33, 79), 108: (55, 89),
        110: (55, 91),
    }
)  # fmt: skip

# What a program is good at, best first. "all" carries melody, chords and bass at once.
POLYPHONIC_SOLO = frozenset((*range(8), *range(16, 22), 23, *range(24, 29), 46))
BASS_PLAYERS = frozenset((*range(32, 40), 43, 58, 70, 87, 42, 67, 47))
CHORD_PLAYERS = frozenset(
    (*range(22), 23, *range(24, 32), 44, 45, 46, *range(48, 56), 61, 62, 63, *range(88, 104), 105,
     106, 107, 108, 104)
)  # fmt: skip
SUSTAINING = frozenset((*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 104), 110))
EFFECTS = frozenset((*range(113, 114), *range(115, 128)))  # no melody can be heard on these
# How readily a program takes the melody when several are asked for, by family.
MELODY_RANK: Mapping[str, float] = MappingProxyType(
    {
        "Pipe": 5, "Reed": 5, "Synth Lead": 5, "Strings": 4, "Brass": 4, "Ethnic": 4,
        "Chromatic Percussion": 3, "Piano": 3, "Guitar": 2.5, "Organ": 2, "Ensemble": 1.5,
        "Percussive": 1, "Synth Effects": 0.8, "Synth Pad": 0.7, "Bass": 0.3,
        "Sound Effects": 0.1,
    }
)  # fmt: skip


def instrument_name(program: int) -> str:
    """The General MIDI name of a program, "Drums" for the kit."""
    return DRUMS_NAME if program == DRUMS else PROGRAM_NAMES[program]


def family_name(program: int) -> str:
    """The family of a pitched program."""
    return FAMILY_NAMES[program // 8]


def instrument_range(program: int) -> tuple[int, int]:
    """Lowest and highest MIDI pitch that a pitched program is given."""
    return RANGES.get(program, FAMILY_RANGES[family_name(program)])


def find_programs(name: str) -> tuple[int, ...]:
    """The programs that a name stands for: the first plays when asked, all are meant when refused.

    Args:
        name: A General MIDI name, a family or an everyday word such as "piano"; case is ignored.

    Raises:
        ValueError: The name is none of these; the message lists families and everyday words.
    """
    wanted = " ".join(name.lower().split())
    if wanted in EVERYDAY:
        return EVERYDAY[wanted]
    for program, known in enumerate(PROGRAM_NAMES):
        if known.lower() == wanted:
            return (program,)
    for index, family in enumerate(FAMILY_NAMES):
        if family.lower() == wanted:
            return tuple(range(8 * index, 8 * index + 8))
    raise ValueError(
        f"unknown instrument {name!r}: allowed are the 128 General MIDI names (such as "
        f"'Acoustic Grand Piano', 'Violin'), 'Drums', the families {', '.join(FAMILY_NAMES)} "
        f"and the words {', '.join(sorted(EVERYDAY))}"
    )
