"""Who a campaign may speak to, and which products, each by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from affinity.errors import SettingsError, UnknownLabel, did_you_mean
from affinity.settings import CampaignSettings
from affinity.tables import Customers
from affinity.vocabulary import Vocabulary


def choose_audience(customers: Customers, tenure_days: np.ndarray | None, settings: CampaignSettings) -> np.ndarray:
    """bool[n_customers]: in every segment asked for (``where``) and within the tenure asked for.

    tenure_days : float64[n_customers] since started_at or the first seen purchase, NaN unknown (then not within any
    limit); None: nobody's is known. Raises SettingsError for an unknown column, or for tenure that nobody has;
    UnknownLabel for a value that no customer of the column has.
    """
    inside = np.ones(len(customers), dtype=bool)
    for name, wanted in settings.where.items():
        codes, labels = customers.segment_codes(name)
        known = [label for label in labels.tolist() if label is not None]
        for label in wanted:
            if label not in known:
                raise UnknownLabel(f"Nobody has {name}={label!r}.", do=did_you_mean(label, known))
        inside &= np.isin(codes, [known.index(label) for label in wanted])
    limits = (settings.min_tenure_days, settings.max_tenure_days)
    if limits != (None, None):
        if tenure_days is None or np.isnan(tenure_days).all():
            raise SettingsError(
                "The audience is limited by tenure, and nobody's is known.",
                do="Give orders with dates, or customers with started_at; or leave the limit out.",
            )
        low, high = limits[0] or 0, np.inf if limits[1] is None else limits[1]
        inside &= (tenure_days >= low) & (tenure_days <= high)  # NaN is in no range
    return inside


def name_products(products: Vocabulary, wanted: Iterable[str]) -> np.ndarray:
    """bool[m]: the products named, all where none is; UnknownLabel, with the nearest one, for a name that there is not."""
    codes = [products.code(label) for label in wanted]
    if not codes:
        return np.ones(len(products), dtype=bool)
    return np.isin(np.arange(len(products)), codes)


def by_product(products: Vocabulary, default: float, own: Mapping[str, float]) -> np.ndarray:
    """float64[m]: ``default``, and what some products have of their own; UnknownLabel for a name that there is not."""
    column = np.full(len(products), default, dtype=np.float64)
    for label, number in own.items():
        column[products.code(label)] = number
    return column
