"""The towers of the large profile joined: the same methods as `encoders.embed.Embedder`.

    embedder = load_large(heads_folder)                # towers as the heads' card names them
    embedder = load_large(heads_folder, audio=Wanted(name="/models/clap"), ...)
    embedder.embed_text("slow sad piano, no drums").vector    # (256,)
    embedder.embed_sound(sound).segments                      # (W, 256), 10 s each, every 5 s
    embedder.fuse(text=..., clip=..., balance=0.5)            # through the trained gate

Vectors come from the large towers and their heads. What a person reads (moods, tags, tempo, key,
things seen, words understood) comes from the small profile, which is always there, so an answer's
reasons do not depend on the profile. Heads made for other towers are refused by hash.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from encoders.embed import (
    ClipEmbedding,
    Embedder,
    SoundEmbedding,
    TextEmbedding,
    Vectored,
    check_sides,
    check_text,
    load_embedder,
    make_unit,
    vector_of,
)
from encoders.errors import BrokenWeights, RefusedCheckpoint
from encoders.large.checkpoints import Wanted
from encoders.large.heads import load_heads
from encoders.large.towers import LargeTowers, open_towers
from encoders.once import Once
from encoders.space import DIMENSION, Space, name_space
from encoders.towers.text import DENIAL
from encoders.trunks.checkpoint import WEIGHTS, read_card, verify_folder
from encoders.trunks.spectrum import SAMPLE_RATE
from encoders.understanding import Understanding, understand_text

if TYPE_CHECKING:
    from media.audio import Sound
    from media.video import Frames

MARK = "large-nc"  # the space's name where towers or heads forbid commercial use


class LargeEmbedder:
    """Holds towers and heads of one space. Its methods may be called from several threads."""

    def __init__(
        self, space: Space, heads_folder: Path, *, towers: LargeTowers, small: Embedder
    ) -> None:
        self.space = space
        self.weights = heads_folder
        self.licences = towers.licences
        self._towers = towers
        self._small = small
        self._heads = Once(partial(load_heads, heads_folder))

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio tower wants; sounds of other rates are resampled."""
        return self._towers.sample_rate

    def warm(self) -> None:
        """Load every tower now."""
        self._small.warm()
        self.embed_text("music")

    def forget(self) -> None:
        """Drop remembered vectors; only the small profile keeps any."""
        self._small.forget()

    def embed_text(self, text: str) -> TextEmbedding:
        """The vector of a wish in words and what was understood of it.

        Raises:
            UnusableText: not a single word.
        """
        understanding = understand_text(check_text(text))
        row = self._text_rows([understanding])[0]
        return TextEmbedding(vector=make_unit(row), understanding=understanding, space=self.space)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors (N, 256) of many texts.

        Raises:
            UnusableText: one of them has not a single word.
        """
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        return make_unit(self._text_rows([understand_text(check_text(t)) for t in texts]))

    def embed_sentences(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors (N, 256) of sentences as they stand, denials unread."""
        return self._read(texts)

    def embed_sound(self, sound: "Sound") -> SoundEmbedding:
        """The vectors of a mono sound of any rate: fixed windows, and their mean.

        Raises:
            UnusableSound: not mono, or values that are not finite.
            NoContent: silence.
        """
        described = self._small.embed_sound(_at_small_rate(sound)).description
        heard = self._towers.hear(sound)
        segments = self._heads.get().sound.project(heard.windows)
        return SoundEmbedding(
            segments=make_unit(segments),
            starts_s=heard.starts_s,
            track=make_unit(segments.mean(axis=0)),
            description=described,
            space=self.space,
        )

    def embed_clip(self, frames: "Frames") -> ClipEmbedding:
        """The vector of a silent clip and what was seen.

        Raises:
            UnusableFrames: no frame, or not (T, H, W, 3) bytes with one time each.
        """
        described = self._small.embed_clip(frames).description
        row = self._heads.get().clip.project(self._towers.see(frames)[None])[0]
        return ClipEmbedding(vector=make_unit(row), description=described, space=self.space)

    def fuse(
        self,
        *,
        text: Vectored | None = None,
        clip: Vectored | None = None,
        sound: Vectored | None = None,
        balance: float = 0.5,
    ) -> np.ndarray:
        """One query vector (256,) of what is there; see `Embedder.fuse`.

        Raises:
            ValueError: nothing to fuse, or a balance outside 0 to 1.
            MixedSpaces: a side is of another space than this embedder's.
        """
        check_sides(self.space, (text, clip, sound), balance)
        heard = [vector_of(side) for side in (clip, sound) if side is not None]
        if not heard and text is not None:
            return make_unit(vector_of(text))
        shown = make_unit(np.sum(heard, axis=0))
        if text is None:
            return shown
        return make_unit(self._heads.get().fuse(vector_of(text), shown, balance=balance))

    def _text_rows(self, understandings: Sequence[Understanding]) -> np.ndarray:
        """Rows (N, 256): what is affirmed less half of what is denied."""
        affirmed = [u.affirmed or ("" if u.denied else u.text) for u in understandings]
        denied = [u.denied for u in understandings]
        needed = list(dict.fromkeys(part for part in (*affirmed, *denied) if part))
        known = dict(zip(needed, self._read(needed), strict=True))
        nothing = np.zeros(DIMENSION, dtype=np.float32)
        return np.stack(
            [
                known.get(wanted, nothing) - DENIAL * known.get(unwanted, nothing)
                for wanted, unwanted in zip(affirmed, denied, strict=True)
            ]
        )

    def _read(self, texts: Sequence[str]) -> np.ndarray:
        return self._heads.get().text.project(self._towers.read(texts))


def load_large(
    heads_folder: Path,
    *,
    audio: Wanted | None = None,
    pictures: Wanted | None = None,
    allow_noncommercial: bool = False,
    small_weights: Path = WEIGHTS,
) -> LargeEmbedder:
    """The towers and heads of the large profile; checks every hash, loads no tower yet.

    Args:
        heads_folder: what training wrote.
        audio: where the audio pair is; by default what the heads' card names.
        pictures: where the picture pair is; by default what the heads' card names.
        allow_noncommercial: takes heads or towers that forbid commercial use.
        small_weights: of the small profile, which describes sounds and clips.

    Raises:
        RefusedCheckpoint: something is broken, non-commercial and not allowed, or without licence.
        MissingCheckpoint: a tower is not on this machine and not to be had.
        BrokenWeights: heads are missing, changed, or were made for other towers.
    """
    verify_folder(heads_folder)
    card = read_card(heads_folder)
    made_for = cast("Mapping[str, Mapping[str, str]]", card.get("towers"))
    if card.get("profile") != "large" or not made_for:
        raise BrokenWeights(f"{heads_folder} holds no heads of the large profile")
    _check_heads_licence(heads_folder, card, allow_noncommercial)
    towers = open_towers(
        audio=audio or _as_made(made_for["audio"], allow_noncommercial),
        pictures=pictures or _as_made(made_for["pictures"], allow_noncommercial),
    )
    for side, facts in towers.facts.items():
        if facts["sha256"] != made_for[side]["sha256"]:
            raise BrokenWeights(
                f"{heads_folder}: the heads were made for {made_for[side]['name']}, "
                f"{facts['name']} is another checkpoint; train heads for it"
            )
    bound = bool(card.get("non_commercial")) or towers.is_non_commercial
    # Relevance lies beside the heads and moves no vector.
    heads_hash = cast("Mapping[str, str]", card["files"])["model.safetensors"]
    parts = {"towers": towers.hash, "heads": heads_hash}
    return LargeEmbedder(
        name_space(MARK if bound else "large", parts),
        heads_folder,
        towers=towers,
        small=load_embedder("small", small_weights),
    )


def _check_heads_licence(folder: Path, card: Mapping[str, object], allowed: bool) -> None:
    if card.get("non_commercial") and not allowed:
        raise RefusedCheckpoint(
            f"{folder}: the heads learned from data or towers that forbid commercial use; if "
            "yours is none, allow them with allow_noncommercial = true"
        )


def _as_made(facts: Mapping[str, str], allow_noncommercial: bool) -> Wanted:
    return Wanted(
        name=facts["name"], licence=facts["licence"], allow_noncommercial=allow_noncommercial
    )


def _at_small_rate(sound: "Sound") -> "Sound":
    if sound.sample_rate == SAMPLE_RATE:
        return sound
    import soxr

    from media.audio import Sound

    samples = np.asarray(sound.samples, dtype=np.float32)
    resampled = soxr.resample(samples, sound.sample_rate, SAMPLE_RATE)
    return Sound(samples=np.asarray(resampled, np.float32), sample_rate=SAMPLE_RATE)
