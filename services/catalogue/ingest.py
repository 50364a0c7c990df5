"""How one file becomes a track: probe, decode, embed, describe, store; knows no operation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from services.catalogue.records import (
    NewTrack,
    NewVectors,
    TrackChanges,
    TrackRecord,
    clean_tags,
)
from services.catalogue.sources import (
    TrackSource,
    check_source,
    genre_tags,
    hash_file,
    hash_words,
    join_words,
)
from services.catalogue.store import Catalogue
from services.errors import NotFound
from services.uploads import MediaSource

if TYPE_CHECKING:
    from encoders.attributes import Description
    from encoders.embed import SoundEmbedding
    from encoders.space import Space
    from media.audio import Sound
    from media.probe import MediaInfo

WORDS = ("title", "artist", "album", "text", "licence")
State = Literal["STATE_ADDED", "STATE_UNCHANGED", "STATE_UPDATED", "STATE_REFUSED"]


class SoundReader(Protocol):
    """Reads untrusted files; `media.child.MediaReader` does."""

    def probe(self, path: Path) -> MediaInfo:
        """What the file is and says of itself."""

    def read_sound(self, path: Path) -> Sound:
        """Its sound at the trunk's rate."""

    def render(self, source: Path | bytes) -> Sound:
        """The sound of a MIDI file at the trunk's rate."""


class SoundEmbedder(Protocol):
    """Turns sound into vectors; `encoders.embed.Embedder` does."""

    @property
    def space(self) -> Space:
        """The space of the vectors."""

    def embed_sound(self, sound: Sound) -> SoundEmbedding:
        """The vectors of a track and its segments, and what is heard."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one source; the fields mean what they mean in `ImportOutcome`."""

    label: str
    state: State
    track_id: str = ""
    message: str = ""
    reason: str = ""
    sound_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The file of a source: where it is, its SHA-256, and what its owner calls it."""

    path: Path
    content_hash: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A file as far as the reader takes it."""

    info: MediaInfo
    sound: Sound


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the embedder made of a file.

    Attributes:
        tags: What the file says of itself.
        remarks: What was repaired or left out.
        embedded_s: Seconds that were embedded now; 0 when they had been before.
    """

    vectors: NewVectors
    description: Description
    duration_s: float
    tags: Mapping[str, str]
    remarks: str = ""
    embedded_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A source that is ready to be stored.

    Attributes:
        found: Its file; None for a track of words alone.
        decoded: What has to be embedded; None when the catalogue holds the content already.
    """

    source: TrackSource
    label: str
    found: Found | None = None
    decoded: Decoded | None = None

    def outcome(
        self, track_id: str, state: State, *, message: str = "", sound_s: float = 0.0
    ) -> Outcome:
        """What became of the source."""
        return Outcome(
            label=self.label, state=state, track_id=track_id, message=message, sound_s=sound_s
        )


class Ingest:
    """Makes tracks of sources.

    Args:
        catalogue: Where they go.
        reader: Decodes files.
        embedder: Hears them.
        sources: Finds them.
        media_folder: Where uploaded files are kept, as `<sha256><suffix>`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        reader: SoundReader,
        embedder: SoundEmbedder,
        sources: MediaSource,
        media_folder: Path,
    ) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._embedder = embedder
        self._sources = sources
        self._media_folder = media_folder
        self._space = str(embedder.space)

    def label_of(self, source: TrackSource) -> str:
        """What messages call a source."""
        return source.label or Path(source.path).name or source.title or self._upload_name(source)

    def prepare(self, source: TrackSource) -> Prepared:
        """Checks, finds and hashes a source; decodes it when its content is not embedded yet.

        Raises:
            TemptrackError: The source breaks a rule or is not there.
            MediaError: The file is refused.
        """
        check_source(source)
        label = self.label_of(source)
        if not source.has_media:
            return Prepared(source=source, label=label)
        path = self._sources.resolve(upload=source.upload, path=source.path)
        found = Found(path=path, content_hash=hash_file(path), name=self._name_of(source, path))
        standing = self._standing(source, found.content_hash)
        known = self._is_embedded(standing, found.content_hash) or self._has_twin(found)
        decoded = None if known else self.decode(path)
        return Prepared(source=source, label=label, found=found, decoded=decoded)

    def store(self, prepared: Prepared) -> Outcome:
        """Writes a prepared source in one transaction; embeds it first where that is needed."""
        if prepared.found is None:
            return self._store_words(prepared)
        return self._store_sound(prepared, prepared.found)

    def discard_upload(self, source: TrackSource) -> None:
        """Removes the upload of a source that is done with."""
        if source.upload:
            self._sources.uploads.discard(source.upload)

    def decode(self, path: Path) -> Decoded:
        """The sound of a file; a MIDI file is rendered."""
        info = self._reader.probe(path)
        if info.kind == "score":
            return Decoded(info=info, sound=self._reader.render(path))
        return Decoded(info=info, sound=self._reader.read_sound(path))

    def hear(self, decoded: Decoded) -> Heard:
        """The vectors and the description of a decoded file."""
        embedding = self._embedder.embed_sound(decoded.sound)
        duration_s = len(decoded.sound.samples) / decoded.sound.sample_rate
        return Heard(
            vectors=NewVectors(
                track=embedding.track, segments=embedding.segments, starts_s=embedding.starts_s
            ),
            description=embedding.description,
            duration_s=duration_s,
            tags=decoded.info.tags,
            remarks="; ".join(decoded.sound.remarks),
            embedded_s=duration_s,
        )

    def _store_sound(self, prepared: Prepared, found: Found) -> Outcome:
        standing = self._standing(prepared.source, found.content_hash)
        if standing is not None and self._is_embedded(standing, found.content_hash):
            return self._refresh(standing, prepared)
        heard = self._heard_before(found) or self._hear_now(prepared, found)
        words = join_words(_with_standing(prepared.source, standing), heard.tags, name=found.name)
        new = NewTrack(
            id=standing.id if standing else prepared.source.id or found.content_hash,
            duration_s=heard.duration_s,
            description=heard.description,
            source_path=str(self._kept_path(prepared.source, found)),
            content_hash=found.content_hash,
            has_sound=True,
            **asdict(words),
        )
        self._catalogue.put_track(new, heard.vectors, space=self._space)
        state: State = "STATE_ADDED" if standing is None else "STATE_UPDATED"
        return prepared.outcome(new.id, state, message=heard.remarks, sound_s=heard.embedded_s)

    def _store_words(self, prepared: Prepared) -> Outcome:
        """A track of words alone; one that has a file keeps it."""
        source = prepared.source
        track_id = source.id or hash_words(source)
        standing = self._catalogue.get_tracks([track_id]).get(track_id)
        if standing is not None:
            return self._refresh(standing, prepared)
        words = join_words(source, {}, name=source.title)
        self._catalogue.put_track(NewTrack(id=track_id, **asdict(words)))
        return prepared.outcome(track_id, "STATE_ADDED")

    def _refresh(self, standing: TrackRecord, prepared: Prepared) -> Outcome:
        """Brings words and place of a track up to date, where they have changed."""
        changes = TrackChanges(
            **_changed_words(prepared.source, standing),
            tags=self._changed_tags(standing, prepared),
            source_path=self._changed_path(standing, prepared),
        )
        if changes == TrackChanges():
            return prepared.outcome(standing.id, "STATE_UNCHANGED")
        self._catalogue.update_track(standing.id, changes)
        return prepared.outcome(standing.id, "STATE_UPDATED")

    def _changed_tags(self, standing: TrackRecord, prepared: Prepared) -> tuple[str, ...] | None:
        given = clean_tags(prepared.source.tags)
        if not given or set(given) == set(standing.tags):
            return None
        genre = ""
        if prepared.found is not None:
            genre = self._reader.probe(prepared.found.path).tags.get("genre", "")
        tags = clean_tags((*given, *genre_tags(genre)))
        return None if set(tags) == set(standing.tags) else tags

    def _changed_path(self, standing: TrackRecord, prepared: Prepared) -> str | None:
        """The new place of a file that is no longer where it was; a copy changes nothing."""
        found = prepared.found
        if found is None or (standing.source_path and Path(standing.source_path).is_file()):
            return None
        return str(self._kept_path(prepared.source, found))

    def _kept_path(self, source: TrackSource, found: Found) -> Path:
        """Where the file stays: where it is, or in the home when it was uploaded."""
        if not source.upload:
            return found.path
        target = self._media_folder / f"{found.content_hash}{found.path.suffix}"
        link_or_copy(found.path, target)
        return target

    def _hear_now(self, prepared: Prepared, found: Found) -> Heard:
        return self.hear(prepared.decoded or self.decode(found.path))

    def _heard_before(self, found: Found) -> Heard | None:
        """What was heard in another track of the same content."""
        twin = self._catalogue.track_with_hash(found.content_hash, space=self._space)
        if twin is None or twin.description is None or twin.duration_s is None:
            return None
        stored = self._catalogue.vectors_of([twin.id], self._space).get(twin.id)
        if stored is None:  # removed a moment ago
            return None
        return Heard(
            vectors=NewVectors(
                track=stored.track, segments=stored.segments, starts_s=stored.starts_s
            ),
            description=twin.description,
            duration_s=twin.duration_s,
            tags=self._reader.probe(found.path).tags,
        )

    def _standing(self, source: TrackSource, content_hash: str) -> TrackRecord | None:
        """The track that a source is about: the one of its id, else the one of its content."""
        track_id = source.id or content_hash
        record = self._catalogue.get_tracks([track_id]).get(track_id)
        if record is None and not source.id:
            record = self._catalogue.track_with_hash(content_hash)
        return record

    def _upload_name(self, source: TrackSource) -> str:
        try:
            return self._sources.uploads.get(source.upload).file_name
        except NotFound:  # its outcome will say so
            return source.upload

    def _name_of(self, source: TrackSource, path: Path) -> str:
        return self._sources.uploads.get(source.upload).file_name if source.upload else path.name

    def _has_twin(self, found: Found) -> bool:
        return self._catalogue.track_with_hash(found.content_hash, space=self._space) is not None

    def _is_embedded(self, record: TrackRecord | None, content_hash: str) -> bool:
        if record is None or record.content_hash != content_hash:
            return False
        return self._catalogue.has_vectors(record.id, self._space)


def link_or_copy(path: Path, target: Path) -> None:
    """Puts a file in a second place of the home, without bytes of its own where disks allow it."""
    if target.exists():
        return
    try:
        os.link(path, target)
    except OSError:  # a file system without links
        beside = target.with_name(f"{target.name}.part")
        shutil.copyfile(path, beside)
        beside.replace(target)


def _with_standing(source: TrackSource, standing: TrackRecord | None) -> TrackSource:
    """The source, with the words of the track where it gives none."""
    if standing is None:
        return source
    kept = {name: getattr(source, name) or getattr(standing, name) for name in WORDS}
    return replace(source, **kept, tags=source.tags or standing.tags)


def _changed_words(source: TrackSource, standing: TrackRecord) -> dict[str, str]:
    given = {name: getattr(source, name) for name in WORDS}
    return {
        name: value for name, value in given.items() if value and value != getattr(standing, name)
    }
