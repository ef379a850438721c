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
    largest_quantity=1000,
    rules={
        "amounts": "SALES_VALUE, what the retailer received (after RETAIL_DISC, before COUPON_DISC, which is paid to him)",
        "quantity": "1,000 and more is a measure, not a number of units (fuel): counted as one unit",
    },
)
