"""The seeded sample shop and its truth."""

from affinity.sample_shop.shop import SampleShop, make_shop, write_shop

__all__ = ["SampleShop", "make_shop", "write_shop"]
