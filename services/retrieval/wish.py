"""Turns a query into a wish: decoded, embedded, understood and fused; searches nothing."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from services.catalogue.records import TrackRecord
from services.errors import NoSound
from services.recommendation.hits import Candidate, Vector
from services.retrieval.query import MusicQuery
from services.retrieval.tools import Tools

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.embed import SoundEmbedding
    from encoders.towers.clip import ClipDescription
    from encoders.understanding import Understanding


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a query wishes for.

    Attributes:
        vector: Where to search, unit float32 (D,).
        understood: How the words were read; None without words.
        seen: What was seen in the clip; None without one.
        clip_s: Length of the clip in seconds; None without one.
        heard: What was heard in the recording, MIDI file or track; None without one.
        like: The track of the catalogue to be like, with its vector; None without one.
        remarks: What the reader should know of the words and files.
    """

    vector: Vector = field(compare=False)
    understood: "Understanding | None" = None
    seen: "ClipDescription | None" = None
    clip_s: float | None = None
    heard: "Description | None" = None
    like: TrackRecord | None = None
    like_vector: Vector | None = field(default=None, compare=False)
    remarks: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[Candidate, ...]:
        """The track to be like, of which no version is wished for."""
        if self.like is None:
            return ()
        return (Candidate(track=self.like, relevance=1.0, vector=self.like_vector),)


@dataclass(frozen=True, kw_only=True)
class _Sounds:
    """The sounds of a query: their vectors and what was heard in the first."""

    vectors: tuple[Vector, ...] = ()
    heard: "Description | None" = None
    like: TrackRecord | None = None
    like_vector: Vector | None = None
    remarks: tuple[str, ...] = ()

    def joined(self) -> Vector | None:
        if len(self.vectors) < 2:
            return self.vectors[0] if self.vectors else None
        mean: Vector = np.mean(self.vectors, axis=0, dtype=np.float32)
        return mean


def make_wish(query: MusicQuery, tools: Tools) -> Wish:
    """Decodes, embeds and understands everything that a query brings, and fuses it.

    Raises:
        MediaError: A file cannot be read.
        NotFound: There is no such track to be like.
        NoSound: The track to be like has no sound.
    """
    sounds = _hear(query, tools)
    wish = Wish(
        vector=np.zeros(0, np.float32),
        heard=sounds.heard,
        like=sounds.like,
        like_vector=sounds.like_vector,
    )
    text = clip = None
    remarks = sounds.remarks
    if query.text.strip():
        words = tools.embedder.embed_text(query.text)
        text, wish = words.vector, replace(wish, understood=words.understanding)
        remarks = (*remarks_on(words.understanding), *remarks)
    if query.clip is not None:
        frames = tools.reader.read_frames(query.clip)
        embedded = tools.embedder.embed_clip(frames)
        clip = embedded.vector
        wish = replace(wish, seen=embedded.description, clip_s=frames.duration_s)
        remarks = (*remarks, *frames.remarks)
    vector = tools.embedder.fuse(
        text=text, clip=clip, sound=sounds.joined(), balance=query.balance
    )
    return replace(wish, vector=vector, remarks=remarks)


def remarks_on(understood: "Understanding") -> tuple[str, ...]:
    """What the reader should know of how the words were read."""
    if not understood.language_supported:
        return ("only English is understood; the words were searched for as they are",)
    if understood.not_understood:
        words = ", ".join(f"“{word}”" for word in understood.not_understood)
        near = ", ".join(f"“{phrase}”" for phrase in understood.near)
        taken = f"; taken to be like {near}" if near else ""
        return (f"not understood, but searched for as written: {words}{taken}",)
    return ()


def track_sound(track_id: str, tools: Tools) -> tuple[TrackRecord, Vector]:
    """A track of the catalogue with its whole-track vector.

    Raises:
        NotFound: There is no such track.
        NoSound: It is known by words only, or has no vectors of the space yet.
    """
    track = tools.catalogue.get_track(track_id)
    stored = tools.catalogue.vectors_of([track_id], str(tools.embedder.space)).get(track_id)
    if stored is None:
        why = "awaits a reindex" if track.has_sound else "is known by title and artist only"
        raise NoSound(
            f"track {track_id!r} {why}: it cannot be searched for by sound",
            details={"track": track_id},
        )
    return track, stored.track


def _hear(query: MusicQuery, tools: Tools) -> _Sounds:
    embedded: list[SoundEmbedding] = []
    remarks: tuple[str, ...] = ()
    if query.audio is not None:
        sound = tools.reader.read_sound(query.audio)
        embedded.append(tools.embedder.embed_sound(sound))
        remarks = (*remarks, *sound.remarks)
    if query.midi is not None:
        sound = tools.reader.render(query.midi)
        embedded.append(tools.embedder.embed_sound(sound))
        remarks = (*remarks, *sound.remarks)
    vectors = tuple(one.track for one in embedded)
    heard = embedded[0].description if embedded else None
    if not query.like_track_id:
        return _Sounds(vectors=vectors, heard=heard, remarks=remarks)
    like, vector = track_sound(query.like_track_id, tools)
    return _Sounds(
        vectors=(*vectors, vector),
        heard=heard or like.description,
        like=like,
        like_vector=vector,
        remarks=remarks,
    )
