"""How parent and child speak: a JSON header and the raw bytes of arrays; no object is unpickled.

message = length of the header (4 bytes, big end first) | header (JSON) | bytes that it announces
"""

import dataclasses
import json
import math
import os
import selectors
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_HEADER_BYTES = 64 << 20
_DTYPES = frozenset({"float32", "float64", "int16", "int64", "uint8"})


class Hangup(Exception):
    """The other side closed its end."""


class WireTimeout(Exception):
    """Nothing more came before the deadline."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A header and the bytes that follow it."""

    header: Mapping[str, Any]
    body: bytearray


def send(descriptor: int, header: Mapping[str, Any], *buffers: Any) -> None:
    """Writes one message; raises Hangup where nobody reads."""
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    sizes = {"num_bytes": sum(len(view) for view in views)}
    encoded = json.dumps(dict(header) | sizes).encode()
    try:
        for view in (memoryview(len(encoded).to_bytes(4) + encoded), *views):
            while len(view):
                view = view[os.write(descriptor, view) :]
    except BrokenPipeError as error:
        raise Hangup from error


def receive(descriptor: int, *, max_bytes: int, deadline: float | None = None) -> Message:
    """Reads one message.

    Args:
        descriptor: an open pipe.
        max_bytes: the longest body that is taken.
        deadline: `time.monotonic()` at which to give up; None waits for ever.

    Raises:
        Hangup: the other side closed, or announced more than is allowed.
        WireTimeout: the deadline passed.
    """
    length = int.from_bytes(_read_exactly(descriptor, 4, deadline))
    if length > MAX_HEADER_BYTES:
        raise Hangup(f"a header of {length} bytes")
    try:
        header = json.loads(bytes(_read_exactly(descriptor, length, deadline)))
        num_bytes = int(header["num_bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise Hangup(f"a header that makes no sense: {error}") from error
    if not 0 <= num_bytes <= max_bytes:
        raise Hangup(f"a body of {num_bytes} bytes; at most {max_bytes} are taken")
    return Message(header=header, body=_read_exactly(descriptor, num_bytes, deadline))


def _read_exactly(descriptor: int, count: int, deadline: float | None) -> bytearray:
    buffer = bytearray(count)
    view = memoryview(buffer)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(view):
            wait_s = None if deadline is None else deadline - time.monotonic()
            if wait_s is not None and (wait_s <= 0 or not selector.select(wait_s)):
                raise WireTimeout
            num_read = os.readv(descriptor, [view])
            if num_read == 0:
                raise Hangup
            view = view[num_read:]
    return buffer


def pack(value: Any) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """A dataclass as JSON fields and the arrays among them, in the order of the fields."""
    fields: dict[str, Any] = {}
    arrays: list[NDArray[Any]] = []
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if isinstance(content, np.ndarray):
            contiguous = np.ascontiguousarray(content)
            arrays.append(contiguous)
            fields[field.name] = {"dtype": str(content.dtype), "shape": content.shape}
        elif dataclasses.is_dataclass(content):
            fields[field.name] = dataclasses.asdict(content)  # type: ignore[arg-type]
        else:
            fields[field.name] = content
    return fields, arrays


def unpack_arrays(fields: Mapping[str, Any], body: bytearray) -> dict[str, Any]:
    """The fields of a packed dataclass, arrays made over the body without a copy.

    Raises:
        Hangup: an array that does not fit the body, or of a type that is never sent.
    """
    unpacked: dict[str, Any] = {}
    offset = 0
    for name, content in fields.items():
        if isinstance(content, dict) and set(content) == {"dtype", "shape"}:
            array, offset = _unpack_array(content, body, offset)
            unpacked[name] = array
        else:
            unpacked[name] = _tuples(content)
    return unpacked


def _unpack_array(
    content: Mapping[str, Any], body: bytearray, offset: int
) -> tuple[NDArray[Any], int]:
    if content["dtype"] not in _DTYPES:
        raise Hangup(f"an array of {content['dtype']}")
    dtype, shape = np.dtype(content["dtype"]), tuple(int(n) for n in content["shape"])
    count = math.prod(shape)  # of Python integers: it cannot overflow
    end = offset + count * dtype.itemsize
    if min(shape, default=0) < 0 or end > len(body):
        raise Hangup(f"an array of shape {shape} in a body of {len(body)} bytes")
    return np.frombuffer(body, dtype, count, offset).reshape(shape), end


def _tuples(content: Any) -> Any:
    """JSON has lists where our dataclasses have tuples."""
    return tuple(map(_tuples, content)) if isinstance(content, list) else content
