"""Files, frames, databases and known exports in; OrderLines, Offers, Products, Customers and their reports out."""

from affinity.ingest.customers import read_customers
from affinity.ingest.fits import read_fits
from affinity.ingest.frame_source import ParquetParts
from affinity.ingest.importer import list_parts
from affinity.ingest.interventions import read_interventions
from affinity.ingest.offers import read_offers
from affinity.ingest.orders import check_future, read_orders
from affinity.ingest.outcomes import read_outcomes
from affinity.ingest.parts import PartsRead, add_parts, read_parts, size_of_lines
from affinity.ingest.products import read_products
from affinity.ingest.spark_source import is_uri, on_spark
from affinity.ingest.subscriptions import read_subscriptions

__all__ = [
    "ParquetParts",
    "PartsRead",
    "add_parts",
    "check_future",
    "is_uri",
    "list_parts",
    "on_spark",
    "read_customers",
    "read_fits",
    "read_interventions",
    "read_offers",
    "read_orders",
    "read_outcomes",
    "read_parts",
    "read_products",
    "read_subscriptions",
    "size_of_lines",
]
