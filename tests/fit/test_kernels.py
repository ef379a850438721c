"""The sums that the blend and the probability are learnt from, and the candidates, against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.fit.closed_form import Edges
from affinity.kernels.scoring import add_logistic_terms, add_softmax_terms, collect_candidates
from tests import naive


def as_edges(edges: dict[tuple[int, int], float], n: int) -> Edges:
    keys = sorted(edges)
    indptr = np.concatenate([[0], np.cumsum(np.bincount([a for a, _ in keys], minlength=n))]).astype(np.int64)
    return Edges(indptr, np.array([b for _, b in keys], dtype=np.int32), np.array([edges[k] for k in keys]))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 3))
def test_candidates_of_a_customer(seed: int, each: int, n_terms: int) -> None:
    random = np.random.default_rng(seed)
    n = 12
    draw = lambda: {(int(a), int(b)): float(random.integers(1, 4)) for a, b in random.integers(0, n, (30, 2)) if a != b}  # noqa: E731
    edges, similar = draw(), draw()
    owned = {int(p): float(random.integers(1, 3)) for p in sorted(set(random.integers(0, n, 4).tolist()))}
    popular = random.permutation(n).astype(np.int32)
    e, s = as_edges(edges, n), as_edges(similar, n)
    width = 2 * each
    count, product = np.zeros(1, dtype=np.int64), np.zeros((1, width), dtype=np.int32)
    numbers = np.zeros((1, width, 2))
    antecedent, term = np.zeros((1, width, n_terms), dtype=np.int32), np.zeros((1, width, n_terms))
    scratch, slot = np.zeros((2, n)), np.full(n, -1, dtype=np.int32)
    collect_candidates(
        np.zeros(1, dtype=np.int32), np.array([0, len(owned)], dtype=np.int64), np.array(list(owned), dtype=np.int32),
        np.array(list(owned.values())), e.indptr, e.consequent, e.weight, s.indptr, s.consequent, s.weight, popular,
        each, n_terms, scratch, slot, count, product, numbers, antecedent, term,
    )  # fmt: skip
    found = {
        int(product[0, k]): (
            numbers[0, k, 0],
            numbers[0, k, 1],
            [(int(a), float(w)) for a, w in zip(antecedent[0, k], term[0, k]) if a >= 0],
        )
        for k in range(count[0])
    }
    assert found == naive.candidates(owned, edges, similar, popular.tolist(), each, n_terms)
    assert not scratch.any()
    assert (slot == -1).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_softmax_loss_and_its_gradient(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 6, 7)
    feature = random.normal(size=(int(sizes.sum()), 3))
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    label = random.integers(0, 2, len(feature)).astype(np.uint8)
    label[indptr[:-1]] = 1
    w = random.normal(size=3)
    customers = [[(feature[r].tolist(), bool(label[r])) for r in range(indptr[c], indptr[c + 1])] for c in range(len(sizes))]
    gradient = np.zeros(3)
    assert add_softmax_terms(indptr, feature, label, w, gradient) == pytest.approx(naive.softmax_loss(customers, w))
    for k in range(3):
        ahead, behind = w + 1e-6 * np.eye(3)[k], w - 1e-6 * np.eye(3)[k]
        slope = (naive.softmax_loss(customers, ahead) - naive.softmax_loss(customers, behind)) / 2e-6
        assert gradient[k] == pytest.approx(slope, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_logistic_sums(seed: int) -> None:
    random = np.random.default_rng(seed)
    u, customer = random.normal(size=20), random.integers(0, 4, 20).astype(np.int32)
    label, terms = random.integers(0, 2, 20).astype(np.uint8), random.normal(size=(4, 2))
    parameter = random.normal(size=4)
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    loss = add_logistic_terms(u, customer, label, terms, parameter, gradient, hessian)
    rows = [([u[r], *terms[customer[r]], 1.0], int(label[r])) for r in range(20)]
    expected = naive.logistic_terms(rows, parameter.tolist())
    assert loss == pytest.approx(expected[0])
    assert gradient.tolist() == pytest.approx(expected[1])
    assert np.allclose(np.tril(hessian), np.tril(expected[2]))
