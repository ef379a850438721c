"""Which horizons the follow-up can answer."""

from __future__ import annotations

import numpy as np

from affinity.errors import HorizonUnobserved, InputError
from affinity.tables.life_tables import LifeTables


def require_observed(horizon_days: int, longest_followed_days: int, as_of_day: int | None = None) -> None:
    """Raise HorizonUnobserved when nobody was followed for ``horizon_days`` days (a horizon that the user named).

    longest_followed_days : the longest follow-up of any customer who entered; as_of_day : days since the epoch
    """
    if horizon_days <= longest_followed_days:
        return
    since = "" if as_of_day is None else f" as of {np.datetime64(as_of_day, 'D')}"
    shorter = f"horizon_days <= {longest_followed_days}" if longest_followed_days > 0 else "a longer history"
    raise HorizonUnobserved(
        f"horizon_days={horizon_days}, but{since} no customer has been followed for more than {longest_followed_days} days,",
        why=f"so conversion at day {horizon_days} is not identified.",
        do=f"Use {shorter}, or a later as_of.",
    )


def check_named_horizon(life_tables: LifeTables, horizon_days: int | None) -> None:
    """Refuse a horizon that the user named and that nobody was followed to, or that was not counted."""
    if horizon_days is None:
        return
    require_observed(horizon_days, life_tables.longest_followed_days, life_tables.as_of_day)
    if horizon_days not in life_tables.horizons_days:
        counted = ", ".join(str(h) for h in life_tables.horizons_days)
        raise InputError(
            f"horizon_days={horizon_days} was not counted; the life tables hold {counted}.",
            why="Who is still followed at a horizon is counted with the life tables.",
            do=f"Count them with horizons_days=({counted}, {horizon_days}).",
        )
