"""The serving arrays of a release as they are written: a block of rows at a time, from the columns of its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, TextColumn, arrow_texts
from affinity.mapped import split_rows
from affinity.release.said import SentenceParts
from affinity.tables.sentences import Sentences

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

README_OF_PARTS = """
This release has so many rows that its sentences are listed in parts: a sentence is the texts at fit_opening, fit_since and
fit_reason one after another, nothing where there is -1.

| file | holds |
|---|---|
| fit_opening, fit_since | int32 positions in the two lists below, -1 none |
| opening_text, opening_offsets | what is owned |
| since_text, since_offsets | since when |
| reason_text, reason_offsets | what was measured |
"""

Writer = Callable[[Any], Any]

#: Rows written at a time.
ROWS_AT_ONCE = 1 << 20
#: Rows up to which the distinct sentences are listed whole; beyond, what they are put together from.
ROWS_WITH_WHOLE_SENTENCES = 1 << 20


def serving_files(
    *,
    recommendations: Mapping[str, AnyColumn],
    also_bought: Mapping[str, AnyColumn],
    products: Mapping[str, AnyColumn],
    shop: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, Writer]]:
    """(file name, writer) of every serving file, from the columns of published tables (labels as codes) and the packed shop.

    shop : name -> array, list of texts or mapping of plain values; its lists ``shop_product`` and ``shop_customer`` are
           those that the tables' codes refer to, and so must be sorted
    """
    packed = dict(shop or {})
    known = as_texts(packed.pop("shop_customer", []))
    ids, goods = _share_labels(
        products["product_id"], recommendations["product_id"], recommendations["because"], also_bought["product_id"],
        also_bought["recommended_id"],
    )  # fmt: skip
    product_ids = ids.to_pylist()
    if product_ids != packed.pop("shop_product", product_ids) or not _is_sorted(known):
        raise ValueError("the labels of a shop that is served are sorted texts")
    names = dict(zip(_texts_of(products["product_id"]), _texts_of(products["name"])))
    kinds, kind = _share_labels(recommendations["kind"], also_bought["kind"])
    made: dict[str, Any] = _list_texts("product", ids)
    made |= _list_texts("product_name", as_texts([names.get(label) or "" for label in product_ids]))
    made |= _list_texts("kind", kinds) | _fit_arrays(recommendations, (goods[1], goods[2], kind[0]), known)
    made |= _bought_arrays(also_bought, (goods[3], goods[4], kind[1]), len(product_ids))
    for name, value in packed.items():
        if isinstance(value, Mapping):
            yield f"{name}.json", partial(_save_plain, value)
        else:
            made |= {name: np.ascontiguousarray(value)} if isinstance(value, np.ndarray) else _list_texts(name, as_texts(value))
    for name, array in made.items():
        yield f"{name}.npy", partial(_save, array) if isinstance(array, np.ndarray) else array.write
    readme = README + (README_OF_PARTS if "fit_opening" in made else "")
    yield "README.md", lambda file: file.write(readme.encode())


class _Column:
    """An array that is made as it is written: ``values`` of each block of rows, as ``dtype``."""

    def __init__(self, rows: _Rows, dtype: Any, values: Callable[[Any], np.ndarray]) -> None:
        self._rows, self._dtype, self._values = rows, np.dtype(dtype), values

    def write(self, file: Any) -> None:
        """Write the array as .npy."""
        _save_head(len(self._rows), self._dtype, file)
        for rows in self._rows.blocks():
            file.write(np.ascontiguousarray(self._values(rows), dtype=self._dtype).data)


class _Rows:
    """The rows of a table by customer and rank, in blocks.

    place : int32 a customer code: his position in the sorted list
    """

    def __init__(self, customer: np.ndarray, rank: np.ndarray, place: np.ndarray, n: int) -> None:
        self._n, self._order, count = len(customer), None, np.zeros(n, dtype=np.int64)
        inside, last = True, (-1, 0)
        for rows in split_rows(len(customer), ROWS_AT_ONCE):
            who, at = place[customer[rows]], rank[rows]
            count += np.bincount(who, minlength=n)
            before = np.append(last[0], who[:-1]), np.append(last[1], at[:-1])
            inside &= bool(((who > before[0]) | ((who == before[0]) & (at > before[1]))).all())
            last = (who[-1], at[-1]) if len(who) else last
        self.bounds = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        if not inside:
            self._order = np.lexsort((rank, place[customer]))

    def __len__(self) -> int:
        return self._n

    def blocks(self) -> Iterator[Any]:
        """The rows of each block: a slice, or int64 places."""
        for rows in split_rows(self._n, ROWS_AT_ONCE):
            yield rows if self._order is None else self._order[rows]


def _fit_arrays(recommendations: Mapping[str, AnyColumn], codes: tuple[_Codes, ...], known: Any) -> dict[str, Any]:
    """codes : product, because and kind of each row"""
    r = recommendations
    people, (customer,) = _share_labels(r["customer_id"], also=known)
    rows = _Rows(customer.codes, np.asarray(r["rank"]), customer.place, len(people))
    reason_codes, (reason_code,) = _share_labels(r["reason_code"])
    made: dict[str, Any] = _list_texts("customer", people)
    made["customer_rows"] = rows.bounds
    if len(known):
        made["customer_shop"] = _find_texts(people, known)
    fit, alone = np.asarray(r["fit"]), np.asarray(r["is_fallback"])
    made["fit_product"], made["fit_because"] = (_Column(rows, np.int32, one.take) for one in codes[:2])
    made["fit_value"] = _Column(rows, np.float64, fit.__getitem__)
    made["fit_reason_code"] = _Column(rows, np.int8, reason_code.take)
    said, listed = _said(r["reason"], len(rows))
    made |= {name: _Column(rows, np.int32, values) for name, values in said.items()}
    made["fit_is_fallback"] = _Column(rows, np.bool_, alone.__getitem__)
    made["fit_kind"] = _Column(rows, np.int8, codes[2].take)
    return made | _list_texts("reason_code", reason_codes) | listed


def _said(reason: AnyColumn, n: int) -> tuple[dict[str, Callable[[Any], np.ndarray]], dict[str, Any]]:
    """What says the sentence of rows, by file, and the lists that it refers to."""
    if n > ROWS_WITH_WHOLE_SENTENCES and isinstance(reason, Sentences):
        parts = SentenceParts(reason)
        return parts.codes(), parts.lists()
    texts, (codes,) = _share_labels(reason)
    return {"fit_reason": codes.take}, _list_texts("reason", texts)


def _bought_arrays(also_bought: Mapping[str, AnyColumn], codes: tuple[_Codes, ...], products: int) -> dict[str, np.ndarray]:
    """codes : product, what is bought with it and kind of each row"""
    product, other, kind = (one.take(slice(None)) for one in codes)
    order = np.lexsort((np.asarray(also_bought["rank"]), product))
    return {
        "bought_rows": np.concatenate([[0], np.cumsum(np.bincount(product, minlength=products))]).astype(np.int64),
        "bought_product": other[order],
        "bought_score": np.asarray(also_bought["score"])[order],
        "bought_kind": kind[order].astype(np.int8),
    }


class _Codes:
    """The positions of a column's labels in a sorted list. codes, labels : of the column; place : int32 a code, last −1."""

    def __init__(self, column: AnyColumn) -> None:
        plain = column if isinstance(column, LabelColumn) else _number_texts(column)
        self.codes, self._labels = plain.codes, plain.labels
        self.place = np.full(len(plain.labels) + 1, -1, dtype=np.int32)

    def take(self, rows: Any) -> np.ndarray:
        """int32 positions of rows, −1 none."""
        return self.place[self.codes[rows]]

    @cached_property
    def used(self) -> np.ndarray:
        """int64 codes of the labels that rows have."""
        seen = np.zeros(len(self._labels) + 1, dtype=bool)
        for rows in split_rows(len(self.codes)):
            seen[self.codes[rows]] = True
        return np.flatnonzero(seen[:-1])

    @cached_property
    def texts(self) -> Any:
        """The labels that rows have, as Arrow texts."""
        labels = self._labels
        return arrow_texts(labels[self.used] if isinstance(labels, np.ndarray) else labels.take(self.used))


def _share_labels(*columns: AnyColumn, also: Any = None) -> tuple[Any, list[_Codes]]:
    """The distinct texts of the columns and of ``also`` (sorted), sorted by their bytes, as Arrow texts; the places of each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = [_Codes(column) for column in columns]
    labels = also if also is not None else as_texts([])
    for one in coded:
        missing = one.texts if not len(labels) else one.texts.filter(pc.is_null(pc.index_in(one.texts, labels)))
        if len(missing):
            every = pc.unique(pa.chunked_array([labels, missing], pa.string()))
            labels = every.take(pc.array_sort_indices(every))
    for one in coded:
        one.place[one.used] = _find_texts(one.texts, labels)
    return labels, coded


def _find_texts(texts: Any, among: Any) -> np.ndarray:
    """int32 place of each text among others, −1 where it is not."""
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(pc.index_in(texts, among), -1).to_numpy(zero_copy_only=False))


def _number_texts(column: AnyColumn) -> LabelColumn:
    """A column of texts as codes and labels."""
    if isinstance(column, TextColumn):
        return _number_joined(column.parts())
    number: dict[str, int] = {}
    codes = np.empty(len(column), dtype=np.int32)
    for rows in split_rows(len(column), ROWS_AT_ONCE):
        block = np.asarray(column)[rows]
        codes[rows] = [-1 if text is None else number.setdefault(text, len(number)) for text in block.tolist()]
    labels = np.empty(len(number), dtype=object)
    labels[:] = list(number)
    return LabelColumn(codes, labels)


def _number_joined(parts: tuple[LabelColumn, ...]) -> LabelColumn:
    """The texts put together from ``parts`` as codes and labels, one a distinct combination; some may read alike."""
    place, rows = np.zeros(len(parts[0]), dtype=np.int64), np.zeros(0, dtype=np.int64)
    for part in parts:
        _, rows, place = np.unique(place * (len(part.labels) + 1) + part.codes + 1, return_index=True, return_inverse=True)
    texts = np.full(len(rows), "", dtype=object)
    for part in parts:
        texts += np.array([*part.labels, ""], dtype=object)[part.codes[rows]]  # code −1 says nothing
    return LabelColumn(place.astype(np.int32), texts)


def _texts_of(column: AnyColumn) -> list[str | None]:
    """The text of each row."""
    values = column.decode() if isinstance(column, (LabelColumn, TextColumn)) else np.asarray(column)
    return list(arrow_texts(values).to_pylist())


def as_texts(texts: Any) -> Any:
    """Arrow texts of a list of str, or of packed texts."""
    return arrow_texts(np.array(texts, dtype=object) if isinstance(texts, list) else texts)


def _is_sorted(texts: Any) -> bool:
    import pyarrow.compute as pc

    return len(texts) < 2 or bool(pc.all(pc.less_equal(texts.slice(0, len(texts) - 1), texts.slice(1))).as_py())


def _list_texts(name: str, texts: Any) -> dict[str, np.ndarray]:
    """NAME_text and NAME_offsets of Arrow texts (none of them null)."""
    if not len(texts):
        return {f"{name}_text": np.empty(0, dtype=np.uint8), f"{name}_offsets": np.zeros(1, dtype=np.int64)}
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    return {f"{name}_text": data, f"{name}_offsets": offsets - offsets[0]}


def _save(array: np.ndarray, file: Any) -> None:
    from numpy.lib import format as npy

    npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(array))
    for rows in split_rows(len(array)) if array.size else ():
        file.write(array[rows].data)


def _save_head(n: int, dtype: np.dtype[Any], file: Any) -> None:
    from numpy.lib import format as npy

    npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(np.empty(0, dtype=dtype)) | {"shape": (n,)})


def _save_plain(value: Mapping[str, Any], file: Any) -> None:
    file.write((json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
