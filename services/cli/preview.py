"""Lays music under a clip: the best tracks of an answer, each from the place where it fits."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from media.audio import write_wav
from media.child import MediaReader
from media.errors import MediaError
from media.formats import SUFFIXES
from temptrack.client import Client
from temptrack.types import FoundMusic, Hit

NUM_PREVIEWS = 3
RENDER_RATE = 44_100


def write_previews(
    client: Client,
    found: FoundMusic,
    *,
    clip: Path,
    folder: Path,
    note: Callable[[str], None],
) -> list[Path]:
    """Writes an mp4 for each of the best three hits, and for a piece that was composed.

    A track whose file is gone or cannot be laid under is named to `note` and left out.
    """
    from temptrack.errors import TemptrackError

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory() as temporary, MediaReader() as reader:
        for place, hit in enumerate(found.hits[:NUM_PREVIEWS], 1):
            out = folder / f"{place}-{_file_name(hit)}.mp4"
            try:
                music = _playable(reader, client.download_track(hit.track.id, Path(temporary)))
                reader.preview(clip, music, hit.start_s, out)
            except (TemptrackError, MediaError) as error:
                note(f"no preview of {hit.track.title or hit.track.id}: {error}")
                continue
            written.append(out)
        if found.composed is not None and found.composed.wav:
            music = Path(temporary) / "composed.wav"
            music.write_bytes(found.composed.wav)
            out = folder / f"composed-{found.composed.seed}.mp4"
            reader.preview(clip, music, 0.0, out)
            written.append(out)
    return written


def _playable(reader: MediaReader, file: Path) -> Path:
    """The file, or the sound of it where it is a score."""
    if file.suffix.lower() not in SUFFIXES["score"]:
        return file
    sound = file.with_suffix(".wav")
    write_wav(sound, reader.render(file, sample_rate=RENDER_RATE))
    return sound


def _file_name(hit: Hit) -> str:
    name = re.sub(r"[^\w.-]+", "-", hit.track.title or hit.track.id).strip("-.")
    return name[:60] or "track"
