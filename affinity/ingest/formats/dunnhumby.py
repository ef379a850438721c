"""dunnhumby The Complete Journey: upper case with household_key and DAY, or the R package's lower case with timestamps."""

from affinity.ingest.format_spec import FormatSpec

SPEC = FormatSpec(
    name="dunnhumby",
    title="dunnhumby The Complete Journey",
    columns={
        "order_id": ("BASKET_ID",),
        "customer_id": ("household_id", "household_key"),
        "product_id": ("PRODUCT_ID",),
        "ordered_at": ("transaction_timestamp", "DAY"),
        "quantity": ("QUANTITY",),
        "net_amount": ("SALES_VALUE",),
    },
    requires=("BASKET_ID", "PRODUCT_ID", "SALES_VALUE"),
    day_index=True,
)
