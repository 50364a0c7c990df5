import datetime

from google.longrunning import operations_pb2 as _operations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("version", "home", "home_format", "space", "num_tracks", "num_tracks_with_sound", "num_segments", "sound_s", "generation", "generation_rows", "fresh_rows", "device", "started_at", "num_running_operations", "database")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    HOME_FORMAT_FIELD_NUMBER: _ClassVar[int]
    SPACE_FIELD_NUMBER: _ClassVar[int]
    NUM_TRACKS_FIELD_NUMBER: _ClassVar[int]
    NUM_TRACKS_WITH_SOUND_FIELD_NUMBER: _ClassVar[int]
    NUM_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    SOUND_S_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_ROWS_FIELD_NUMBER: _ClassVar[int]
    FRESH_ROWS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    NUM_RUNNING_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    version: str
    home: str
    home_format: int
    space: str
    num_tracks: int
    num_tracks_with_sound: int
    num_segments: int
    sound_s: float
    generation: str
    generation_rows: int
    fresh_rows: int
    device: str
    started_at: _timestamp_pb2.Timestamp
    num_running_operations: int
    database: str
    def __init__(self, version: _Optional[str] = ..., home: _Optional[str] = ..., home_format: _Optional[int] = ..., space: _Optional[str] = ..., num_tracks: _Optional[int] = ..., num_tracks_with_sound: _Optional[int] = ..., num_segments: _Optional[int] = ..., sound_s: _Optional[float] = ..., generation: _Optional[str] = ..., generation_rows: _Optional[int] = ..., fresh_rows: _Optional[int] = ..., device: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., num_running_operations: _Optional[int] = ..., database: _Optional[str] = ...) -> None: ...

class ReindexRequest(_message.Message):
    __slots__ = ("embed_again",)
    EMBED_AGAIN_FIELD_NUMBER: _ClassVar[int]
    embed_again: bool
    def __init__(self, embed_again: _Optional[bool] = ...) -> None: ...

class ReindexMetadata(_message.Message):
    __slots__ = ("stage", "num_missing", "num_done")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_FIELD_NUMBER: _ClassVar[int]
    NUM_DONE_FIELD_NUMBER: _ClassVar[int]
    stage: str
    num_missing: int
    num_done: int
    def __init__(self, stage: _Optional[str] = ..., num_missing: _Optional[int] = ..., num_done: _Optional[int] = ...) -> None: ...

class ReindexResponse(_message.Message):
    __slots__ = ("generation", "num_rows", "recall", "refused")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    generation: str
    num_rows: int
    recall: float
    refused: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, generation: _Optional[str] = ..., num_rows: _Optional[int] = ..., recall: _Optional[float] = ..., refused: _Optional[_Iterable[str]] = ...) -> None: ...
