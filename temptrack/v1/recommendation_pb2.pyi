from temptrack.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContinuePlaylistRequest(_message.Message):
    __slots__ = ("seed_track_ids", "playlist_id", "text", "filter", "limit", "raw")
    SEED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    PLAYLIST_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    seed_track_ids: _containers.RepeatedScalarFieldContainer[str]
    playlist_id: str
    text: str
    filter: _common_pb2.TrackFilter
    limit: int
    raw: bool
    def __init__(self, seed_track_ids: _Optional[_Iterable[str]] = ..., playlist_id: _Optional[str] = ..., text: _Optional[str] = ..., filter: _Optional[_Union[_common_pb2.TrackFilter, _Mapping]] = ..., limit: _Optional[int] = ..., raw: _Optional[bool] = ...) -> None: ...

class ContinuePlaylistResponse(_message.Message):
    __slots__ = ("hits", "ignored_seed_ids", "understood")
    HITS_FIELD_NUMBER: _ClassVar[int]
    IGNORED_SEED_IDS_FIELD_NUMBER: _ClassVar[int]
    UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[_common_pb2.Hit]
    ignored_seed_ids: _containers.RepeatedScalarFieldContainer[str]
    understood: _common_pb2.Understanding
    def __init__(self, hits: _Optional[_Iterable[_Union[_common_pb2.Hit, _Mapping]]] = ..., ignored_seed_ids: _Optional[_Iterable[str]] = ..., understood: _Optional[_Union[_common_pb2.Understanding, _Mapping]] = ...) -> None: ...

class MakePlaylistRequest(_message.Message):
    __slots__ = ("text", "filter", "limit")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    text: str
    filter: _common_pb2.TrackFilter
    limit: int
    def __init__(self, text: _Optional[str] = ..., filter: _Optional[_Union[_common_pb2.TrackFilter, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class MakePlaylistResponse(_message.Message):
    __slots__ = ("hits", "understood", "no_match")
    HITS_FIELD_NUMBER: _ClassVar[int]
    UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    NO_MATCH_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[_common_pb2.Hit]
    understood: _common_pb2.Understanding
    no_match: bool
    def __init__(self, hits: _Optional[_Iterable[_Union[_common_pb2.Hit, _Mapping]]] = ..., understood: _Optional[_Union[_common_pb2.Understanding, _Mapping]] = ..., no_match: _Optional[bool] = ...) -> None: ...
