import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from temptrack.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FindMusicRequest(_message.Message):
    __slots__ = ("text", "clip", "audio", "midi", "like_track_id", "balance", "filter", "limit", "raw", "may_compose", "seed", "render")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    MIDI_FIELD_NUMBER: _ClassVar[int]
    LIKE_TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    MAY_COMPOSE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    RENDER_FIELD_NUMBER: _ClassVar[int]
    text: str
    clip: _common_pb2.Media
    audio: _common_pb2.Media
    midi: _common_pb2.Media
    like_track_id: str
    balance: float
    filter: _common_pb2.TrackFilter
    limit: int
    raw: bool
    may_compose: bool
    seed: int
    render: bool
    def __init__(self, text: _Optional[str] = ..., clip: _Optional[_Union[_common_pb2.Media, _Mapping]] = ..., audio: _Optional[_Union[_common_pb2.Media, _Mapping]] = ..., midi: _Optional[_Union[_common_pb2.Media, _Mapping]] = ..., like_track_id: _Optional[str] = ..., balance: _Optional[float] = ..., filter: _Optional[_Union[_common_pb2.TrackFilter, _Mapping]] = ..., limit: _Optional[int] = ..., raw: _Optional[bool] = ..., may_compose: _Optional[bool] = ..., seed: _Optional[int] = ..., render: _Optional[bool] = ...) -> None: ...

class FindMusicResponse(_message.Message):
    __slots__ = ("hits", "understood", "seen", "no_match", "floor", "best_relevance", "composed", "plan", "remarks")
    HITS_FIELD_NUMBER: _ClassVar[int]
    UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    NO_MATCH_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    BEST_RELEVANCE_FIELD_NUMBER: _ClassVar[int]
    COMPOSED_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[_common_pb2.Hit]
    understood: _common_pb2.Understanding
    seen: _common_pb2.ClipDescription
    no_match: bool
    floor: float
    best_relevance: float
    composed: _common_pb2.ComposedPiece
    plan: str
    remarks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hits: _Optional[_Iterable[_Union[_common_pb2.Hit, _Mapping]]] = ..., understood: _Optional[_Union[_common_pb2.Understanding, _Mapping]] = ..., seen: _Optional[_Union[_common_pb2.ClipDescription, _Mapping]] = ..., no_match: _Optional[bool] = ..., floor: _Optional[float] = ..., best_relevance: _Optional[float] = ..., composed: _Optional[_Union[_common_pb2.ComposedPiece, _Mapping]] = ..., plan: _Optional[str] = ..., remarks: _Optional[_Iterable[str]] = ...) -> None: ...

class FindSimilarRequest(_message.Message):
    __slots__ = ("track_id", "filter", "limit", "raw")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    filter: _common_pb2.TrackFilter
    limit: int
    raw: bool
    def __init__(self, track_id: _Optional[str] = ..., filter: _Optional[_Union[_common_pb2.TrackFilter, _Mapping]] = ..., limit: _Optional[int] = ..., raw: _Optional[bool] = ...) -> None: ...

class FindSimilarResponse(_message.Message):
    __slots__ = ("hits", "no_match")
    HITS_FIELD_NUMBER: _ClassVar[int]
    NO_MATCH_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[_common_pb2.Hit]
    no_match: bool
    def __init__(self, hits: _Optional[_Iterable[_Union[_common_pb2.Hit, _Mapping]]] = ..., no_match: _Optional[bool] = ...) -> None: ...

class UploadMediaRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: UploadHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[UploadHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class UploadHeader(_message.Message):
    __slots__ = ("file_name", "size_bytes", "sha256")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    size_bytes: int
    sha256: str
    def __init__(self, file_name: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class UploadMediaResponse(_message.Message):
    __slots__ = ("upload", "size_bytes", "expires_at")
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    upload: str
    size_bytes: int
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, upload: _Optional[str] = ..., size_bytes: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
