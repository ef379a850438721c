"""Serving arrays: the parts of a release that a widget asks for, as sorted .npy files read in place.

Ids are UTF-8 texts end to end with offsets, sorted by their bytes, so that an id is found by bisection.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import ReleaseError

README = """# Serving arrays of this release

Read them with numpy.load(name, mmap_mode="r"). A list of texts is NAME_text.npy (uint8, UTF-8 end to end) and
NAME_offsets.npy (int64, one more than texts). Codes are positions in such a list; -1 is none.

| file | holds |
|---|---|
| product_text, product_offsets | product ids, sorted by their bytes; a product code is a position here |
| product_name_text, product_name_offsets | the name of each product code (empty: unknown) |
| customer_text, customer_offsets | customer ids, sorted by their bytes |
| customer_rows | int64, customers + 1: the rows of a customer in fit_*, best first |
| customer_shop | int32 code of each customer in the packed shop (below), -1 who never ordered |
| fit_product, fit_because | int32 product codes: what to show; the owned product that speaks for it |
| fit_value | float64 fit |
| fit_reason_code, fit_reason | int8 and int32 positions in the two lists below, -1 none |
| fit_is_fallback | bool |
| fit_kind | int8 position in the kinds below: cross_sell, upsell or repurchase; -1 not known |
| kind_text, kind_offsets | kinds |
| reason_code_text, reason_code_offsets | reason codes |
| reason_text, reason_offsets | reasons (sentences) |
| bought_rows | int64, products + 1: the rows of a product code in bought_*, best first |
| bought_product, bought_score | int32 product codes and float64 scores of what is best bought with it |
| bought_kind | int8 position in the kinds |

A release of `affinity run` also holds the shop itself, for carts and orders that are not known when it is published
(see affinity/packing.py; product codes are positions in the list above, customers are those of customer_shop):

| file | holds |
|---|---|
| shop.json | plain values: as_of_day, baskets, buyers, settings, states, the coefficients of the fit model |
| product_*, category | what each product is: the columns of products.parquet, its orders and buyers |
| pair_*, converts_* | by antecedent: pairs bought together, pairs that convert (at the horizon of reasons) |
| held_*, returned_*, step_*, customer_*, judged_* | by customer: owned, given back, the days of purchases, facts, states |
| edge_*, like_*, first_purchases, recent_lines, known_buyers, segment_score | the fit model and what it counts |
"""

Writer = Callable[[Any], Any]


def serving_files(
    *, recommendations: Any, also_bought: Any, products: Any, shop: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Writer]]:
    """(file name, writer) of every serving file, from the published pyarrow tables and the packed shop.

    shop : name -> array, list of texts or mapping of plain values; its lists ``shop_product`` and ``shop_customer`` are
           those that the tables' codes refer to, and so must be sorted
    """
    packed = dict(shop or {})
    known = packed.pop("shop_customer", [])
    product_ids, codes = _shared_codes(
        products["product_id"],
        recommendations["product_id"],
        recommendations["because"],
        also_bought["product_id"],
        also_bought["recommended_id"],
    )
    arrays = _texts("product", product_ids)
    names = dict(zip(products["product_id"].to_pylist(), products["name"].to_pylist()))
    arrays |= _texts("product_name", [names.get(label) or "" for label in product_ids])
    if product_ids != packed.get("shop_product", product_ids) or known != sorted(known):
        raise ValueError("the labels of a shop that is served are sorted texts")
    kinds, kind = _shared_codes(recommendations["kind"], also_bought["kind"])
    arrays |= _texts("kind", kinds) | _fit_arrays(recommendations, (codes[1], codes[2], kind[0]), known)
    arrays |= _bought_arrays(also_bought, (codes[3], codes[4], kind[1]), len(product_ids))
    packed.pop("shop_product", None)
    for name, value in packed.items():
        if isinstance(value, Mapping):
            yield f"{name}.json", partial(_save_plain, value)
        else:
            arrays |= _texts(name, value) if isinstance(value, list) else {name: np.ascontiguousarray(value)}
    for name, array in arrays.items():
        yield f"{name}.npy", partial(_save, array)
    yield "README.md", lambda file: file.write(README.encode())


def _save(array: np.ndarray, file: Any) -> None:
    from numpy.lib import format as npy

    npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(array))
    file.write(array.data if array.size else b"")


def _save_plain(value: Mapping[str, Any], file: Any) -> None:
    file.write((json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def _fit_arrays(recommendations: Any, codes: tuple[np.ndarray, ...], known: list[str]) -> dict[str, np.ndarray]:
    """codes : product, because and kind of each row"""
    product, because, kind = codes
    customers, (customer,) = _shared_codes(recommendations["customer_id"], also=known)
    rank = recommendations["rank"].to_numpy()
    order = np.lexsort((rank, customer))
    reason_codes, (reason_code,) = _shared_codes(recommendations["reason_code"])
    reasons, (reason,) = _shared_codes(recommendations["reason"])
    fit = recommendations["fit"].to_numpy()
    arrays = _texts("customer", customers)
    arrays["customer_rows"] = _row_bounds(customer, len(customers))
    if known:
        place = {label: code for code, label in enumerate(known)}
        arrays["customer_shop"] = np.fromiter((place.get(label, -1) for label in customers), np.int32, len(customers))
    arrays |= {"fit_product": product[order], "fit_because": because[order], "fit_value": fit[order]}
    arrays |= {"fit_reason_code": reason_code[order].astype(np.int8), "fit_reason": reason[order]}
    arrays |= {"fit_is_fallback": recommendations["is_fallback"].to_numpy()[order], "fit_kind": kind[order].astype(np.int8)}
    return arrays | _texts("reason_code", reason_codes) | _texts("reason", reasons)


def _bought_arrays(also_bought: Any, codes: tuple[np.ndarray, ...], products: int) -> dict[str, np.ndarray]:
    """codes : product, what is bought with it and kind of each row"""
    product, other, kind = codes
    order = np.lexsort((also_bought["rank"].to_numpy(), product))
    return {
        "bought_rows": _row_bounds(product, products),
        "bought_product": other[order],
        "bought_score": also_bought["score"].to_numpy()[order],
        "bought_kind": kind[order].astype(np.int8),
    }


def _row_bounds(code: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(code, minlength=n))]).astype(np.int64)


def _shared_codes(*columns: Any, also: Iterable[str] = ()) -> tuple[list[str], list[np.ndarray]]:
    """The distinct texts of the columns and of ``also``, sorted by code points (so by bytes), and int32 codes, −1 for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = [
        (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).combine_chunks() for column in columns
    ]
    encoded = [pa.array([], pa.string()).dictionary_encode() if not len(array) else array for array in encoded]
    used = []
    for array in encoded:
        present = pc.unique(array.indices.drop_null())
        used.append(array.dictionary.take(present).to_pylist())
    labels = sorted({text for texts in [*used, also] for text in texts})
    code = {text: position for position, text in enumerate(labels)}
    codes = []
    for array in encoded:
        known = np.array([code.get(text, -1) for text in array.dictionary.to_pylist()] + [-1], dtype=np.int32)
        codes.append(known[pc.fill_null(array.indices, len(array.dictionary)).to_numpy(zero_copy_only=False)])
    return labels, codes


def _texts(name: str, texts: list[str]) -> dict[str, np.ndarray]:
    data = [text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in data], dtype=np.int64)]).astype(np.int64)
    return {f"{name}_text": np.frombuffer(b"".join(data), dtype=np.uint8), f"{name}_offsets": offsets}


class ServingArrays:
    """The serving arrays of an opened release, mapped into memory and shared by every process that reads them."""

    def __init__(self, folder: Path) -> None:
        """ReleaseError for a folder whose arrays cannot be read."""
        try:
            self._arrays = {path.stem: _map(path) for path in sorted(folder.glob("*.npy"))}
            self._seen: dict[str, tuple[memoryview, memoryview]] = {}
            self._marks: dict[str, list[bytes]] = {}
            self.plain = {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
        except (OSError, ValueError) as error:
            raise ReleaseError(f"The serving arrays in {str(folder)!r} cannot be read: {error}", do=_AGAIN) from None

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def texts(self, name: str) -> list[str]:
        """Every text of the list ``name``."""
        offsets, data = self._arrays[f"{name}_offsets"].tolist(), self._arrays[f"{name}_text"].tobytes()
        return [data[begin:end].decode() for begin, end in zip(offsets, offsets[1:])]

    def text(self, name: str, position: int) -> str:
        """The text at ``position`` of a list ("product", "customer", "reason", …)."""
        offsets, data = self._views(name)
        return str(data[offsets[position] : offsets[position + 1]], "utf-8")

    def some_texts(self, name: str, positions: list[int]) -> list[str]:
        """The texts at ``positions`` of a list, "" for −1."""
        offsets, data = self._views(name)
        return [str(data[offsets[i] : offsets[i + 1]], "utf-8") if i >= 0 else "" for i in positions]

    def find(self, name: str, text: str) -> int:
        """The position of ``text`` in the sorted list ``name`` ("product", "customer"), −1 when it is not there."""
        offsets, data = self._views(name)
        key, n = text.encode(), len(offsets) - 1
        place = bisect_left(self._landmarks(name), key)
        low, high = max(place - 1, 0) * MARK, min(place * MARK, n)
        while low < high:
            middle = (low + high) >> 1
            if bytes(data[offsets[middle] : offsets[middle + 1]]) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < n and data[offsets[low] : offsets[low + 1]] == key else -1

    def _landmarks(self, name: str) -> list[bytes]:
        """Every `MARK`-th text of a sorted list, for the first steps of a search."""
        found = self._marks.get(name)
        if found is None:
            offsets, data = self._views(name)
            places = range(0, len(offsets) - 1, MARK)
            found = self._marks[name] = [bytes(data[offsets[i] : offsets[i + 1]]) for i in places]
        return found

    def view(self, name: str) -> memoryview:
        """An array whose elements and short slices are read as plain values: several times faster than through NumPy."""
        return self._arrays[name].data

    def kinds(self, name: str, rows: slice) -> list[str | None]:
        """cross_sell, upsell or repurchase of rows of "fit" or "bought"; None where the release does not say."""
        if f"{name}_kind" not in self._arrays:
            return [None] * (rows.stop - rows.start)
        return [self._kind_names[code] for code in self.view(f"{name}_kind")[rows].tolist()]

    @cached_property
    def _kind_names(self) -> list[str | None]:
        return [*self.texts("kind"), None]

    def _views(self, name: str) -> tuple[memoryview, memoryview]:
        """(offsets, UTF-8) of a list, whose elements are read as plain values: several times faster than an array's."""
        found = self._seen.get(name)
        if found is None:
            found = self._seen[name] = self._arrays[f"{name}_offsets"].data, self._arrays[f"{name}_text"].data
        return found

    def rows(self, name: str, position: int) -> slice:
        """The rows of a customer (``name`` "customer") or of a product ("bought")."""
        bounds = self._arrays[f"{name}_rows"]
        return slice(int(bounds[position]), int(bounds[position + 1]))


#: A search begins with every so many-th text, held in memory (a megabyte for a million customers).
MARK = 64

_AGAIN = "Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID"


def _map(path: Path) -> np.ndarray:
    """The array of a file, mapped into memory where it has elements; a plain array, which is sliced faster than a memmap."""
    return np.asarray(np.load(path, mmap_mode=None if _is_empty(path) else "r", allow_pickle=False))


def _is_empty(path: Path) -> bool:
    """An array without elements cannot be mapped."""
    with path.open("rb") as file:
        from numpy.lib import format as npy

        npy.read_magic(file)
        return 0 in npy.read_array_header_1_0(file)[0]
