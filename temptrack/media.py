"""Gets local files to the server: by naming them where it can read them, else by sending them.

A server on this machine is first told the path. Where it answers that the path is outside its
allowed roots, or that there is no such file (a container, another machine behind a tunnel), the
bytes are sent instead. Knows nothing of what is in a file.
"""

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from temptrack.errors import NotAllowedError, NotFoundError
from temptrack.types import Media
from temptrack.v1 import common_pb2, retrieval_pb2

CHUNK_BYTES = 1 << 20  # the protocol's most per message: 1 MiB
UPLOAD_INSTEAD = frozenset({"PATH_NOT_ALLOWED", "NOT_FOUND"})

Answer = TypeVar("Answer")
Upload = Callable[[Iterator[retrieval_pb2.UploadMediaRequest]], retrieval_pb2.UploadMediaResponse]


class MediaSender:
    """Makes `Media` messages of files and of what the server has already.

    Args:
        upload: sends the pieces of one file and returns the server's answer.
        target: where the server is; decides whether paths are tried.
    """

    def __init__(self, upload: Upload, target: str) -> None:
        self._upload = upload
        self.tries_paths = is_local(target)

    def call(self, request: Callable[[bool], Answer], *media: Path | Media | None) -> Answer:
        """The answer to `request(by_path)`, by path where the server can read it, else by upload.

        Raises:
            FileNotFoundError: a local file is not there.
        """
        files = [item for item in media if isinstance(item, Path)]
        if not files or not self.tries_paths:
            return request(False)
        try:
            return request(True)
        except (NotAllowedError, NotFoundError) as error:
            if error.reason not in UPLOAD_INSTEAD:
                raise
        return request(False)

    def refer(self, media: Path | Media, *, by_path: bool) -> common_pb2.Media:
        """The message for a file of this machine, or for what the server has already.

        A file whose name is no UTF-8 is sent even where the server could read it: messages hold
        texts only.

        Raises:
            FileNotFoundError: a local file is not there.
        """
        if isinstance(media, Media):
            if media.upload:
                return common_pb2.Media(upload=media.upload)
            return common_pb2.Media(path=media.path)
        _check_file(media)
        if by_path and is_text(str(media.absolute())):
            return common_pb2.Media(path=str(media.absolute()))
        return common_pb2.Media(upload=self.send(media))

    def send(self, file: Path) -> str:
        """Uploads a file and returns its handle."""
        return self._upload(_pieces(file)).upload


def is_local(target: str) -> bool:
    """Whether a target is a socket or a loopback address of this machine."""
    if target.startswith("unix:"):
        return True
    host = target.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_text(text: str) -> bool:
    """Whether a message can hold it: a file name of other bytes than UTF-8 is no text."""
    return text == as_text(text)


def as_text(text: str) -> str:
    """What a message can hold of it, with "?" for the rest."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise FileNotFoundError(f"{file}: there is no such file")


def _pieces(file: Path) -> Iterator[retrieval_pb2.UploadMediaRequest]:
    with file.open("rb") as stream:
        header = retrieval_pb2.UploadHeader(
            file_name=as_text(file.name), size_bytes=file.stat().st_size
        )
        yield retrieval_pb2.UploadMediaRequest(header=header)
        while chunk := stream.read(CHUNK_BYTES):
            yield retrieval_pb2.UploadMediaRequest(chunk=chunk)
