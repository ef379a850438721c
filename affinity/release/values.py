"""Checksum of the values of a table, block by block: the same whatever the chunks, the encodings or the Parquet writer."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np


class ValuesChecksum:
    """32 hex digits over the column names, types and values of blocks of rows of one table (pyarrow.Table each).

    A column is hashed as: name, type, number of rows; which rows are null (when any is); texts as byte lengths and
    UTF-8; lists as lengths and their values; numbers little-endian, nulls as 0.
    """

    def __init__(self) -> None:
        self._columns: list[_Column] = []

    def add(self, block: Any) -> None:
        """Add the next rows; there is at least one block, perhaps without rows."""
        if not self._columns:
            self._columns = [_Column(name, _plain_type(kind.type)) for name, kind in zip(block.column_names, block.schema)]
        for column, values in zip(self._columns, block.columns):
            column.add(values)

    def hexdigest(self) -> str:
        """The checksum of the rows added so far."""
        digest = blake2b(digest_size=16)
        for column in self._columns:
            digest.update(f"{column.name}\x00{column.kind}\x00{column.rows}\x00".encode())
            digest.update(column.digest())
        return digest.hexdigest()


class _Column:
    """Digests of the nulls, the lengths (texts and lists) and the values of one column."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind, self.rows, self._any_null = name, kind, 0, False
        self._nulls, self._inner_nulls, self._lengths, self._values = (blake2b(digest_size=16) for _ in range(4))

    def add(self, chunked: Any) -> None:
        self.rows += len(chunked)
        self._any_null |= chunked.null_count > 0
        self._feed(_decoded(chunked).combine_chunks(), [self._nulls])

    def digest(self) -> bytes:
        """Where no row is null, nulls are those within lists only."""
        nulls = self._nulls if self._any_null else self._inner_nulls
        return nulls.digest() + self._lengths.digest() + self._values.digest()

    def _feed(self, block: Any, nulls: list[blake2b]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        for digest in nulls:
            digest.update(_bytes(block.is_null().cast(pa.uint8())))
        if pa.types.is_list(block.type):
            self._lengths.update(_bytes(pc.fill_null(pc.list_value_length(block), -1).cast(pa.int32())))
            self._feed(block.flatten(), [self._nulls, self._inner_nulls])
        elif pa.types.is_string(block.type):
            self._lengths.update(_bytes(pc.fill_null(pc.binary_length(block), -1).cast(pa.int32())))
            self._values.update(_text_bytes(block))
        else:
            if pa.types.is_boolean(block.type):
                block = block.cast(pa.uint8())
            elif pa.types.is_date32(block.type):
                block = block.cast(pa.int32())
            elif pa.types.is_timestamp(block.type):
                block = block.cast(pa.int64())
            self._values.update(_bytes(pc.fill_null(block, 0) if block.null_count else block))


def _plain_type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_plain_type(kind.value_type)}>"
    return str(kind)


def _decoded(block: Any) -> Any:
    import pyarrow as pa

    return block.cast(block.type.value_type) if pa.types.is_dictionary(block.type) else block


def _bytes(array: Any) -> Any:
    values = array.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False)).data


def _text_bytes(array: Any) -> Any:
    """The UTF-8 of the strings end to end; the bytes behind nulls are none."""
    import pyarrow as pa

    if array.null_count:
        array = array.drop_null()
    if not len(array):
        return b""
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    data = array.buffers()[2]
    return b"" if data is None else pa.py_buffer(data)[int(offsets[0]) : int(offsets[-1])]
