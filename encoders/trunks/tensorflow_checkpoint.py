"""Reads the tensors of a TensorFlow checkpoint (version 2) without TensorFlow; knows no network.

A checkpoint is an `.index` (a LevelDB table: key -> BundleEntryProto) and `.data` shards of raw
little-endian values. Format: tensorflow/core/lib/io/table_format.txt and
tensorflow/core/protobuf/tensor_bundle.proto.
Only what the conversion needs is read: uncompressed blocks, one shard, float32.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48  # two block handles, padded to 40, and the magic number
FLOAT32 = 1  # DataType.DT_FLOAT


def read_checkpoint(folder: Path, name: str = "") -> dict[str, np.ndarray]:
    """Every float32 tensor of the checkpoint `<name>.index` and `<name>.data-00000-of-00001`.

    Raises:
        ValueError: not such a table, or written with an option that is not read here.
    """
    values = (folder / f"{name}.data-00000-of-00001").read_bytes()
    tensors = {}
    for key, message in _table_rows((folder / f"{name}.index").read_bytes()):
        if key:  # the empty key holds the header
            tensors[key.decode()] = _read_tensor(message, values)
    return tensors


def _table_rows(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Rows of a LevelDB table: footer -> index block -> data blocks."""
    footer = table[-FOOTER_BYTES:]
    if struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError(f"not a checkpoint index: magic number is {footer[-8:].hex()}")
    _, position = _read_handle(footer, 0)  # the metaindex block is always empty here
    index_block, _ = _read_handle(footer, position)
    for _, handle in _block_rows(table, index_block):
        data_block, _ = _read_handle(handle, 0)
        yield from _block_rows(table, data_block)


def _block_rows(table: bytes, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Rows of one block; a key is written as what it shares with the one before, and the rest."""
    offset, size = handle
    if table[offset + size] != 0:
        raise ValueError(f"block at {offset} is compressed (type {table[offset + size]})")
    block = table[offset : offset + size]
    num_restarts = struct.unpack("<I", block[-4:])[0]
    end = size - 4 * (1 + num_restarts)
    position, key = 0, b""
    while position < end:
        shared, position = _read_varint(block, position)
        unshared, position = _read_varint(block, position)
        length, position = _read_varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + length]
        position += length


def _read_tensor(message: bytes, values: bytes) -> np.ndarray:
    """One BundleEntryProto (1 dtype, 2 shape, 3 shard, 4 offset, 5 size) and its values."""
    fields = dict(_proto_fields(message))
    if fields.get(1) != FLOAT32 or fields.get(3, 0) != 0:
        raise ValueError(f"only float32 in one shard is read, got {fields}")
    shape_message = fields.get(2, b"")
    assert isinstance(shape_message, bytes)
    # TensorShapeProto: repeated field 2 is a Dim, whose field 1 is the size.
    dims = [_read_dim(d) for n, d in _proto_fields(shape_message) if n == 2]
    offset, size = int(fields.get(4, 0)), int(fields.get(5, 0))
    flat = np.frombuffer(values[offset : offset + size], dtype="<f4")
    return flat.reshape(dims)


def _read_dim(message: int | bytes) -> int:
    assert isinstance(message, bytes)
    return int(dict(_proto_fields(message))[1])


def _proto_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message (wire types 0, 2 and 5)."""
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            value, position = _read_varint(message, position)
            yield tag >> 3, value
        elif wire_type == 2:
            length, position = _read_varint(message, position)
            yield tag >> 3, message[position : position + length]
            position += length
        elif wire_type == 5:
            position += 4  # the checksum; the wheel's own SHA-256 is checked instead
        else:
            raise ValueError(f"unknown wire type {wire_type}")


def _read_handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = _read_varint(data, position)
    size, position = _read_varint(data, position)
    return (offset, size), position


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return result, position
