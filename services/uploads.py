"""Files on their way in: uploads behind handles that expire, and paths below allowed roots.

An upload is two files, `<handle><suffix>` and `<handle>.json`; the second is written when the
upload is whole, so that one cut short has no handle. Names on disk are made here: of a caller's
file name only a plain suffix is kept. Knows no media.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from services.errors import Busy, InvalidRequest, NotFound, PathNotAllowed, TooLarge

MAX_CHUNK_BYTES = 1 << 20
# When an upload finds no room, others are given this long to be used or to expire.
RETRY_AFTER_S = 60.0
HANDLE = re.compile(r"[0-9a-f]{32}")
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
SHA256 = re.compile(r"[0-9a-f]{64}")
RECORD_SUFFIX = ".json"
PART_SUFFIX = ".part"


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A whole upload."""

    handle: str
    file_name: str
    size_bytes: int
    sha256: str
    expires_at: datetime


class UploadStore:
    """Takes uploads into a folder and forgets them when they expire; safe among threads.

    Args:
        folder: Where they lie; nobody else writes there.
        max_bytes: Most bytes of one upload.
        max_total_bytes: Most bytes of all uploads together, those under way included; None sets
            no limit.
        expires_s: Seconds until an upload is forgotten.
        now: The clock.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        expires_s: float,
        max_total_bytes: int | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_total_bytes = max_total_bytes
        self._expires_s = expires_s
        self._now = now
        # Bytes that each upload under way has announced or, beyond that, sent.
        self._open: dict[str, int] = {}
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def writer(self, file_name: str, *, size_bytes: int = 0, sha256: str = "") -> UploadWriter:
        """Starts an upload; size and hash are checked at its end when they are given.

        Raises:
            TooLarge: The size announced is beyond the limit.
            Busy: The uploads that wait already leave no room for it.
            InvalidRequest: The size or the hash cannot be one.
        """
        if size_bytes < 0 or (sha256 and not SHA256.fullmatch(sha256)):
            raise InvalidRequest("size_bytes must be 0 or more and sha256 64 hexadecimal digits")
        if size_bytes > self._max_bytes:
            raise _too_large(file_name, self._max_bytes)
        handle = secrets.token_hex(16)
        self.reserve(handle, size_bytes)
        announced = Announced(file_name=file_name, size_bytes=size_bytes, sha256=sha256)
        return UploadWriter(self, handle, announced, max_bytes=self._max_bytes)

    def get(self, handle: str) -> Upload:
        """What is known of an upload.

        Raises:
            NotFound: There is none, or it has expired.
        """
        record = self._folder / f"{handle}{RECORD_SUFFIX}"
        if not HANDLE.fullmatch(handle) or not record.is_file():
            raise _no_upload(handle)
        upload = _read_record(record)
        if upload.expires_at <= self._now():
            raise _no_upload(handle)
        return upload

    def path_of(self, handle: str) -> Path:
        """The file of an upload.

        Raises:
            NotFound: There is none, or it has expired.
        """
        upload = self.get(handle)
        return self._folder / f"{handle}{_suffix_of(upload.file_name)}"

    def name_of(self, path: Path) -> str:
        """What the owner of a file calls it: an upload has the name it came with."""
        if path.parent != self._folder:
            return path.name
        try:
            return self.get(path.stem).file_name
        except NotFound:  # it expired while it was read
            return path.name

    def keep(self, handle: str, *, days: float) -> None:
        """Lets an upload live longer, for work that waits in a queue."""
        upload = self.get(handle)
        expires_at = self._now() + timedelta(days=days)
        self._write_record(replace(upload, expires_at=expires_at))

    def take(self, handle: str, target: Path) -> Path:
        """Moves the file of an upload to a target on the same disk and forgets the handle."""
        path = self.path_of(handle)
        path.replace(target)
        (self._folder / f"{handle}{RECORD_SUFFIX}").unlink()
        return target

    def discard(self, handle: str) -> None:
        """Removes an upload, whole or not; one that is gone already is fine."""
        if HANDLE.fullmatch(handle):
            for path in self._folder.glob(f"{handle}.*"):
                path.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Removes what has expired and what was cut short; answers with the number of uploads."""
        handles = {path.name[:32] for path in self._folder.iterdir()}
        with self._lock:
            handles -= self._open.keys()
        gone = [handle for handle in handles if self._is_gone(handle)]
        for handle in gone:
            self.discard(handle)
        return len(gone)

    def finish(self, upload: Upload, part: Path) -> None:
        """Takes a whole upload from its writer."""
        part.replace(self._folder / f"{upload.handle}{_suffix_of(upload.file_name)}")
        self._write_record(upload)
        self.forget_writer(upload.handle)

    def reserve(self, handle: str, num_bytes: int) -> None:
        """Notes how many bytes an upload under way has, or will have.

        Raises:
            Busy: All uploads together would have more than is allowed.
        """
        with self._lock:
            if self._max_total_bytes is not None:
                others = sum(size for other, size in self._open.items() if other != handle)
                if self._num_whole_bytes() + others + num_bytes > self._max_total_bytes:
                    raise _no_room(self._max_total_bytes)
            self._open[handle] = max(num_bytes, self._open.get(handle, 0))

    def forget_writer(self, handle: str) -> None:
        """No writer is at work on the handle any more."""
        with self._lock:
            self._open.pop(handle, None)

    def part_path(self, handle: str) -> Path:
        """Where the bytes of an unfinished upload go."""
        return self._folder / f"{handle}{PART_SUFFIX}"

    def expires_at(self) -> datetime:
        """When an upload that ends now is forgotten."""
        return self._now() + timedelta(seconds=self._expires_s)

    def _num_whole_bytes(self) -> int:
        """Bytes of the uploads that are whole; they may go while this looks."""
        whole = (p for p in self._folder.iterdir() if p.suffix not in (PART_SUFFIX, RECORD_SUFFIX))
        return sum(_size_of(path) for path in whole if path.name[:32] not in self._open)

    def _is_gone(self, handle: str) -> bool:
        try:
            self.get(handle)
        except NotFound:
            return True
        return False

    def _write_record(self, upload: Upload) -> None:
        record = self._folder / f"{upload.handle}{RECORD_SUFFIX}"
        fields = {**asdict(upload), "expires_at": upload.expires_at.isoformat()}
        beside = self._folder / f"{upload.handle}.tmp"
        beside.write_text(json.dumps(fields), encoding="utf-8")
        beside.replace(record)


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What a caller says of a file before its bytes; 0 and "" say nothing."""

    file_name: str
    size_bytes: int
    sha256: str


class UploadWriter:
    """One upload while its bytes come in; leaving the `with` block early removes them."""

    def __init__(
        self, store: UploadStore, handle: str, announced: Announced, *, max_bytes: int
    ) -> None:
        self.handle = handle
        self._store = store
        self._announced = announced
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._num_bytes = 0
        self._part = store.part_path(handle)
        self._file = self._part.open("xb")

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            TooLarge: The chunk or the whole is beyond its limit.
            Busy: It is more than was announced, and there is no room for that.
        """
        if len(chunk) > MAX_CHUNK_BYTES:
            raise TooLarge(
                f"a chunk has {len(chunk)} bytes; at most {MAX_CHUNK_BYTES} are allowed"
            )
        self._num_bytes += len(chunk)
        if self._num_bytes > self._max_bytes:
            raise _too_large(self._announced.file_name, self._max_bytes)
        if self._num_bytes > self._announced.size_bytes:
            self._store.reserve(self.handle, self._num_bytes)
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self) -> Upload:
        """Ends the upload.

        Raises:
            InvalidRequest: It is empty, or not what was announced.
        """
        self._file.close()
        self._check_announced()
        upload = Upload(
            handle=self.handle,
            file_name=self._announced.file_name,
            size_bytes=self._num_bytes,
            sha256=self._hash.hexdigest(),
            expires_at=self._store.expires_at(),
        )
        self._store.finish(upload, self._part)
        return upload

    def __enter__(self) -> UploadWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)
        self._store.forget_writer(self.handle)

    def _check_announced(self) -> None:
        name, size = self._announced.file_name, self._announced.size_bytes
        if not self._num_bytes:
            raise InvalidRequest(f"the upload of {name!r} is empty")
        if size and size != self._num_bytes:
            raise InvalidRequest(f"{name!r} has {self._num_bytes} bytes; {size} were announced")
        if self._announced.sha256 not in ("", self._hash.hexdigest()):
            raise InvalidRequest(f"the SHA-256 of {name!r} is not the one announced")


class MediaSource:
    """Turns what a request names into a file that may be read.

    Args:
        roots: Folders below which paths are allowed; `(Path("/"),)` allows all, none allows none.
        uploads: Where handles lead.
    """

    def __init__(self, roots: tuple[Path, ...], uploads: UploadStore) -> None:
        self._roots = tuple(root.resolve() for root in roots)
        self.uploads = uploads

    def resolve(self, *, upload: str = "", path: str = "") -> Path:
        """The file of a handle, or the file at a path with its links followed.

        Raises:
            InvalidRequest: Neither or both are given, or the path is not absolute.
            PathNotAllowed: The path, links followed, is outside the roots.
            NotFound: No such upload or no such regular file.
        """
        if bool(upload) == bool(path):
            raise InvalidRequest("give either an upload or a path")
        return self.uploads.path_of(upload) if upload else self._allowed_path(path)

    def _allowed_path(self, path: str) -> Path:
        if "\0" in path or not Path(path).is_absolute():
            raise InvalidRequest(f"the path {path!r} is not absolute")
        resolved = _follow_links(path)
        if not any(resolved.is_relative_to(root) for root in self._roots):
            raise PathNotAllowed(
                f"the path {path!r} is outside the folders that this server may read; "
                "upload the file, or ask the administrator to add a root"
            )
        if not _is_file(resolved):
            raise NotFound(f"there is no file at {path!r}")
        return resolved


def _follow_links(path: str) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError) as error:  # a name too long, or links in a circle
        raise NotFound(f"there is no file at {path!r}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that this process may not enter
        return False


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # used or expired a moment ago
        return 0


def _suffix_of(file_name: str) -> str:
    """A plain suffix such as ".mp3", or ".bin"; never that of a record or a part."""
    suffix = Path(file_name).suffix.lower()
    if not SUFFIX.fullmatch(suffix) or suffix in (RECORD_SUFFIX, PART_SUFFIX, ".tmp"):
        return ".bin"
    return suffix


def _read_record(path: Path) -> Upload:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Upload(**{**fields, "expires_at": datetime.fromisoformat(fields["expires_at"])})


def _no_upload(handle: str) -> NotFound:
    return NotFound(
        f"there is no upload {handle[:64]!r}; it may have expired", details={"upload": handle[:64]}
    )


def _too_large(file_name: str, max_bytes: int) -> TooLarge:
    return TooLarge(
        f"{file_name!r} is larger than the {max_bytes} bytes that an upload may have",
        details={"max_bytes": str(max_bytes)},
    )


def _no_room(max_total_bytes: int) -> Busy:
    return Busy(
        f"the uploads that wait on this server leave no room: together they may have "
        f"{max_total_bytes:,} bytes; try again later",
        retry_after_s=RETRY_AFTER_S,
    )
