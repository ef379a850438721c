"""Hashes: of the arrays that went in, of a release's identity, of the values that a table holds.

None depends on the machine, the clock, the hash seed or the Parquet writer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from affinity.frames import LabelColumn, ListColumn
from affinity.vocabulary import Vocabulary

#: Rows hashed at a time.
BLOCK = 1 << 18


def release_id(identity: Mapping[str, Any]) -> str:
    """12 hex digits that name a release: BLAKE2b of ``identity`` as JSON with sorted keys.

    identity : plain JSON values: the hash of the inputs' rows, the settings that change answers, as_of, the version.

    >>> release_id({"as_of": "2011-09-01"}) == release_id({"as_of": "2011-09-01"})
    True
    """
    return blake2b(canonical_json(identity), digest_size=6).hexdigest()


def canonical_json(value: Any) -> bytes:
    """``value`` as JSON bytes that do not depend on the order in which it was built."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def fingerprint_arrays(arrays: Mapping[str, Any]) -> str:
    """32 hex digits over named arrays: dtype, shape and bytes of each, in the order of the names.

    arrays : name -> numeric, boolean or datetime array; object array of texts (None allowed); Vocabulary (its
             fingerprint); list or label column; plain number, text or None; or a mapping of such things. A float −0.0
             counts as 0.0, and every NaN as the same one.
    """
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name}\x00".encode())
        _feed(digest, arrays[name])
    return digest.hexdigest()


def _feed(digest: blake2b, value: Any) -> None:
    if isinstance(value, Mapping):
        digest.update(f"mapping:{fingerprint_arrays(value)}".encode())
    elif isinstance(value, Vocabulary):
        digest.update(f"vocabulary:{value.fingerprint}".encode())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        words = Vocabulary.of("text", (text for text in value.ravel() if text is not None))
        digest.update(f"object:{value.shape}:{words.fingerprint}:".encode())
        digest.update(words.encode(value.ravel()).astype("<i4").tobytes())
    elif isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array + 0.0).astype(array.dtype)
        if array.dtype.kind == "U":
            array = np.char.encode(array, "utf-8")
        digest.update(f"{array.dtype.newbyteorder('<').str}:{array.shape}:".encode())
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).view(np.uint8).data if array.size else b"")
    elif isinstance(value, ListColumn):
        digest.update(b"list:")
        _feed(digest, value.indptr)
        _feed(digest, value.values)
    elif isinstance(value, LabelColumn):
        digest.update(b"label:")
        _feed(digest, value.codes)
        _feed(digest, value.labels)
    else:
        plain = value.item() if isinstance(value, np.generic) else value
        if not (plain is None or isinstance(plain, (str, int, float, bool))):
            raise TypeError(f"{type(plain).__name__} has no fingerprint")
        digest.update(f"{type(plain).__name__}:{plain!r}".encode())


def values_checksum(table: Any) -> str:
    """32 hex digits over the column names, types and values of a pyarrow.Table, whatever its chunks or encodings.

    A column is hashed as: name, type, number of rows; which rows are null (when any is); texts as byte lengths and
    UTF-8; lists as lengths and their values; numbers little-endian, nulls as 0.
    """
    digest = blake2b(digest_size=16)
    for name, column in zip(table.column_names, table.columns):
        digest.update(f"{name}\x00{_plain_type(column.type)}\x00{len(column)}\x00".encode())
        digest.update(_column_digest(column))
    return digest.hexdigest()


def _plain_type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_plain_type(kind.value_type)}>"
    return str(kind)


def _column_digest(column: Any) -> bytes:
    """Digest of a chunked array: its nulls, its lengths (texts and lists) and its values, hashed side by side."""
    nulls, lengths, values = (blake2b(digest_size=16) for _ in range(3))
    for block in _blocks(column):
        _feed_block(block, column.null_count > 0, nulls, lengths, values)
    return nulls.digest() + lengths.digest() + values.digest()


def _feed_block(block: Any, any_null: bool, nulls: blake2b, lengths: blake2b, values: blake2b) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if any_null:
        nulls.update(_bytes(block.is_null().cast(pa.uint8())))
    if pa.types.is_list(block.type):
        lengths.update(_bytes(pc.fill_null(pc.list_value_length(block), -1).cast(pa.int32())))
        _feed_block(block.flatten(), True, nulls, lengths, values)
    elif pa.types.is_string(block.type):
        lengths.update(_bytes(pc.fill_null(pc.binary_length(block), -1).cast(pa.int32())))
        values.update(_text_bytes(block))
    else:
        if pa.types.is_boolean(block.type):
            block = block.cast(pa.uint8())
        elif pa.types.is_date32(block.type):
            block = block.cast(pa.int32())
        elif pa.types.is_timestamp(block.type):
            block = block.cast(pa.int64())
        values.update(_bytes(pc.fill_null(block, 0) if block.null_count else block))


def _blocks(column: Any) -> Any:
    """The column in blocks of ``BLOCK`` rows, decoded, wherever its chunks end."""
    import pyarrow as pa

    for start in range(0, len(column), BLOCK):
        block = column.slice(start, BLOCK)
        if pa.types.is_dictionary(block.type):
            block = block.cast(block.type.value_type)
        yield block.combine_chunks()


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
