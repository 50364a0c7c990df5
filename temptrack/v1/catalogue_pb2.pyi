from google.longrunning import operations_pb2 as _operations_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from temptrack.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrackSource(_message.Message):
    __slots__ = ("media", "id", "title", "artist", "album", "tags", "text", "licence", "label")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTIST_FIELD_NUMBER: _ClassVar[int]
    ALBUM_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.Media
    id: str
    title: str
    artist: str
    album: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    text: str
    licence: str
    label: str
    def __init__(self, media: _Optional[_Union[_common_pb2.Media, _Mapping]] = ..., id: _Optional[str] = ..., title: _Optional[str] = ..., artist: _Optional[str] = ..., album: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., text: _Optional[str] = ..., licence: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class ImportTracksRequest(_message.Message):
    __slots__ = ("sources",)
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[TrackSource]
    def __init__(self, sources: _Optional[_Iterable[_Union[TrackSource, _Mapping]]] = ...) -> None: ...

class ImportTracksMetadata(_message.Message):
    __slots__ = ("num_sources", "num_done", "sound_s", "remaining_s", "current")
    NUM_SOURCES_FIELD_NUMBER: _ClassVar[int]
    NUM_DONE_FIELD_NUMBER: _ClassVar[int]
    SOUND_S_FIELD_NUMBER: _ClassVar[int]
    REMAINING_S_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    num_sources: int
    num_done: int
    sound_s: float
    remaining_s: float
    current: str
    def __init__(self, num_sources: _Optional[int] = ..., num_done: _Optional[int] = ..., sound_s: _Optional[float] = ..., remaining_s: _Optional[float] = ..., current: _Optional[str] = ...) -> None: ...

class ImportTracksResponse(_message.Message):
    __slots__ = ("outcomes", "sound_s", "elapsed_s")
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    SOUND_S_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_S_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[ImportOutcome]
    sound_s: float
    elapsed_s: float
    def __init__(self, outcomes: _Optional[_Iterable[_Union[ImportOutcome, _Mapping]]] = ..., sound_s: _Optional[float] = ..., elapsed_s: _Optional[float] = ...) -> None: ...

class ImportOutcome(_message.Message):
    __slots__ = ("label", "track_id", "state", "message", "reason")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[ImportOutcome.State]
        STATE_ADDED: _ClassVar[ImportOutcome.State]
        STATE_UNCHANGED: _ClassVar[ImportOutcome.State]
        STATE_UPDATED: _ClassVar[ImportOutcome.State]
        STATE_REFUSED: _ClassVar[ImportOutcome.State]
    STATE_UNSPECIFIED: ImportOutcome.State
    STATE_ADDED: ImportOutcome.State
    STATE_UNCHANGED: ImportOutcome.State
    STATE_UPDATED: ImportOutcome.State
    STATE_REFUSED: ImportOutcome.State
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    label: str
    track_id: str
    state: ImportOutcome.State
    message: str
    reason: str
    def __init__(self, label: _Optional[str] = ..., track_id: _Optional[str] = ..., state: _Optional[_Union[ImportOutcome.State, str]] = ..., message: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class GetTrackRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetTrackResponse(_message.Message):
    __slots__ = ("track",)
    TRACK_FIELD_NUMBER: _ClassVar[int]
    track: _common_pb2.Track
    def __init__(self, track: _Optional[_Union[_common_pb2.Track, _Mapping]] = ...) -> None: ...

class ListTracksRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "words")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    words: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., words: _Optional[str] = ...) -> None: ...

class ListTracksResponse(_message.Message):
    __slots__ = ("tracks", "next_page_token", "total_size")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[_common_pb2.Track]
    next_page_token: str
    total_size: int
    def __init__(self, tracks: _Optional[_Iterable[_Union[_common_pb2.Track, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class UpdateTrackRequest(_message.Message):
    __slots__ = ("track", "update_mask")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    track: _common_pb2.Track
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, track: _Optional[_Union[_common_pb2.Track, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateTrackResponse(_message.Message):
    __slots__ = ("track",)
    TRACK_FIELD_NUMBER: _ClassVar[int]
    track: _common_pb2.Track
    def __init__(self, track: _Optional[_Union[_common_pb2.Track, _Mapping]] = ...) -> None: ...

class RemoveTrackRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class RemoveTrackResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DownloadTrackRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DownloadTrackResponse(_message.Message):
    __slots__ = ("file_name", "chunk")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    chunk: bytes
    def __init__(self, file_name: _Optional[str] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class Playlist(_message.Message):
    __slots__ = ("id", "title", "track_ids")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    title: str
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., title: _Optional[str] = ..., track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CreatePlaylistRequest(_message.Message):
    __slots__ = ("playlist",)
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    playlist: Playlist
    def __init__(self, playlist: _Optional[_Union[Playlist, _Mapping]] = ...) -> None: ...

class CreatePlaylistResponse(_message.Message):
    __slots__ = ("playlist",)
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    playlist: Playlist
    def __init__(self, playlist: _Optional[_Union[Playlist, _Mapping]] = ...) -> None: ...

class GetPlaylistRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetPlaylistResponse(_message.Message):
    __slots__ = ("playlist",)
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    playlist: Playlist
    def __init__(self, playlist: _Optional[_Union[Playlist, _Mapping]] = ...) -> None: ...

class ListPlaylistsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPlaylistsResponse(_message.Message):
    __slots__ = ("playlists", "next_page_token")
    PLAYLISTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    playlists: _containers.RepeatedCompositeFieldContainer[Playlist]
    next_page_token: str
    def __init__(self, playlists: _Optional[_Iterable[_Union[Playlist, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdatePlaylistRequest(_message.Message):
    __slots__ = ("playlist", "update_mask")
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    playlist: Playlist
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, playlist: _Optional[_Union[Playlist, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdatePlaylistResponse(_message.Message):
    __slots__ = ("playlist",)
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    playlist: Playlist
    def __init__(self, playlist: _Optional[_Union[Playlist, _Mapping]] = ...) -> None: ...

class RemovePlaylistRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class RemovePlaylistResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
