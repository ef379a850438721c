"""Order lines cut at as_of and netted of returns; baskets, holdings, and what the lines say of products and customers."""

from affinity.baskets.cut import cut_lines
from affinity.baskets.describe import describe_customers, describe_products, recall_segment
from affinity.baskets.group import group_baskets
from affinity.baskets.holdings import collect_holdings, own_baskets
from affinity.baskets.labels import drop_unseen_labels
from affinity.baskets.net import net_returns, returned_pairs
from affinity.baskets.opt_out import exclude_customers

__all__ = [
    "collect_holdings", "cut_lines", "describe_customers", "describe_products", "drop_unseen_labels",
    "exclude_customers", "group_baskets",
    "net_returns", "own_baskets", "recall_segment", "returned_pairs",
]  # fmt: skip
