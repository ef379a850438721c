"""Files, frames, databases and known exports in; OrderLines, Offers, Products, Customers and their reports out."""

from affinity.ingest.customers import read_customers
from affinity.ingest.fits import read_fits
from affinity.ingest.interventions import read_interventions
from affinity.ingest.offers import read_offers
from affinity.ingest.orders import check_future, read_orders
from affinity.ingest.outcomes import read_outcomes
from affinity.ingest.products import read_products
from affinity.ingest.spark_source import is_uri, on_spark
from affinity.ingest.subscriptions import read_subscriptions

__all__ = [
    "check_future",
    "is_uri",
    "on_spark",
    "read_customers",
    "read_fits",
    "read_interventions",
    "read_offers",
    "read_orders",
    "read_outcomes",
    "read_products",
    "read_subscriptions",
]
