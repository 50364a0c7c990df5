import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Track(_message.Message):
    __slots__ = ("id", "title", "artist", "album", "tags", "text", "licence", "duration_s", "heard", "has_sound", "available", "generated", "num_segments", "added_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTIST_FIELD_NUMBER: _ClassVar[int]
    ALBUM_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    HEARD_FIELD_NUMBER: _ClassVar[int]
    HAS_SOUND_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    GENERATED_FIELD_NUMBER: _ClassVar[int]
    NUM_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    ADDED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    title: str
    artist: str
    album: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    text: str
    licence: str
    duration_s: float
    heard: SoundDescription
    has_sound: bool
    available: bool
    generated: bool
    num_segments: int
    added_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., title: _Optional[str] = ..., artist: _Optional[str] = ..., album: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., text: _Optional[str] = ..., licence: _Optional[str] = ..., duration_s: _Optional[float] = ..., heard: _Optional[_Union[SoundDescription, _Mapping]] = ..., has_sound: _Optional[bool] = ..., available: _Optional[bool] = ..., generated: _Optional[bool] = ..., num_segments: _Optional[int] = ..., added_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SoundDescription(_message.Message):
    __slots__ = ("tempo_bpm", "key", "moods", "tags", "instruments", "vocals", "acoustic", "loudness_db")
    class MoodsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class InstrumentsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TEMPO_BPM_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MOODS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    VOCALS_FIELD_NUMBER: _ClassVar[int]
    ACOUSTIC_FIELD_NUMBER: _ClassVar[int]
    LOUDNESS_DB_FIELD_NUMBER: _ClassVar[int]
    tempo_bpm: float
    key: str
    moods: _containers.ScalarMap[str, float]
    tags: _containers.ScalarMap[str, float]
    instruments: _containers.ScalarMap[str, float]
    vocals: float
    acoustic: float
    loudness_db: float
    def __init__(self, tempo_bpm: _Optional[float] = ..., key: _Optional[str] = ..., moods: _Optional[_Mapping[str, float]] = ..., tags: _Optional[_Mapping[str, float]] = ..., instruments: _Optional[_Mapping[str, float]] = ..., vocals: _Optional[float] = ..., acoustic: _Optional[float] = ..., loudness_db: _Optional[float] = ...) -> None: ...

class ClipDescription(_message.Message):
    __slots__ = ("words", "brightness", "saturation", "warmth", "motion", "cuts_per_minute", "valence", "energy")
    WORDS_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    SATURATION_FIELD_NUMBER: _ClassVar[int]
    WARMTH_FIELD_NUMBER: _ClassVar[int]
    MOTION_FIELD_NUMBER: _ClassVar[int]
    CUTS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    VALENCE_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    words: _containers.RepeatedScalarFieldContainer[str]
    brightness: float
    saturation: float
    warmth: float
    motion: float
    cuts_per_minute: float
    valence: float
    energy: float
    def __init__(self, words: _Optional[_Iterable[str]] = ..., brightness: _Optional[float] = ..., saturation: _Optional[float] = ..., warmth: _Optional[float] = ..., motion: _Optional[float] = ..., cuts_per_minute: _Optional[float] = ..., valence: _Optional[float] = ..., energy: _Optional[float] = ...) -> None: ...

class Asked(_message.Message):
    __slots__ = ("name", "value", "words", "negated", "confidence")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    NEGATED_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    words: str
    negated: bool
    confidence: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., words: _Optional[str] = ..., negated: _Optional[bool] = ..., confidence: _Optional[float] = ...) -> None: ...

class Understanding(_message.Message):
    __slots__ = ("text", "asked", "not_understood", "language_supported")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    NOT_UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_SUPPORTED_FIELD_NUMBER: _ClassVar[int]
    text: str
    asked: _containers.RepeatedCompositeFieldContainer[Asked]
    not_understood: _containers.RepeatedScalarFieldContainer[str]
    language_supported: bool
    def __init__(self, text: _Optional[str] = ..., asked: _Optional[_Iterable[_Union[Asked, _Mapping]]] = ..., not_understood: _Optional[_Iterable[str]] = ..., language_supported: _Optional[bool] = ...) -> None: ...

class Media(_message.Message):
    __slots__ = ("upload", "path")
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    upload: str
    path: str
    def __init__(self, upload: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class TrackFilter(_message.Message):
    __slots__ = ("min_tempo_bpm", "max_tempo_bpm", "min_duration_s", "max_duration_s", "licences", "all_tags", "no_tags", "keys", "exclude_ids", "exclude_artists", "max_per_artist")
    MIN_TEMPO_BPM_FIELD_NUMBER: _ClassVar[int]
    MAX_TEMPO_BPM_FIELD_NUMBER: _ClassVar[int]
    MIN_DURATION_S_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_S_FIELD_NUMBER: _ClassVar[int]
    LICENCES_FIELD_NUMBER: _ClassVar[int]
    ALL_TAGS_FIELD_NUMBER: _ClassVar[int]
    NO_TAGS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_IDS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_ARTIST_FIELD_NUMBER: _ClassVar[int]
    min_tempo_bpm: float
    max_tempo_bpm: float
    min_duration_s: float
    max_duration_s: float
    licences: _containers.RepeatedScalarFieldContainer[str]
    all_tags: _containers.RepeatedScalarFieldContainer[str]
    no_tags: _containers.RepeatedScalarFieldContainer[str]
    keys: _containers.RepeatedScalarFieldContainer[str]
    exclude_ids: _containers.RepeatedScalarFieldContainer[str]
    exclude_artists: _containers.RepeatedScalarFieldContainer[str]
    max_per_artist: int
    def __init__(self, min_tempo_bpm: _Optional[float] = ..., max_tempo_bpm: _Optional[float] = ..., min_duration_s: _Optional[float] = ..., max_duration_s: _Optional[float] = ..., licences: _Optional[_Iterable[str]] = ..., all_tags: _Optional[_Iterable[str]] = ..., no_tags: _Optional[_Iterable[str]] = ..., keys: _Optional[_Iterable[str]] = ..., exclude_ids: _Optional[_Iterable[str]] = ..., exclude_artists: _Optional[_Iterable[str]] = ..., max_per_artist: _Optional[int] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("kind", "text")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    text: str
    def __init__(self, kind: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Hit(_message.Message):
    __slots__ = ("track", "relevance", "start_s", "reasons")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    RELEVANCE_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    track: Track
    relevance: float
    start_s: float
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., relevance: _Optional[float] = ..., start_s: _Optional[float] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ...) -> None: ...

class AttributeReport(_message.Message):
    __slots__ = ("name", "asked", "got", "met", "how")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    GOT_FIELD_NUMBER: _ClassVar[int]
    MET_FIELD_NUMBER: _ClassVar[int]
    HOW_FIELD_NUMBER: _ClassVar[int]
    name: str
    asked: str
    got: str
    met: bool
    how: str
    def __init__(self, name: _Optional[str] = ..., asked: _Optional[str] = ..., got: _Optional[str] = ..., met: _Optional[bool] = ..., how: _Optional[str] = ...) -> None: ...

class ComposedPiece(_message.Message):
    __slots__ = ("midi", "wav", "seed", "model", "attributes", "num_candidates", "generated")
    MIDI_FIELD_NUMBER: _ClassVar[int]
    WAV_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    NUM_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    GENERATED_FIELD_NUMBER: _ClassVar[int]
    midi: bytes
    wav: bytes
    seed: int
    model: str
    attributes: _containers.RepeatedCompositeFieldContainer[AttributeReport]
    num_candidates: int
    generated: bool
    def __init__(self, midi: _Optional[bytes] = ..., wav: _Optional[bytes] = ..., seed: _Optional[int] = ..., model: _Optional[str] = ..., attributes: _Optional[_Iterable[_Union[AttributeReport, _Mapping]]] = ..., num_candidates: _Optional[int] = ..., generated: _Optional[bool] = ...) -> None: ...
