"""UCI Online Retail (2010-12 to 2011-12): InvoiceNo, StockCode, …; invoices C… are cancellations."""

from affinity.ingest.format_spec import FormatSpec

#: A stock code: five digits and at most two letters (size, colour). POST, DOT, M, BANK CHARGES, … are no products.
STOCK_CODE = r"\d{5}[A-Za-z]{0,2}"
CANCELLATION = r"[Cc]\d+"

SPEC = FormatSpec(
    name="uci_online_retail",
    title="UCI Online Retail",
    columns={
        "order_id": ("InvoiceNo",),
        "customer_id": ("CustomerID",),
        "product_id": ("StockCode",),
        "ordered_at": ("InvoiceDate",),
        "quantity": ("Quantity",),
        "unit_price": ("UnitPrice",),
        "product_name": ("Description",),
        "country": ("Country",),
    },
    requires=("InvoiceNo", "StockCode", "UnitPrice"),
    product_pattern=STOCK_CODE,
    month_first=True,
)
