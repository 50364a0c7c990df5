"""The towers joined: texts, sounds and clips to unit-length float32 vectors of one space.

This is the one place where vectors become unit length, and NaN never leaves it. Knows no
catalogue.

    embedder = load_embedder()      # reads hashes only; a tower is loaded when first needed
    embedder.warm()                                         # or all of them now
    embedder.embed_text("slow sad piano").vector            # (256,)
    embedder.embed_sound(sound).segments                    # (S, 256), 9 s each, every 6 s
    embedder.embed_clip(frames).description.words           # ("valley", "lakeshore")
    embedder.fuse(text=..., clip=..., balance=0.5)          # (256,)

Scores are written music: render them first (`media.render`), then embed the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from encoders.attributes import Description, describe_sound
from encoders.errors import BrokenVector, MixedSpaces, UnknownProfile, UnusableText
from encoders.once import Once
from encoders.space import DIMENSION, Space, name_space
from encoders.towers.audio import load_audio_head
from encoders.towers.clip import ClipDescription, name_rows, project_clip, view_clip
from encoders.towers.clip_head import load_clip_head
from encoders.towers.fusion import load_fusion
from encoders.towers.text import load_text_head
from encoders.trunks.checkpoint import WEIGHTS, verify_folder
from encoders.trunks.efficientnet import load_efficientnet
from encoders.trunks.minilm import load_minilm
from encoders.trunks.spectrum import FFT_LENGTH, HOP_LENGTH, LOG_GAIN, NUM_MELS, SAMPLE_RATE
from encoders.understanding import Understanding, understand_text

if TYPE_CHECKING:
    from encoders.large.embedder import LargeEmbedder
    from encoders.trunks.features import Finders
    from encoders.trunks.musicnn import MusicnnTrunk
    from media.audio import Sound
    from media.video import Frames

PROFILES = ("small", "large")
FOLDERS = ("musicnn", "minilm", "efficientnet", "heads/audio", "heads/text")
SHIPPED_FOLDERS = (
    "beatnet",
    "heads/tempo",
    "heads/key",
    "heads/clip",
    "heads/fusion",
)  # they name tempo and key and make questions of clips; no stored vector moves
PREPROCESSING = {
    "sample_rate": SAMPLE_RATE,
    "fft_length": FFT_LENGTH,
    "hop_length": HOP_LENGTH,
    "num_mels": NUM_MELS,
    "log_gain": LOG_GAIN,
    # Raised by hand when code moves the vectors of sounds although nothing above changes.
    "version": 2,
}
SHORTEST_ROW = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class TextEmbedding:
    """Holds a text's vector and what was understood of it."""

    vector: np.ndarray  # (256,)
    understanding: Understanding
    space: Space | None = None  # of the vectors, where it is known


@dataclass(frozen=True, kw_only=True, eq=False)
class SoundEmbedding:
    """Holds the vectors of a sound's segments and of the whole, and what it is like."""

    segments: np.ndarray  # (S, 256)
    starts_s: np.ndarray  # (S,)
    track: np.ndarray  # (256,)
    description: Description
    space: Space | None = None  # of the vectors, where it is known


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipEmbedding:
    """Holds a clip's vector and what was seen."""

    vector: np.ndarray  # (256,)
    description: ClipDescription
    space: Space | None = None  # of the vectors, where it is known


Vectored = np.ndarray | TextEmbedding | SoundEmbedding | ClipEmbedding


class Embedder:
    """Holds the towers of one space. Its methods may be called from several threads."""

    def __init__(self, space: Space, weights: Path) -> None:
        self.space = space
        self.weights = weights
        self._hearing = Once(partial(_load_hearing, weights))
        self._finding = Once(_load_finding)
        self._reading = Once(partial(load_minilm, weights / "minilm"))
        self._seeing = Once(partial(load_efficientnet, weights / "efficientnet"))
        self._audio_head = Once(partial(load_audio_head, weights / "heads" / "audio"))
        self._text_head = Once(partial(load_text_head, weights / "heads" / "text"))
        self._names = Once(self._name_rows)
        self._clip_head = Once(partial(load_clip_head, _own_or_shipped(weights, "heads/clip")))
        self._fusion = Once(partial(load_fusion, _own_or_shipped(weights, "heads/fusion")))

    def warm(self) -> None:
        """Load every tower now, so that the first answer is as quick as the second."""
        for part in (
            self._reading,
            self._seeing,
            self._hearing,
            self._finding,
            self._audio_head,
            self._names,
            self._clip_head,
            self._fusion,
        ):
            part.get()
        self.embed_text("music")

    def forget(self) -> None:
        """Drop remembered sentences, so that the next answer is computed anew."""
        self._reading.get().forget()

    def embed_text(self, text: str) -> TextEmbedding:
        """The vector of a wish in words and what was understood of it.

        Raises:
            UnusableText: not a single word.
        """
        understanding = understand_text(check_text(text))
        rows, near = self._text_rows([understanding])
        understood = replace(understanding, near=near[0])
        return TextEmbedding(vector=make_unit(rows[0]), understanding=understood, space=self.space)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors (N, 256) of many texts.

        Raises:
            UnusableText: one of them has not a single word.
        """
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        return make_unit(self._text_rows([understand_text(check_text(t)) for t in texts])[0])

    def embed_sentences(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors (N, 256) of sentences alone, as if no list of words had been read."""
        sentences = self._reading.get().sentence_vectors(texts)
        return make_unit(self._text_head.get().network(sentences))

    def embed_sound(self, sound: "Sound") -> SoundEmbedding:
        """The vectors of a mono sound at 16 kHz: segments of 9 s, one every 6 s, and the whole.

        Raises:
            UnusableSound: another rate or shape, or values that are not finite.
            NoContent: silence.
        """
        from encoders.trunks.features import segment_mean, sound_features

        features = sound_features(sound, self._hearing.get(), self._finding.get())
        head = self._audio_head.get()
        arrays = (features.pools, features.tag_logits, features.signal)
        segments = head.project(*(segment_mean(rows, features.segments) for rows in arrays))
        whole = [features.track_mean(rows)[None] for rows in arrays]
        axes = head.concepts(whole[1], whole[2])[0]
        return SoundEmbedding(
            segments=make_unit(segments),
            starts_s=features.segment_starts_s,
            track=make_unit(head.project(*whole)[0]),
            description=describe_sound(features, axes),
            space=self.space,
        )

    def embed_clip(self, frames: "Frames") -> ClipEmbedding:
        """The vector of a silent clip and what was seen.

        Raises:
            UnusableFrames: no frame, or not (T, H, W, 3) bytes with one time each.
        """
        view = view_clip(frames, self._seeing.get())
        row = project_clip(view, self._names.get(), self._clip_head.get())
        return ClipEmbedding(vector=make_unit(row), description=view.description, space=self.space)

    def fuse(
        self,
        *,
        text: Vectored | None = None,
        clip: Vectored | None = None,
        sound: Vectored | None = None,
        balance: float = 0.5,
    ) -> np.ndarray:
        """One query vector (256,) of what is there; each side a vector or an embedding.

        Args:
            text: the words.
            clip: the picture.
            sound: a recording or a rendered score; beside a clip the two count alike.
            balance: 0 is the text alone, 1 the clip and the sound alone; without effect where only
                one side is there.

        Raises:
            ValueError: nothing to fuse, or a balance outside 0 to 1.
            MixedSpaces: a side is of another space than this embedder's.
        """
        check_sides(self.space, (text, clip, sound), balance)
        heard = [vector_of(clip)] if clip is not None else []
        heard += [self._ask_for_likes(sound)] if sound is not None else []
        if not heard and text is not None:
            return make_unit(vector_of(text))
        shown = make_unit(np.sum(heard, axis=0))
        if text is None:
            return shown
        if sound is None:
            return make_unit(self._fusion.get().join(vector_of(text), shown, balance))
        return make_unit((1.0 - balance) * vector_of(text) + balance * shown)

    def _name_rows(self) -> np.ndarray:
        return name_rows(self._seeing.get().class_vectors, self._text_head.get())

    def _ask_for_likes(self, sound: Vectored) -> np.ndarray:
        """The question (256,) of a sound: its stored vector, weighed by what makes it like."""
        stored = vector_of(sound)
        asking = self._audio_head.get().ask(stored)
        return make_unit(asking) if np.linalg.norm(asking) > SHORTEST_ROW else stored

    def _text_rows(
        self, understandings: Sequence[Understanding]
    ) -> tuple[np.ndarray, list[tuple[str, ...]]]:
        """Rows (N, 256) and near phrases.

        A text that asks for nothing ("music, please") is taken as a sentence.
        """
        trunk, head = self._reading.get(), self._text_head.get()
        rows, near = head.read_all(understandings, trunk.sentence_vectors)
        empty = np.flatnonzero(np.linalg.norm(rows, axis=1) < SHORTEST_ROW)
        if len(empty):
            sentences = [understandings[int(i)].text for i in empty]
            rows[empty] = head.network(trunk.sentence_vectors(sentences))
        return rows, near


@overload
def load_embedder(profile: Literal["small"] = "small", weights: Path = WEIGHTS) -> Embedder: ...


@overload
def load_embedder(profile: str, weights: Path = WEIGHTS) -> "Embedder | LargeEmbedder": ...


def load_embedder(profile: str = "small", weights: Path = WEIGHTS) -> "Embedder | LargeEmbedder":
    """The towers of a profile; checks every weight file against its card, loads none of them yet.

    Args:
        profile: "small", or "large" (`encoders.large.embedder.load_large` has its options).
        weights: the folder of the small profile's weights, or that of the large profile's heads.

    Raises:
        UnknownProfile: there is no such profile.
        BrokenWeights: a file is missing or changed.
        RefusedCheckpoint, MissingCheckpoint: what `load_large` raises.
    """
    if profile not in PROFILES:
        raise UnknownProfile(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
    if profile == "large":
        from encoders.large.embedder import load_large

        return load_large(weights)
    hashes = {folder: verify_folder(weights / folder) for folder in FOLDERS}
    for folder in SHIPPED_FOLDERS:
        verify_folder(_own_or_shipped(weights, folder))
    return Embedder(name_space(profile, {**hashes, **PREPROCESSING}), weights)


def _own_or_shipped(weights: Path, folder: str) -> Path:
    """Part of a weights folder, or the shipped part where that folder has none."""
    own = weights / folder
    return own if own.exists() else WEIGHTS / folder


def check_sides(space: Space, sides: Sequence[Vectored | None], balance: float) -> None:
    """Let sides pass that can be fused in a space.

    Raises:
        ValueError: no side, or a balance outside 0 to 1.
        MixedSpaces: a side is of another space or of another width.
    """
    check_spaces(space, sides)
    if not 0.0 <= balance <= 1.0:
        raise ValueError(f"balance is {balance}, allowed is 0 (text alone) to 1 (clip alone)")
    if all(side is None for side in sides):
        raise ValueError("nothing to fuse: give a text, a clip or a sound")


def check_spaces(space: Space, sides: Sequence[Vectored | None]) -> None:
    """Let vectors of one space pass; a plain array shows no more than its width.

    Raises:
        MixedSpaces: a side is of another space or of another width.
    """
    for side in sides:
        if side is None:
            continue
        other = None if isinstance(side, np.ndarray) else side.space
        if other not in (None, space):
            raise MixedSpaces(f"a vector of {other} among those of {space}")
        if vector_of(side).shape != (space.dimension,):
            raise MixedSpaces(
                f"a vector of shape {vector_of(side).shape}; {space} has ({space.dimension},)"
            )


def check_text(text: str) -> str:
    """The text, if there is a word in it.

    Raises:
        UnusableText: not a single one.
    """
    if not any(character.isalnum() for character in text):
        raise UnusableText(f"the text {text[:40]!r} has no word; say what music is wanted")
    return text


def vector_of(side: Vectored) -> np.ndarray:
    """The vector (D,) of a text, a clip or a whole sound."""
    if isinstance(side, SoundEmbedding):
        return side.track
    return side if isinstance(side, np.ndarray) else side.vector


def make_unit(rows: np.ndarray) -> np.ndarray:
    """Rows (..., D) as float32 of unit length.

    Raises:
        BrokenVector: a row is not finite or has no length.
    """
    lengths = np.linalg.norm(rows.astype(np.float64), axis=-1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < SHORTEST_ROW).any():
        raise BrokenVector(f"rows of lengths {lengths.min()} to {lengths.max()} have no direction")
    return np.asarray(rows / lengths, dtype=np.float32)


def _load_hearing(weights: Path) -> "MusicnnTrunk":
    from encoders.trunks.musicnn import load_musicnn

    return load_musicnn(weights / "musicnn")


def _load_finding() -> "Finders":
    from encoders.trunks.features import load_finders

    return load_finders()
