"""Stripe billing in the common warehouse schema: invoice, invoice_line_item, price (and plan); the payments CSV is refused."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import number

#: Currencies whose amounts are whole units, and those of a thousandth: all others are in hundredths.
WHOLE = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
THOUSANDTHS = ("BHD", "JOD", "KWD", "OMR", "TND")


def _listed(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


_UNITS = f"CASE WHEN l.money IN ({_listed(WHOLE)}) THEN 1 WHEN l.money IN ({_listed(THOUSANDTHS)}) THEN 1000 ELSE 100 END"
_YES = "('true', 't', '1', 'yes')"
_NO = "('false', 'f', '0', 'no')"
_AFTER = f"coalesce({number('total_excluding_tax')}, {number('total')} - coalesce({number('tax')}, 0))"

# what is paid for the first time is bought; the same price again renews it, another price of it changes the price
_LINES = f"""
WITH prices AS (
    SELECT id, arg_min(product_id, "row") AS product_id, arg_min(nickname, "row") AS nickname
    FROM (SELECT id, product_id, nickname, "row" FROM part_price UNION ALL
          SELECT id, product_id, nickname, "row" FROM part_plan) GROUP BY id),
invoices AS (
    SELECT *, CASE WHEN {number("subtotal")} > 0 AND {_AFTER} BETWEEN 0 AND {number("subtotal")}
        THEN {_AFTER} / {number("subtotal")} ELSE 1 END AS share
    FROM part_invoice QUALIFY row_number() OVER (PARTITION BY id ORDER BY "row") = 1),
lined AS (
    SELECT l."row" AS "row", l.invoice_id, v.id AS found, v.customer_id, v.created, v.share, p.nickname, l.description,
        coalesce(p.product_id, l.price_id, l.plan_id) AS product, coalesce(l.price_id, l.plan_id) AS price,
        l.quantity, {number("l.amount")} AS amount, l.amount AS written, upper(coalesce(l.currency, v.currency)) AS money,
        coalesce(l.subscription_id, v.subscription_id, v.customer_id) AS held,
        lower(coalesce(l.type, 'subscription')) AS type, l.id AS line_id,
        CASE WHEN v.id IS NULL AND l.invoice_id IS NOT NULL THEN 'no_order'
            WHEN lower(v.livemode) IN {_NO} THEN 'test'
            WHEN 'true' IN (lower(l.fivetran_deleted), lower(v.fivetran_deleted), lower(v.is_deleted)) THEN 'deleted'
            WHEN lower(v.status) = 'void' THEN 'cancelled'
            WHEN lower(v.status) <> 'paid' OR lower(v.paid) IN {_NO} THEN 'unpaid'
            WHEN lower(l.proration) IN {_YES} THEN 'proration' END AS aside,
        'status ' || coalesce(v.status, '?') AS said
    FROM part_invoice_line_item l LEFT JOIN invoices v ON l.invoice_id = v.id
        LEFT JOIN prices p ON coalesce(l.price_id, l.plan_id) = p.id),
dated AS (
    SELECT *, aside IS NULL AND type = 'subscription' AND amount > 0 AS counts,
        lag(price) OVER (PARTITION BY aside IS NULL AND type = 'subscription' AND amount > 0, held, product
            ORDER BY created, "row") AS before FROM lined)
SELECT l."row" AS "row",
    CASE WHEN aside IS NOT NULL THEN aside WHEN counts AND before = price THEN 'renewal'
        WHEN counts AND before IS NOT NULL THEN 'price_change' END AS set_aside,
    CASE WHEN aside = 'no_order' THEN invoice_id WHEN aside IS NOT NULL THEN said
        ELSE 'price ' || before || ' before, ' || price END AS set_aside_detail,
    invoice_id AS order_id, customer_id, product AS product_id, created AS ordered_at,
    CASE WHEN amount < 0 THEN (-abs(coalesce({number("quantity")}, 1)))::VARCHAR ELSE coalesce(quantity, '1') END AS quantity,
    coalesce((abs(amount) / {_UNITS} / nullif(abs(coalesce({number("quantity")}, 1)), 0))::VARCHAR, written) AS unit_price,
    amount / {_UNITS} * share AS net_amount, coalesce(nickname, description) AS product_name, money AS currency, line_id
FROM dated l ORDER BY l."row"
"""

SPEC = FormatSpec(
    name="stripe",
    title="Stripe invoices, invoice line items and prices",
    columns={
        "order_id": ("invoice_line_item.invoice_id",),
        "customer_id": ("invoice.customer_id",),
        "product_id": ("price.product_id, else the price",),
        "ordered_at": ("invoice.created",),
        "quantity": ("invoice_line_item.quantity",),
        "unit_price": ("invoice_line_item.amount ÷ quantity",),
        "net_amount": ("invoice_line_item.amount, after invoice discounts",),
        "product_name": ("price.nickname, else description",),
        "currency": ("invoice_line_item.currency",),
        "line_id": ("invoice_line_item.id",),
    },
    rules={
        "product": "the product of the price: another price of a product is no other product",
        "amounts": "minor units by currency (JPY has none), after the invoice's discounts, without its tax",
        "adoption": "the first paid line of a product in a subscription; later ones are set aside as renewal, at another "
        "price as price_change (an upsell of what is owned)",
        "set_aside": "prorations; invoices void (cancelled), draft, open or uncollectible (unpaid); test mode; deleted",
    },
    parts={
        "invoice": Part(
            ("id", "customer_id", "subscription_id", "status", "created"),
            ("paid", "currency", "subtotal", "total", "total_excluding_tax", "tax", "livemode", "is_deleted",
             "_fivetran_deleted"),
        ),
        "invoice_line_item": Part(
            ("invoice_id", "price_id", "amount", "quantity", "proration", "type"),
            ("id", "plan_id", "currency", "subscription_id", "description", "_fivetran_deleted"),
        ),
        "price": Part(("id", "product_id", "nickname", "recurring_interval")),
        "plan": Part(("id", "product_id", "nickname", "interval"), required=False),
    },
    lines=_LINES,
    line_part="invoice_line_item",
)  # fmt: skip

PAYMENTS = FormatSpec(
    name="stripe_payments",
    title="Stripe payments CSV of the dashboard",
    requires=("id", "Description", "Created (UTC)", "Amount", "Currency"),
    refusal="The payments export has one row a payment and no products: export invoices, invoice line items and prices.",
)
