from temptrack.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Vector(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class EmbedTextRequest(_message.Message):
    __slots__ = ("texts",)
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, texts: _Optional[_Iterable[str]] = ...) -> None: ...

class EmbedTextResponse(_message.Message):
    __slots__ = ("space", "vectors", "understood")
    SPACE_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    space: str
    vectors: _containers.RepeatedCompositeFieldContainer[Vector]
    understood: _containers.RepeatedCompositeFieldContainer[_common_pb2.Understanding]
    def __init__(self, space: _Optional[str] = ..., vectors: _Optional[_Iterable[_Union[Vector, _Mapping]]] = ..., understood: _Optional[_Iterable[_Union[_common_pb2.Understanding, _Mapping]]] = ...) -> None: ...

class EmbedSoundRequest(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.Media
    def __init__(self, media: _Optional[_Union[_common_pb2.Media, _Mapping]] = ...) -> None: ...

class EmbedSoundResponse(_message.Message):
    __slots__ = ("space", "segments", "starts_s", "track", "heard")
    SPACE_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    STARTS_S_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    HEARD_FIELD_NUMBER: _ClassVar[int]
    space: str
    segments: _containers.RepeatedCompositeFieldContainer[Vector]
    starts_s: _containers.RepeatedScalarFieldContainer[float]
    track: Vector
    heard: _common_pb2.SoundDescription
    def __init__(self, space: _Optional[str] = ..., segments: _Optional[_Iterable[_Union[Vector, _Mapping]]] = ..., starts_s: _Optional[_Iterable[float]] = ..., track: _Optional[_Union[Vector, _Mapping]] = ..., heard: _Optional[_Union[_common_pb2.SoundDescription, _Mapping]] = ...) -> None: ...

class EmbedClipRequest(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.Media
    def __init__(self, media: _Optional[_Union[_common_pb2.Media, _Mapping]] = ...) -> None: ...

class EmbedClipResponse(_message.Message):
    __slots__ = ("space", "vector", "seen")
    SPACE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    space: str
    vector: Vector
    seen: _common_pb2.ClipDescription
    def __init__(self, space: _Optional[str] = ..., vector: _Optional[_Union[Vector, _Mapping]] = ..., seen: _Optional[_Union[_common_pb2.ClipDescription, _Mapping]] = ...) -> None: ...
