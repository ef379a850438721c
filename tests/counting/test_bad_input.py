"""What no kernel may read, what would not fit into memory, and an interrupt: a defined result or a clear error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.counting import basket_checks, mine_itemsets
from affinity.counting.mining_memory import available_memory, budget_in_bytes
from affinity.errors import InputError, SettingsError, TooLarge
from affinity.tables import Baskets
from tests.counting.csr import make_baskets, make_products

BAD = {
    "duplicate items": ([0, 3], np.array([0, 1, 1], dtype=np.int32), "Row 0 of the baskets is not strictly increasing"),
    "unsorted": ([0, 2], np.array([1, 0], dtype=np.int32), "not strictly increasing"),
    "negative": ([0, 2], np.array([-1, 0], dtype=np.int32), "item code -1"),
    "beyond the products": ([0, 2], np.array([0, 7], dtype=np.int32), "item code 7"),
    "beyond int32": ([0, 2], np.array([0, 2**32 + 1], dtype=np.int64), "item code 4294967297"),
    "floats": ([0, 2], np.array([0.0, 1.5]), "are float64, not whole numbers"),
    "NaN": ([0, 2], np.array([0.0, np.nan]), "are float64, not whole numbers"),
    "indptr too short": ([0, 1], np.array([0, 1], dtype=np.int32), "does not run from 0"),
    "indptr that falls": ([0, 2, 1, 2], np.array([0, 1], dtype=np.int32), "does not run from 0"),
    "indptr that ends early": ([0, 2, 2, 1], np.array([0, 1], dtype=np.int32), "does not run from 0"),
    "indptr of two dimensions": ([[0, 2]], np.array([0, 1], dtype=np.int32), "one dimension"),
    "items of two dimensions": ([0, 2], np.array([[0, 1]], dtype=np.int32), "one dimension"),
    "indptr of floats": ([0.0, 2.0], np.array([0, 1], dtype=np.int32), "are float64, not whole numbers"),
}


@pytest.mark.parametrize("name", list(BAD))
@pytest.mark.parametrize("copies", [1, 2000])
def test_baskets_that_are_none_are_refused(name, copies):
    """Also behind thousands of good baskets, where a kernel looks for the fault."""
    indptr, item, words = BAD[name]
    indptr = np.array(indptr)
    if copies > 1 and indptr.ndim == item.ndim == 1:
        good = np.tile(np.array([0, 1], dtype=np.int32), copies)
        indptr, item = np.append(np.arange(0, 2 * copies, 2), indptr + 2 * copies), np.append(good, item)
        words = words.replace("Row 0", "Row 2000")
    with pytest.raises(InputError, match=words):
        mine_itemsets(Baskets(indptr, item, make_products(3)), min_count=1, max_size=1)


def test_a_long_basket_is_refused_at_once_with_the_projected_size():
    baskets = make_baskets([range(100_000)], 100_000)
    begin = time.process_time()
    with pytest.raises(TooLarge, match=r"A basket of 100,000 products alone holds about 2\*\*99999 itemsets"):
        mine_itemsets(baskets, min_count=1)
    with pytest.raises(SettingsError, match="min_count=0 is not a whole number of at least 1"):
        mine_itemsets(baskets, min_count=0)
    assert time.process_time() - begin < 30
    assert len(mine_itemsets(baskets, min_count=2)) == 0
    assert mine_itemsets(baskets, min_count=1, target="closed").sizes.tolist() == [100_000]
    with pytest.raises(TooLarge, match="A basket of 50 products alone holds 20,875 itemsets"):
        mine_itemsets(make_baskets([range(50)], 50), min_count=1, max_size=3, max_itemsets=1000)


@pytest.mark.parametrize(
    ("given", "expected"), [("2GB", 2 * 10**9), ("1.5 MiB", 3 << 19), (1000, 1000), ("700", 700), ("3kb", 3000)]
)
def test_a_budget_is_bytes_or_a_text(given, expected):
    assert budget_in_bytes(given) == expected


@pytest.mark.parametrize("given", ["2 fish", "", "-1GB", 0, True, "GB"])
def test_other_budgets_are_refused(given):
    with pytest.raises(SettingsError, match="memory_budget=.* is not a size"):
        mine_itemsets(make_baskets([[0]], 1), min_count=1, memory_budget=given)


def test_the_default_budget_is_half_of_what_is_there():
    assert 0 < budget_in_bytes(None) <= available_memory()


def test_a_small_budget_names_what_fits():
    rows = [[0, 1, 2]] * 4 + [[0, 1]] * 3 + [[3]] * 2
    with pytest.raises(TooLarge, match=r"memory_budget=256 at 64 bytes each.*min_count=5 fits \(min_support=0.556\)"):
        mine_itemsets(make_baskets(rows, 4), min_count=2, memory_budget=256)
    assert len(mine_itemsets(make_baskets(rows, 4), min_count=5, memory_budget=256)) == 3


INTERRUPTED = """
import sys, time
import numpy as np
from affinity.counting import mine_itemsets
from affinity.tables import Baskets
from affinity.vocabulary import Vocabulary
target, threads, n_items = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
products = Vocabulary("product", list(range(n_items)))
held = np.random.default_rng(1).random((60_000, n_items), dtype=np.float32) < 0.5
indptr = np.concatenate([[0], held.sum(axis=1).cumsum()])
baskets = Baskets(indptr, np.nonzero(held)[1].astype(np.int32), products)
few = Baskets(indptr[:1000], baskets.item[: indptr[999]], products)
mine_itemsets(few, min_count=450, target=target)  # compiled before the clock starts
print("ready", flush=True)
try:
    mine_itemsets(baskets, min_count=1200, target=target, threads=threads)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(
    ("target", "threads", "n_items"), [("frequent", 1, 50), ("frequent", 2, 90), ("closed", 1, 50), ("closed", 2, 90)]
)
def test_an_interrupt_ends_the_search(target, threads, n_items):
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, target, str(threads), str(n_items)], stdout=subprocess.PIPE, text=True
    ) as child:  # fmt: skip
        try:
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=20)[0] == "interrupted\n"
        finally:
            child.kill()
    assert child.returncode == 0


@given(st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=6), st.integers(1, 3))
def test_rows_are_checked_some_at_a_time(rows, at_once):
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    item = np.array([code for row in rows for code in row], dtype=np.int32)
    wrong = [k for k, row in enumerate(rows) if any(b <= a for a, b in zip(row, row[1:]))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basket_checks, "ROWS_AT_ONCE", at_once)
        if not wrong:
            basket_checks.require_sorted_rows(indptr, item, 5)
            return
        with pytest.raises(InputError, match=f"Row {wrong[0]} of the baskets is not strictly increasing"):
            basket_checks.require_sorted_rows(indptr, item, 5)
