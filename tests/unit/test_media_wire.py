import json
import os
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from media import wire
from media.audio import Sound
from media.probe import MediaInfo, PictureStream

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:  # a test closed it
            continue


def test_a_dataclass_with_arrays_arrives_as_it_was(pipe: Pipe) -> None:
    sent = Sound(
        samples=np.linspace(-1, 1, 200_000, dtype=np.float32), sample_rate=16_000, remarks=("a",)
    )
    fields, arrays = wire.pack(sent)
    writer = threading.Thread(target=wire.send, args=(pipe[1], {"fields": fields}, *arrays))
    writer.start()
    message = wire.receive(pipe[0], max_bytes=1 << 20, deadline=time.monotonic() + 10)
    writer.join()
    got = Sound(**wire.unpack_arrays(message.header["fields"], message.body))
    assert (got.samples == sent.samples).all()
    assert got.samples.flags.writeable
    assert (got.sample_rate, got.remarks) == (sent.sample_rate, sent.remarks)


def test_a_dataclass_inside_another_is_packed_as_its_fields() -> None:
    picture = PictureStream(codec="h264", width=64, height=48, frame_rate=25.0)
    fields, arrays = wire.pack(
        MediaInfo(kind="clip", container="mp4", duration_s=None, picture=picture)
    )
    assert arrays == []
    assert PictureStream(**fields["picture"]) == picture
    assert json.dumps(fields)


def test_a_closed_end_is_a_hangup(pipe: Pipe) -> None:
    os.close(pipe[1])
    with pytest.raises(wire.Hangup):
        wire.receive(pipe[0], max_bytes=100)


def test_nobody_reading_is_a_hangup(pipe: Pipe) -> None:
    os.close(pipe[0])
    with pytest.raises(wire.Hangup):
        wire.send(pipe[1], {"job": "probe"})


def test_waiting_ends_at_the_deadline(pipe: Pipe) -> None:
    os.write(pipe[1], b"\x00\x00")
    with pytest.raises(wire.WireTimeout):
        wire.receive(pipe[0], max_bytes=100, deadline=time.monotonic() + 0.05)


@pytest.mark.parametrize(
    "header",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"num_bytes": -1}',
        b'{"num_bytes": 99999999999}',
        b'{"num_bytes": "many"}',
    ],
)
def test_a_header_without_sense_is_a_hangup(pipe: Pipe, header: bytes) -> None:
    os.write(pipe[1], len(header).to_bytes(4) + header)
    with pytest.raises(wire.Hangup):
        wire.receive(pipe[0], max_bytes=100)


def test_a_header_of_gigabytes_is_not_waited_for(pipe: Pipe) -> None:
    os.write(pipe[1], b"\xff\xff\xff\xff")
    with pytest.raises(wire.Hangup, match="header of 4294967295 bytes"):
        wire.receive(pipe[0], max_bytes=100)


@pytest.mark.parametrize(
    "claim",
    [
        {"dtype": "object", "shape": [1]},
        {"dtype": "float32", "shape": [1000]},
        {"dtype": "float32", "shape": [-1]},
        {"dtype": "uint8", "shape": [1 << 40, 1 << 40]},
    ],
)
def test_an_array_that_does_not_fit_its_bytes_is_refused(claim: dict[str, object]) -> None:
    with pytest.raises(wire.Hangup):
        wire.unpack_arrays({"samples": claim}, bytearray(16))
