"""Instacart order_products (prior or train); joined to ``orders`` it has customers and an order sequence too."""

from affinity.ingest.format_spec import FormatSpec

SPEC = FormatSpec(
    name="instacart",
    title="Instacart order_products",
    columns={
        "order_id": ("order_id",),
        "product_id": ("product_id",),
        "customer_id": ("user_id",),
        "order_seq": ("order_number",),
        "product_name": ("product_name",),
    },
    requires=("order_id", "product_id", "add_to_cart_order"),
)
