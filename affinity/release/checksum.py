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
from affinity.mapped import split_rows
from affinity.release.values import ValuesChecksum
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
        array = np.char.encode(value, "utf-8") if value.dtype.kind == "U" else np.atleast_1d(value)
        plain_dtype = array.dtype.newbyteorder("<")
        digest.update(f"{plain_dtype.str}:{array.shape}:".encode())
        for rows in split_rows(len(array), BLOCK) if array.size else ():
            part = np.ascontiguousarray(array[rows])
            if part.dtype.kind == "f":
                part = np.where(np.isnan(part), np.nan, part + 0.0)
            digest.update(part.astype(plain_dtype, copy=False).view(np.uint8).data)
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
    """The `affinity.release.values.ValuesChecksum` of a pyarrow.Table, whatever its chunks or encodings."""
    checksum = ValuesChecksum()
    for rows in split_rows(len(table), BLOCK):
        checksum.add(table.slice(rows.start, BLOCK))
    return checksum.hexdigest()
