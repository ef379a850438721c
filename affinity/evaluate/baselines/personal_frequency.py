"""Personal frequency: what the customer has bought most often."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import count_owners
from affinity.tables.landmark import Landmark


def personal_frequency(landmark: Landmark) -> Scorer:
    """Days (or orders) on which he bought it, then the more recent, then the more popular; popular products after them.

    The baseline of the protocol "next_basket"; where owned products may not be listed it is popularity.
    """
    holdings = landmark.holdings
    owners = count_owners(holdings)
    age = holdings.end[holdings.customer] - holdings.last_at
    value = holdings.times + 0.5 / (1.0 + np.maximum(age, 0))
    shape = (len(holdings.customers), len(holdings.products))
    own = sparse.csr_array((value, holdings.product.astype(np.int64), holdings.indptr), shape=shape)
    popular = owners * (1e-9 / max(int(owners.max(initial=0)), 1))
    return lambda who: own[who].toarray() + popular
