"""Files, frames, databases and known exports in; OrderLines, Offers, Products, Customers and their reports out."""

from affinity.ingest.orders import check_future, read_orders

__all__ = ["check_future", "read_orders"]
