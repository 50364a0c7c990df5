"""Finds the default General MIDI font and mends a fault in it; renders nothing.

Source: SoundFont Technical Specification 2.04 (E-mu Systems, 2006), sections 7.7 to 7.9.
"""

import importlib.util
import itertools
import struct
from pathlib import Path

_FONT_NAME = "TimGM6mb.sf2"
_KEY_RANGE = 43  # the generator whose amount is a lowest and a highest key
_INSTRUMENT_BYTES, _BAG_BYTES, _GENERATOR_BYTES = 22, 4, 4
_MAX_GAP_KEYS = 2  # wider gaps are meant


def default_font() -> Path:
    """The General MIDI font inside the installed pretty_midi wheel, which is not imported.

    Raises:
        FileNotFoundError: pretty_midi is not installed or holds no font.
    """
    spec = importlib.util.find_spec("pretty_midi")
    for folder in () if spec is None else spec.submodule_search_locations or ():
        if (font := Path(folder) / _FONT_NAME).is_file():
            return font
    raise FileNotFoundError(
        f"no {_FONT_NAME} in an installed pretty_midi: install pretty_midi or name a font (SF2)"
    )


def close_key_gaps(font: bytes) -> bytes:
    """A font in which no instrument is mute for one or two keys between its zones.

    In the default font the alto saxophone has zones up to E flat and from F on: its E above middle
    C would be silent.

    Args:
        font: the bytes of a sound SF2 file.
    """
    mended = bytearray(font)
    bags, _ = _find_chunk(font, b"ibag")
    generators, _ = _find_chunk(font, b"igen")
    for first, last in _instrument_bags(font):
        zones = []  # (lowest key, highest key, where the highest key is written)
        for bag in range(first, last):
            start, end = (
                struct.unpack_from("<H", font, bags + _BAG_BYTES * n)[0] for n in (bag, bag + 1)
            )
            for number in range(start, end):
                at = generators + _GENERATOR_BYTES * number
                kind, low, high = struct.unpack_from("<HBB", font, at)
                if kind == _KEY_RANGE:
                    zones.append((low, high, at + 3))
        _extend_to_next(mended, zones)
    return bytes(mended)


def _instrument_bags(font: bytes) -> list[tuple[int, int]]:
    """(first bag, bag after the last) of each instrument."""
    start, size = _find_chunk(font, b"inst")
    firsts = [
        struct.unpack_from("<H", font, at + _INSTRUMENT_BYTES - 2)[0]
        for at in range(start, start + size, _INSTRUMENT_BYTES)
    ]
    return list(itertools.pairwise(firsts))


def _extend_to_next(font: bytearray, zones: list[tuple[int, int, int]]) -> None:
    for low, high, at in zones:
        following_low, following_high = min(
            ((bottom, top) for bottom, top, _ in zones if top > high), default=(0, 0)
        )
        # Zones of one key are drums, which have gaps on purpose.
        has_pitch = low < high and following_low < following_high
        if has_pitch and 1 < following_low - high <= 1 + _MAX_GAP_KEYS:
            font[at] = following_low - 1


def _find_chunk(font: bytes, name: bytes) -> tuple[int, int]:
    """Where a chunk of the last list (`pdta`) begins, and its bytes."""
    at = font.index(b"pdta") + 4
    while font[at : at + 4] != name:
        at += 8 + struct.unpack_from("<I", font, at + 4)[0]
    return at + 8, struct.unpack_from("<I", font, at + 4)[0]
