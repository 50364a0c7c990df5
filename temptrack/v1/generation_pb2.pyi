from temptrack.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Brief(_message.Message):
    __slots__ = ("tempo_bpm", "key", "metre", "bars", "length_s", "instruments", "valence", "energy")
    TEMPO_BPM_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    METRE_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_S_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    VALENCE_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    tempo_bpm: float
    key: str
    metre: str
    bars: int
    length_s: float
    instruments: _containers.RepeatedScalarFieldContainer[str]
    valence: float
    energy: float
    def __init__(self, tempo_bpm: _Optional[float] = ..., key: _Optional[str] = ..., metre: _Optional[str] = ..., bars: _Optional[int] = ..., length_s: _Optional[float] = ..., instruments: _Optional[_Iterable[str]] = ..., valence: _Optional[float] = ..., energy: _Optional[float] = ...) -> None: ...

class ComposeMusicRequest(_message.Message):
    __slots__ = ("text", "brief", "seed", "num_candidates", "render")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    NUM_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    RENDER_FIELD_NUMBER: _ClassVar[int]
    text: str
    brief: Brief
    seed: int
    num_candidates: int
    render: bool
    def __init__(self, text: _Optional[str] = ..., brief: _Optional[_Union[Brief, _Mapping]] = ..., seed: _Optional[int] = ..., num_candidates: _Optional[int] = ..., render: _Optional[bool] = ...) -> None: ...

class ComposeMusicResponse(_message.Message):
    __slots__ = ("piece", "understood", "brief")
    PIECE_FIELD_NUMBER: _ClassVar[int]
    UNDERSTOOD_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    piece: _common_pb2.ComposedPiece
    understood: _common_pb2.Understanding
    brief: Brief
    def __init__(self, piece: _Optional[_Union[_common_pb2.ComposedPiece, _Mapping]] = ..., understood: _Optional[_Union[_common_pb2.Understanding, _Mapping]] = ..., brief: _Optional[_Union[Brief, _Mapping]] = ...) -> None: ...
