"""The known export formats: name -> "module:attribute". One file and one line each."""

from __future__ import annotations

from importlib import import_module

from affinity.ingest.format_spec import FormatSpec

FORMATS = {
    "uci_online_retail": "affinity.ingest.formats.uci_online_retail:SPEC",
    "uci_online_retail_ii": "affinity.ingest.formats.uci_online_retail_ii:SPEC",
    "instacart": "affinity.ingest.formats.instacart:SPEC",
    "instacart_folder": "affinity.ingest.formats.instacart:FOLDER",
    "dunnhumby": "affinity.ingest.formats.dunnhumby:SPEC",
    "shopify": "affinity.ingest.formats.shopify:SPEC",
    "shopify_warehouse": "affinity.ingest.formats.shopify_warehouse:SPEC",
    "woocommerce": "affinity.ingest.formats.woocommerce:PACKED",
    "woocommerce_items": "affinity.ingest.formats.woocommerce:ITEMS",
    "woocommerce_rest": "affinity.ingest.formats.woocommerce:REST",
    "magento": "affinity.ingest.formats.magento:SPEC",
    "magento_grid": "affinity.ingest.formats.magento:GRID",
    "stripe": "affinity.ingest.formats.stripe:SPEC",
    "stripe_payments": "affinity.ingest.formats.stripe:PAYMENTS",
    "olist": "affinity.ingest.formats.olist:SPEC",
    "ga4": "affinity.ingest.formats.ga4:SPEC",
    "ga4_web": "affinity.ingest.formats.ga4:WEB",
    "segment": "affinity.ingest.formats.segment:SPEC",
}


def load_format(name: str) -> FormatSpec:
    """The specification of a registered format."""
    module, attribute = FORMATS[name].split(":")
    spec: FormatSpec = getattr(import_module(module), attribute)
    return spec
