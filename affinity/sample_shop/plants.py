"""What is planted in the sample shop: the structure that an engine should find again.

Shares and probabilities are fractions, delays whole days. `SampleShop.truth` repeats all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp


@dataclass(frozen=True)
class Segment:
    """Customers of one taste: their share, and how much more (or less) they like each category."""

    name: str
    share: float
    taste: tuple[float, ...]


@dataclass(frozen=True)
class Complement:
    """Whoever puts ``antecedent`` in a basket adds ``consequent`` with this probability."""

    antecedent: str
    consequent: str
    probability: float


@dataclass(frozen=True)
class Substitute:
    """Every customer prefers one of the two, and takes it instead of the other with this probability."""

    first: str
    second: str
    probability: float


@dataclass(frozen=True)
class Staple:
    """In any basket with this probability, whatever else is in it (true lift 1)."""

    product: str
    probability: float


@dataclass(frozen=True)
class Bundle:
    """A basket of ``segment`` holds the set with ``probability``, then each member with ``member_probability``."""

    name: str
    segment: str
    products: tuple[str, ...]
    probability: float
    member_probability: float


@dataclass(frozen=True)
class FollowOn:
    """Of the buyers of ``antecedent`` without ``consequent``, this share buys it after a delay.

    delay = 1 + ⌊X⌋ days, X Erlang with ``shape`` stages and mean ``mean_days``, counted from the first purchase.
    """

    antecedent: str
    consequent: str
    probability: float
    shape: int
    mean_days: float

    def rate_within(self, horizon_days: int) -> float:
        """True conversion by day ``horizon_days``: probability × P(X < horizon)."""
        x = horizon_days * self.shape / self.mean_days
        term, total = 1.0, 1.0
        for k in range(1, self.shape):
            term *= x / k
            total += term
        return self.probability * (1.0 - exp(-x) * total)


@dataclass(frozen=True)
class Campaign:
    """An offer of ``product`` to a random sample; ``effect`` is what treatment adds to the share who buy."""

    name: str
    product: str
    at: float
    sample: float
    treated_share: float
    effect: float


# Tastes in the order of the categories: Coffee, Tea, Baking, Kitchen, Table, Outdoor, Household.
SEGMENTS = (
    Segment("home barista", 0.30, (4.0, 1.0, 0.6, 1.0, 0.8, 0.4, 1.0)),
    Segment("keen baker", 0.25, (0.7, 1.2, 4.0, 1.2, 0.8, 0.4, 1.0)),
    Segment("host", 0.22, (0.9, 1.0, 0.8, 1.2, 4.0, 0.7, 1.0)),
    Segment("camper", 0.23, (0.6, 0.6, 0.4, 0.8, 0.5, 4.0, 1.0)),
)

COMPLEMENTS = (
    Complement("craft gin", "tonic water", 0.55),
    Complement("muffin tray", "muffin cases", 0.50),
    Complement("fig mustard", "crackers", 0.40),
    Complement("charcoal", "firelighters", 0.40),
    Complement("pour over dripper", "paper filters", 0.45),
    Complement("hiking backpack", "trail mix", 0.40),
    Complement("tipo 00 flour", "dry yeast", 0.30),
    Complement("vanilla syrup", "oat milk barista", 0.35),
    Complement("earl grey", "shortbread", 0.30),
    Complement("wool socks", "blister plasters", 0.25),
    Complement("basmati rice", "soy sauce", 0.25),
    Complement("smoked paprika", "black peppercorns", 0.20),
)

SUBSTITUTES = (
    Substitute("house blend beans", "single origin beans", 0.8),
    Substitute("earl grey", "english breakfast", 0.8),
    Substitute("bread flour", "rye flour", 0.8),
    Substitute("dinner candles", "scented candle", 0.8),
)

STAPLES = (Staple("kitchen towels", 0.16), Staple("dish soap", 0.12), Staple("bin liners", 0.09))

BUNDLES = (
    Bundle("camp kitchen", "camper", ("camping stove", "camping cookset", "gas cartridge", "enamel mug"), 0.030, 0.85),
    Bundle("picnic", "host", ("picnic blanket", "picnic basket", "melamine plates", "cool box"), 0.030, 0.85),
    Bundle("cheese evening", "host", ("cheese board", "cheese knives", "carafe", "wine glasses"), 0.030, 0.85),
    Bundle("first bake", "keen baker", ("springform pan", "kitchen scale", "measuring cups", "rolling pin"), 0.030, 0.85),
)

FOLLOW_ONS = (
    FollowOn("espresso machine", "descaling tablets", 0.45, 4, 60.0),
    FollowOn("espresso machine", "burr grinder", 0.30, 2, 45.0),
    FollowOn("burr grinder", "grinder cleaner", 0.40, 4, 75.0),
    FollowOn("pizza oven", "pizza peel", 0.50, 2, 14.0),
    FollowOn("cast iron skillet", "chainmail scrubber", 0.30, 2, 30.0),
    FollowOn("chef knife", "whetstone", 0.30, 4, 90.0),
    FollowOn("gas grill", "grill cover", 0.40, 2, 25.0),
    FollowOn("two-person tent", "tent seam sealer", 0.35, 3, 50.0),
    FollowOn("fondue set", "fondue fuel", 0.50, 3, 40.0),
    FollowOn("air fryer", "air fryer liners", 0.45, 2, 20.0),
    FollowOn("stand mixer", "pasta maker", 0.25, 4, 120.0),
)

CAMPAIGNS = (
    Campaign("olive-oil-spring", "cold pressed olive oil", 0.55, 0.25, 0.8, 0.10),
    Campaign("rooibos-autumn", "rooibos", 0.75, 0.25, 0.8, 0.06),
    Campaign("sun-cream-winter", "sun cream", 0.90, 0.25, 0.8, 0.0),
)

#: Products that are not on sale all the time: from and to this share of the history (None: always so).
LAUNCHED = {"chai mix": 0.30}
DISCONTINUED = {"raclette grill": 0.80}

OFFER_WINDOW_DAYS = 14
OFFER_COST = 0.15
