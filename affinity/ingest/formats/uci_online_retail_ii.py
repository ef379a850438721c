"""UCI Online Retail II (2009-12 to 2011-12): the same shop with renamed, spaced headers, two sheets."""

from affinity.ingest.format_spec import FormatSpec
from affinity.ingest.formats.uci_online_retail import STOCK_CODE

SPEC = FormatSpec(
    name="uci_online_retail_ii",
    title="UCI Online Retail II",
    columns={
        "order_id": ("Invoice",),
        "customer_id": ("Customer ID",),
        "product_id": ("StockCode",),
        "ordered_at": ("InvoiceDate",),
        "quantity": ("Quantity",),
        "unit_price": ("Price",),
        "product_name": ("Description",),
        "country": ("Country",),
    },
    requires=("Invoice", "StockCode", "Price"),
    product_pattern=STOCK_CODE,
    month_first=True,
)
