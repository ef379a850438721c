"""Any bytes: a clear error, or accounts that hold. Past findings are replayed; `python -m tests.fuzz.run` looks for more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.run import SEEDS
from tests.fuzz.targets import TARGETS

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*-*"))

#: Examples of a target in the fast suite: reading a file costs some hundredths of a second.
FEW = {"query": 100, "config": 60, "plan": 40, "release": 40, "events": 30}

#: Cells and separators as they stand in broken exports.
CELLS = st.sampled_from(
    [b"1", b"a", b"", b" ", b"\t", b'"', b'""', b'"x\ny"', b"2024-01-02", b"31/12/2024", b"-1", b"1e999", b"nan", b"\xff",
     b"\xc3\xa9", b"\0", b"\xef\xbb\xbf", b"'", b"=1+1", b"9" * 30, b"\xe2\x80\xa8", b"\x1c", b"\x85"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(CELLS, st.sampled_from([b",", b",", b";", b"\n", b"\n", b"\r\n", b"\r"])), max_size=60).map(b"".join)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_was_found_once(path: Path) -> None:
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.parametrize("target", SEEDS)
def test_any_bytes(target: str) -> None:
    @settings(max_examples=FEW.get(target, 15), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(st.binary(max_size=200), st.sampled_from(SEEDS[target]), TEXTS))
    def check(data: bytes) -> None:
        TARGETS[target](data)

    check()


@pytest.mark.parametrize("target", ["csv", "text", "jsonl", "baskets"])
def test_broken_exports(target: str) -> None:
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS)
    def check(data: bytes) -> None:
        TARGETS[target](data)

    check()


def test_a_lost_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property can fail: with one malformed row fewer in the accounts it does."""
    from affinity.ingest import orders

    real = orders.account_orders

    def forget(draft, source, row, reason):
        source.malformed[:] = source.malformed[1:]
        return real(draft, source, row, reason)

    monkeypatch.setattr(orders, "account_orders", forget)
    with pytest.raises(AssertionError):
        TARGETS["csv"](b"1,a,x,2024-01-01,1,2\n1,a\n")
