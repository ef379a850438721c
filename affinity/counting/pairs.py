"""Pair counts: for every two products, the baskets and the customers that hold both.

Made from Baskets and Holdings, read by affinity.graph. Exact integers; nothing is estimated or hashed.
"""

from __future__ import annotations

import numbers

import numpy as np

from affinity.counting.pairs_index import Index, Sets, Tally
from affinity.counting.pairs_memory import BYTES_PER_PAIR, require_index_fits, require_pairs_fit
from affinity.counting.pairs_rows import PairTask
from affinity.errors import SettingsError
from affinity.tables import Baskets, Holdings, PairCounts
from affinity.threads import available_threads, run_together


def count_pairs(
    baskets: Baskets,
    owners: Holdings | None = None,
    *,
    min_count: int = 1,
    max_products_per_customer: int = 500,
    max_memory_bytes: int = 8 * 2**30,
    max_table_bytes: int | None = None,
    threads: int | None = None,
) -> PairCounts:
    """Count every unordered pair of products at basket grain and, with ``owners``, at customer grain.

    count = #{baskets ⊇ {a, b}}, customers = #{customers who own a and b}; a pair has a row when either is at least
    ``min_count``. Margins hold, for each size stratum (``SIZE_STRATA``; size s = distinct products of the basket or
    customer), the sets, Σs, Σs² and the sets that hold each product, whatever ``min_count`` is; ``Margins.n`` counts
    all baskets, empty ones too, and all customers who own something.

    owners                    : what customers own; None: ``customers`` is 0 everywhere and ``owners`` None
    min_count                 : products that reach it at neither grain are dropped before counting, which saves time
                                and memory; the default keeps every pair seen, as `affinity.graph` expects
    max_products_per_customer : customers who own more are left out of the customer grain and counted in
                                ``left_out_customers`` (their pairs grow with the square of what they own)
    max_memory_bytes          : memory to take beyond the input (default 8 GiB); TooLarge before it would be exceeded,
                                with a min_count that fits
    max_table_bytes           : where the table could take more, its columns stand in temporary files (`affinity.mapped`),
                                ``count`` and ``customers`` as int32, and only the index must fit ``max_memory_bytes``;
                                None: it is always in memory
    threads                   : the answer does not depend on it
    ``info`` holds method ("dense": blocks of whole rows; "sparse": an accumulator a row), reason, products (kept) and
    events (pairs with repetition, Σ s(s−1)/2 over both grains).
    Degenerate: no baskets, or no basket of two products, gives a table without rows.

    Source: the counts behind Agrawal, Imieliński and Swami (1993), at two grains.

    >>> from affinity.vocabulary import Vocabulary
    >>> products = Vocabulary("product", ["bread", "butter", "jam"])
    >>> baskets = Baskets(np.array([0, 2, 5, 6]), np.array([0, 1, 0, 1, 2, 2], dtype=np.int32), products)
    >>> count_pairs(baskets).count.tolist()
    [2, 1, 1]
    >>> count_pairs(baskets, min_count=2).to_pandas().values.tolist()
    [['bread', 'butter', 2, 0]]
    """
    least = _require_positive("min_count", min_count, "1 keeps every pair seen.")
    budget = _require_positive("max_memory_bytes", max_memory_bytes, "The default is 8 GiB.")
    if max_products_per_customer < 1:
        raise SettingsError(
            f"max_products_per_customer={max_products_per_customer} would leave out every customer.",
            do="Use at least 1; the default is 500.",
        )
    n_items, threads = len(baskets.products), threads or available_threads()
    bought = Sets.of(baskets.indptr, baskets.item, n_items, "baskets")
    owned = None
    if owners is not None:
        baskets.products.require_same(owners.products)
        owned = Sets.of(owners.indptr, owners.product, n_items, "holdings", max_products_per_customer)
    tallies = _tally(bought, owned, n_items)
    n_item = np.max([tally.margins.n_item for tally in tallies], axis=0)
    kept = np.flatnonzero(n_item >= least)
    held = require_index_fits(tallies, kept, threads, budget)
    task = _index(bought, owned, kept, tallies, least, threads)
    bound = int(task.most_in_rows.sum())
    capacity = None
    if max_table_bytes is None or BYTES_PER_PAIR * bound <= max_table_bytes:
        capacity = require_pairs_fit(task, n_item[kept], max(tally.largest for tally in tallies), budget, held)
    method, reason = task.choose_method()
    a, b, count, customers = task.count(method, capacity, kept.astype(np.int32))
    return PairCounts(
        a=a, b=b, count=count, customers=customers,
        baskets=tallies[0].margins,
        owners=None if owned is None else tallies[1].margins,
        products=baskets.products,
        left_out_customers=tallies[-1].left_out,
        min_count=least,
        max_products_per_customer=None if owned is None else max_products_per_customer,
        info={"method": method, "reason": reason, "products": len(kept), "events": int(task.following.sum())},
    )  # fmt: skip


def _require_positive(name: str, value: object, hint: str) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise SettingsError(f"{name}={value!r} is not a whole number of at least 1.", do=hint)
    return int(value)


def _tally(bought: Sets, owned: Sets | None, n_items: int) -> list[Tally]:
    """Of the baskets and, where there are, of the customers."""
    if owned is None:
        return [Tally.of(bought, n_items, with_empty=True)]
    known = owned
    return list(
        run_together(
            lambda: Tally.of(bought, n_items, with_empty=True),
            lambda: Tally.of(known, n_items, with_empty=False),
        )
    )


def _index(bought: Sets, owned: Sets | None, kept: np.ndarray, tallies: list[Tally], least: int, threads: int) -> PairTask:
    from affinity.kernels.baskets_csr import END

    code_of = np.full(len(tallies[0].margins.n_item), END, dtype=np.uint32)
    code_of[kept] = np.arange(len(kept), dtype=np.uint32)
    indices = run_together(
        lambda: Index.of(bought, code_of, kept, tallies[0].margins.n_item),
        lambda: Index.of(owned, code_of, kept, tallies[-1].margins.n_item),
    )
    return PairTask(*indices, least=least, threads=threads)
