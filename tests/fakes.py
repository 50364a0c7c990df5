"""Stand-ins for the trunks and the media reader; they keep the interfaces and need no weights.

A *tone file* is a small JSON file that the fake reader takes for a recording:
`{"tone_hz": 440, "duration_s": 12, "tags": {"title": "A"}}`; `write_tone` writes one. The fake
embedder turns a tone into the vector of the word "pitch-69" (the MIDI note nearest to it), so
that the text "pitch-69" finds it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.embed import ClipEmbedding, SoundEmbedding, TextEmbedding
    from encoders.space import Space
    from media.audio import Sound
    from media.midi import Score
    from media.probe import MediaInfo
    from media.video import Frames

DIMENSION = 256
SEGMENT_S = 9.0
HOP_S = 6.0
RATE = 16_000

Vectors = NDArray[np.float32]


def word_vector(word: str) -> Vectors:
    """The unit vector (256,) that stands for one word."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return unit(np.random.default_rng(seed).standard_normal(DIMENSION))


def unit(vector: NDArray[Any]) -> Vectors:
    """The vector made unit length, float32."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)


def pitch_word(tone_hz: float) -> str:
    """The word for a tone: "pitch-69" for 440 Hz."""
    return f"pitch-{round(69 + 12 * math.log2(tone_hz / 440.0))}"


def fake_description(**changes: Any) -> Description:
    """A description with plain values, changed where asked."""
    from encoders.attributes import Description

    fields: dict[str, Any] = {
        "tempo_bpm": 120.0,
        "key": "A minor",
        "moods": {"valence": 0.2, "energy": -0.4},
        "tags": {"ambient": 0.8},
        "instruments": {"piano": 0.7},
        "vocals": 0.1,
        "acoustic": 0.6,
        "loudness_db": -18.0,
    }
    return Description(**{**fields, **changes})


class FakeEmbedder:
    """Deterministic unit vectors (256) from words, the pitch of sounds and the colour of clips."""

    def __init__(self, space_name: str = "fake") -> None:
        from encoders.space import Space

        self.space: Space = Space(name=space_name, hash="0" * 16, dimension=DIMENSION)
        self.num_sounds = 0

    def embed_text(self, text: str) -> TextEmbedding:
        """The mean of the words' vectors, and the real reading of the words."""
        from encoders.embed import TextEmbedding
        from encoders.understanding import understand_text

        return TextEmbedding(vector=self._words(text), understanding=understand_text(text))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """One row a text, (N, 256)."""
        return np.stack([self._words(text) for text in texts])

    def embed_sound(self, sound: Sound) -> SoundEmbedding:
        """The pitch words of windows of 9 s, hop 6 s; their mean is the track."""
        from encoders.embed import SoundEmbedding

        self.num_sounds += 1
        last_s = max(sound.samples.size / sound.sample_rate - SEGMENT_S, 0.0)
        starts_s = [*np.arange(0.0, last_s, HOP_S), last_s]
        segments = np.stack([self._window(sound, start_s) for start_s in starts_s])
        return SoundEmbedding(
            segments=segments,
            starts_s=np.asarray(starts_s, dtype=np.float32),
            track=unit(segments.mean(axis=0)),
            description=fake_description(),
        )

    def embed_clip(self, frames: Frames) -> ClipEmbedding:
        """The word of the strongest colour: red, green or blue."""
        from encoders.embed import ClipEmbedding
        from encoders.towers.clip import ClipDescription

        means = frames.rgb.reshape(-1, 3).mean(axis=0) / 255.0
        word = ("red", "green", "blue")[int(means.argmax())]
        seen = ClipDescription(
            words=(word,),
            brightness=float(means.mean()),
            saturation=float(means.max() - means.min()),
            warmth=float(means[0] - means[2]),
            motion=0.0,
            cuts_per_minute=0.0,
            valence=0.0,
            energy=0.0,
            power=0.0,
        )
        return ClipEmbedding(vector=word_vector(word), description=seen)

    def fuse(
        self,
        *,
        text: Any = None,  # a vector (256,), or an embedding that holds one
        clip: Any = None,
        sound: Any = None,
        balance: float = 0.5,
    ) -> Vectors:
        """The weighted mean of the sides that are there, (256,)."""
        media = [_vector_of(side) for side in (clip, sound) if side is not None]
        if text is None:
            return unit(np.sum(media, axis=0))
        if not media:
            return unit(_vector_of(text))
        return unit((1 - balance) * _vector_of(text) + balance * unit(np.sum(media, axis=0)))

    def _words(self, text: str) -> Vectors:
        words = text.lower().split() or [""]
        return unit(np.sum([word_vector(word) for word in words], axis=0))

    def _window(self, sound: Sound, start_s: float) -> Vectors:
        first = round(start_s * sound.sample_rate)
        window = sound.samples[first : first + round(SEGMENT_S * sound.sample_rate)]
        strongest = int(np.abs(np.fft.rfft(window))[1:].argmax()) + 1
        return word_vector(pitch_word(strongest * sound.sample_rate / window.size))


def _vector_of(side: Any) -> Vectors:
    vector: Vectors = getattr(side, "track", getattr(side, "vector", side))
    return vector


def write_tone(
    path: Path,
    tone_hz: float = 440.0,
    *,
    duration_s: float = 12.0,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Writes a tone file; a `.mid` suffix makes it a score, `tone_hz` 0 makes it silent."""
    content = {"tone_hz": tone_hz, "duration_s": duration_s, "tags": dict(tags or {})}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


class FakeReader:
    """Reads tone files; refuses everything else as the real reader refuses a damaged file."""

    def __init__(self) -> None:
        self.num_decoded = 0

    def probe(self, path: Path) -> MediaInfo:
        """What the tone file says of itself."""
        from media.probe import MediaInfo

        content = self._content(path)
        return MediaInfo(
            kind="score" if path.suffix == ".mid" else "sound",
            container="tone",
            duration_s=float(content["duration_s"]),
            tags=content["tags"],
        )

    def read_sound(self, path: Path) -> Sound:
        """The tone as samples at 16 kHz."""
        from media.audio import Sound
        from media.errors import NoContent

        self.num_decoded += 1
        content = self._content(path)
        if not content["tone_hz"]:
            raise NoContent(f"{path.name} is silent")
        times_s = np.arange(round(content["duration_s"] * RATE)) / RATE
        samples = 0.5 * np.sin(2 * np.pi * content["tone_hz"] * times_s)
        return Sound(samples=samples.astype(np.float32), sample_rate=RATE, remarks=())

    def read_frames(self, path: Path) -> Frames:
        """Four frames of the colour that the file names: `{"colour": [255, 0, 0], ...}`."""
        from media.video import Frames

        content = self._content(path)
        rgb = np.broadcast_to(np.asarray(content["colour"], dtype=np.uint8), (4, 16, 16, 3))
        return Frames(
            rgb=rgb.copy(),
            times_s=np.arange(0, 1, 0.25, dtype=np.float32),
            duration_s=1.0,
            frame_rate=25.0,
            remarks=(),
        )

    def read_score(self, path: Path) -> Score:
        """Refuses: a tone file holds no notes."""
        from media.errors import NoContent

        raise NoContent(f"{path.name} holds no notes")

    def render(self, source: Path | bytes) -> Sound:
        """The tone, for a score."""
        if isinstance(source, bytes):
            raise TypeError("the fake reader renders tone files, not bytes")
        return self.read_sound(source)

    def close(self) -> None:
        """Nothing is open."""

    def _content(self, path: Path) -> dict[str, Any]:
        from media.errors import UnreadableMedia

        try:
            content: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError as error:
            raise UnreadableMedia(f"{path.name} is damaged: it is no tone file") from error
        return content
