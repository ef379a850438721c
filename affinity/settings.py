"""Every setting, one frozen section a room, each with its default, unit and range.

An unknown key is an error that names the nearest known one. Nothing here reads a file: the command
line does, and passes the mapping to `Settings.from_mapping`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from affinity.errors import SettingsError, did_you_mean


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IngestSettings(Section):
    """How order lines are read."""

    product_pattern: str | None = Field(
        None,
        description="Regular expression that a product id must match in full; other rows are set aside as "
        "'non_product'. Unset: '.*', or the stock-code pattern where the data look like UCI Online Retail. "
        "'.*' keeps everything.",
    )
    non_product_codes: tuple[str, ...] | None = Field(
        None, description="Product ids (case-insensitive) set aside as 'non_product'. Unset: the built-in short list."
    )
    duplicates: Literal["keep", "drop"] = Field(
        "keep",
        description="Rows without a line id that repeat an earlier row in every column: kept with a warning, or dropped."
        " Rows with a line id are always dropped when they repeat.",
    )
    returns: Literal["auto", "negative", "marked"] = Field(
        "auto",
        description="What marks a return: any negative quantity, or only a mark (a C-invoice, a status). "
        "auto: a mark where the format has one, else the sign.",
    )
    timezone: str = Field("UTC", description="Reporting time zone of aware timestamps (IANA name).")
    date_order: Literal["auto", "day_first", "month_first"] = Field(
        "auto", description="How dates such as 3/4/2011 are read. auto: by the whole column; an error where nothing settles it."
    )
    currency: str | None = Field(None, description="Keep only rows in this currency; unset: mixed currencies are an error.")
    excel_sheet: str | None = Field(None, description="Sheet to read; unset: every sheet with the same header.")


class BasketSettings(Section):
    """How lines become baskets."""

    by: Literal["order", "customer_day", "session"] = Field(
        "order", description="What is one basket: an order, all of a customer's orders of a day, or a session."
    )
    session_gap_minutes: int = Field(30, ge=1, description="by='session': a longer pause starts a new basket (minutes).")
    max_basket_size: int = Field(1000, ge=2, description="Baskets of more products are left out of counting, and reported.")
    max_products_per_customer: int = Field(
        500,
        ge=2,
        description="Customers who own more are left out of pair statistics, and those who own ten times more of what "
        "fit learns from (still scored); they are reported.",
    )


class MiningSettings(Section):
    """Frequent itemsets of `affinity run`."""

    min_support: float | None = Field(None, gt=0, le=1, description="Share of baskets. Unset with min_count: 0.001.")
    min_count: int | None = Field(None, ge=1, description="Baskets. Unset: 5, and min_support decides when it is larger.")
    max_size: int = Field(3, ge=1, description="Products in an itemset, at most.")
    max_itemsets: int = Field(200_000, ge=1, description="Only the most frequent ones are kept, and reported.")


class RuleSettings(Section):
    """Association rules of `affinity run`."""

    min_confidence: float = Field(0.1, ge=0, le=1, description="Rules with less confidence are not made.")


class GraphSettings(Section):
    """The product-pair graph."""

    min_pair_count: int = Field(5, ge=1, description="Baskets that hold both, to be published.")
    neighbors: int = Field(100, ge=1, description="Neighbours kept a product for also_bought and scoring.")
    fdr: float = Field(0.05, gt=0, lt=1, description="False-discovery rate of the significance flag.")


class ConversionSettings(Section):
    """Observed conversion A→B."""

    horizons_days: tuple[int, ...] = Field((30, 90, 365), description="Days after A at which conversion is published.")
    wash_in_days: int | None = Field(None, ge=0, description="Unset: 365, at most a third of the history.")
    min_converted: int = Field(5, ge=1, description="Converted customers at some horizon, to be published.")
    churn: Literal["crude", "net"] = Field(
        "crude",
        description="crude: customers who left stay at risk (of 100 owners, how many buy). net: their follow-up ends when "
        "they leave (how many would, if nobody left); needs ended_at.",
    )
    segment: str | None = Field(
        None, description="Segment column (customer file or order lines): similar buyers are then of the same segment."
    )
    offer_window_days: int = Field(14, ge=1, description="An offer is credited with purchases up to this many days after it.")
    by: str | None = Field(
        None,
        description="Segment column: conversion within each segment, beside the pooled and the standardised rate, and offer "
        "conversion by segment.",
    )
    segment_pairs: int = Field(1000, ge=1, description="Pairs shown by segment: those with the most converted customers.")


class EligibilitySettings(Section):
    """Who may be offered what: a preset of rules, and what to set otherwise."""

    preset: Literal["retail", "b2b_saas", "financial_services"] = Field(
        "retail", description="Rules to begin with; what is set below replaces theirs."
    )
    same_family: Literal["allowed", "excluded"] | None = Field(
        None,
        description="Products of a family of which the customer owns one: allowed (as an upsell), or excluded, so that only "
        "cross-sell is shown. Presets: retail allowed, the others excluded.",
    )
    suppressed_statuses: tuple[str, ...] | None = Field(None, description="Customer statuses that are offered nothing.")
    escalation_days: int | None = Field(None, ge=0, description="Days after a support escalation (escalated_at).")
    renewal_days: int | None = Field(None, ge=0, description="Days before renewal_at in which nobody at risk is offered.")
    at_risk_health: float | None = Field(None, description="At risk: health at or below this, or the status at_risk.")
    min_tenure_days: int | None = Field(None, ge=0, description="Days since started_at (or the first seen purchase).")
    best_time_by: str | None = Field(
        None, description="Segment column; tenure must lie in the days that best_time_days gives the customer's segment."
    )
    best_time_days: dict[str, tuple[int, int]] | None = Field(
        None, description="Segment -> days of tenure [from, to). Unset: SMB and mid-market 90 to 180, enterprise 180 to 365."
    )
    min_health: float | None = Field(None, description="Health must be above this, where it is known.")
    min_usage: float | None = Field(None, description="Usage must be above this, where it is known (a share: 0.5 is half).")
    max_idle_days: int | None = Field(None, ge=0, description="Days since last_active_at, at most, where it is known.")
    recently_offered_days: int | None = Field(None, ge=0, description="Days in which a product is not offered again.")


class FitSettings(Section):
    """The fit model (defaults measured on public data, see DECISIONS.md)."""

    half_life_days: float = Field(120, gt=0, description="Half-life of what a customer owns, at scoring and at each order.")
    co_owned_half_life_days: float = Field(45, gt=0, description="Half-life of co-ownership in the closed form.")
    row_half_life_days: float = Field(60, gt=0, description="Half-life of the orders that the closed form learns from.")
    half_life_orders: float = Field(5, gt=0, description="The same three where the data have an order sequence, no dates.")
    co_owned_half_life_orders: float = Field(1, gt=0, description="Of co-ownership in the closed form, in orders.")
    row_half_life_orders: float = Field(2, gt=0, description="Of the orders that the closed form learns from, in orders.")
    lasting_half_life_days: float = Field(365, gt=0, description="Of co-ownership that lasts: the cosine of two products.")
    lasting_half_life_orders: float = Field(20, gt=0, description="The same where the data have an order sequence.")
    alpha: float = Field(0.5, ge=0, le=1, description="Weight of co-ownership against transitions.")
    ridge: float = Field(300, gt=0, description="Ridge penalty of the closed form; more shrinks the edges of rare products.")
    support_per_target: int = Field(200, ge=1, description="Strongest candidate antecedents solved for each product.")
    candidates: int = Field(50, ge=1, description="Candidates a customer from each source.")
    segment: str | None = Field(
        None,
        description="Segment column (customer file or order lines): what customers of the same segment own more often than "
        "others counts too.",
    )


class RankingSettings(Section):
    """What is shown. Diversity and caps change which products are shown, and cost fit; what they cost is reported."""

    min_fit: float = Field(0.0, ge=0, le=1, description="Candidates with less fit are not shown.")
    min_evidence: int = Field(
        5, ge=1, description="Orders that hold both products, or converted customers, for a pair to be given as a reason."
    )
    require_evidence: bool = Field(
        False, description="Show only products that an owned product speaks for; nothing is filled up with popular ones."
    )
    diversity: float = Field(
        0.0, ge=0, le=1, description="Weight of being unlike what is shown already, against fit (maximal marginal relevance)."
    )
    max_per_category: int | None = Field(None, ge=1, description="Products of one category in a list, at most.")
    cart_may_hold_owned: bool = Field(True, description="Context cart: products that the customer owns may be suggested again.")


class MetricSettings(Section):
    """Cross-sell metrics."""

    window_days: int = Field(90, ge=1, description="Days before as_of that a metric looks at.")
    by: tuple[str, ...] = Field(
        ("tenure",),
        description="Segments: columns of the customer file or of the order lines, or tenure, cohort, health, usage, "
        "employees, revenue_tier, combination, purchase_path, first_product.",
    )
    min_cell: int = Field(10, ge=1, description="A segment of fewer customers (orders, offers) has no rate.")
    small_cells: Literal["null", "pool"] = Field(
        "null", description="null: such a segment keeps its counts, without a rate. pool: all of them together are (other)."
    )
    names: tuple[str, ...] = Field((), description="Only these metrics; unset: all.")
    owners: dict[str, str] = Field({}, description="Node of the metric tree -> who answers for it.")
    offer_window_days: int = Field(14, ge=1, description="An offer is credited with purchases up to this many days after it.")
    velocity_horizon_days: int = Field(365, ge=1, description="Horizon of cross_sell_velocity_converters.")
    cohort_months: int = Field(12, ge=1, description="Months after the first purchase in cohort_adoption_rate.")
    cohort_by: Literal["month", "quarter", "year"] = Field("quarter", description="Calendar time that makes a cohort.")
    attach_pairs: tuple[tuple[str, str], ...] = Field(
        (),
        description="Pairs (A, B) of product ids for attach_rate and pair_conversion_rate. Unset: the 5 pairs most often "
        "ordered together among the 20 most ordered products.",
    )
    pair_horizon_days: int = Field(90, ge=1, description="Horizon of pair_conversion_rate.")
    tenure_edges_days: tuple[int, ...] = Field((365, 730), description="Days at which a tenure band ends: Y1, Y2, Y3+.")
    health_edges: tuple[float, float] = Field((60, 75), description="Health up to the first is low, above the second high.")
    usage_edges: tuple[float, float] = Field((0.25, 0.5), description="Usage up to the first is low, above the second high.")
    employee_edges: tuple[int, int] = Field((200, 1000), description="Employees: fewer are SMB, more are enterprise.")
    revenue_edges: tuple[float, float] = Field(
        (25_000, 100_000), description="Revenue in the year before the window: less is tier 3, more is tier 1."
    )
    renewal_grace_days: int = Field(7, ge=0, description="A subscription taken up again within so many days did not churn.")
    trial_days: int = Field(30, ge=1, description="A trial is followed so many days for payment.")
    ltv_horizon_days: int | None = Field(
        None, ge=1, description="Lifetime value over so many days; unset: until churn, and null without churn."
    )
    landmark_days: int = Field(180, ge=1, description="Tenure from which multi- and single-product customers are compared.")
    retention_days: int = Field(365, ge=1, description="Days after the landmark in which churn is compared.")
    lapse_days: int | None = Field(
        None, ge=1, description="Without recorded ends: a customer has churned so many days after the last purchase."
    )


class CampaignSettings(Section):
    """A campaign: who is offered what, at what cost, and who is held out to measure it."""

    name: str = Field("campaign", min_length=1, description="Of the campaign; part of the default salt.")
    salt: str | None = Field(None, description="What the holdout is drawn with. Unset: the name and as_of.")
    starts_on: dt.date | None = Field(None, description="First day of the campaign. Unset: as_of.")
    where: dict[str, tuple[str, ...]] = Field({}, description="Segment column -> the values that are in the audience.")
    min_tenure_days: int | None = Field(None, ge=0, description="Audience: customers for at least so many days.")
    max_tenure_days: int | None = Field(None, ge=0, description="Audience: customers for at most so many days.")
    min_fit: float = Field(0.0, ge=0, le=1, description="Offers with less fit are not made.")
    offer_products: tuple[str, ...] = Field((), description="Products that may be offered. Unset: all.")
    n_products: int | None = Field(None, ge=1, description="Pick so many products, those that together serve most.")
    size: int | None = Field(None, ge=0, description="Offers at most.")
    budget: float | None = Field(None, ge=0, allow_inf_nan=False, description="Money for all offers.")
    cost: float = Field(0.0, ge=0, allow_inf_nan=False, description="Cost of an offer.")
    costs: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        {}, description="Product -> cost of an offer of it, where it differs."
    )
    capacity: int | None = Field(None, ge=0, description="Offers of any one product, at most.")
    capacities: dict[str, Annotated[int, Field(ge=0)]] = Field({}, description="Product -> offers of it, at most.")
    maximise: Literal["fit", "value", "margin"] = Field(
        "fit", description="What offers add up: fit (expected buyers), fit x value, or fit x margin of the product."
    )
    holdout: float = Field(0.1, ge=0, lt=1, description="Share of the audience that is offered nothing, by a stable hash.")
    strata: str | None = Field(None, description="Segment column that the holdout is balanced by, beside the fit decile.")
    candidates: int = Field(50, ge=1, description="Likeliest products looked at for each customer, from each source.")
    alpha: float = Field(0.05, gt=0, lt=1, description="Error rate of the test that power is worked out for.")
    power: float = Field(0.8, gt=0, lt=1, description="Power of the smallest detectable effect.")


class ReleaseSettings(Section):
    """What is published."""

    keep: int = Field(5, ge=1, description="Releases that stay on disk.")


class SparkSettings(Section):
    """Counting on a Spark cluster; none of these changes an answer."""

    shards: int | None = Field(
        None,
        ge=1,
        description="Parts that the customers are divided into; more need less memory. Unset: the cores of the session.",
    )
    max_rows_on_driver: int = Field(
        100_000_000, ge=1, description="Rows of counts that may come to the driver (about 24 bytes each) before it is an error."
    )


class Settings(Section):
    """All settings of a run: the few a user meets first, then one section a room."""

    as_of: dt.date | None = Field(None, description="The first day not looked at (UTC). Unset: the day after the last line.")
    horizon_days: int = Field(90, ge=1, description="Horizon of fit.")
    min_support: float | None = Field(None, gt=0, le=1, description="Share of baskets. Unset: 0.001 and at least 5 baskets.")
    min_count: int | None = Field(None, ge=1, description="The same as a number of baskets.")
    max_size: int = Field(3, ge=1, description="Products in an itemset, at most.")
    top_k: int = Field(10, ge=1, description="Recommendations a customer.")
    engine: str = Field(
        "local",
        pattern=r"^(local|spark|local\[.+\]|local-cluster\[.+\]|spark://.+|k8s://.+|yarn)$",
        description="Where to count: local (this machine), spark (the session that is active or configured), or a Spark master "
        "URL: local[2], spark://host:7077, yarn. The answers are equal.",
    )
    memory_budget: str | None = Field(
        None,
        pattern=r"^\s*(0*[1-9]\d*(\.\d+)?|0+\.0*[1-9]\d*)\s*([KMGTkmgt]?[Bb]|[KMGkmg][Ii][Bb])?\s*$",
        description="Memory of a run, such as 8GB: what is large is made in parts, order lines that would take more than an "
        "eighth of it stand in temporary files, and a step that would begin or end over it is an error that says what would "
        "fit. Unset: parts as for 8GB, files by the memory of the machine, and no error. The answers are equal.",
    )
    rank_by: Literal["fit", "expected_value"] = Field(
        "fit", description="What orders a list: fit, or fit x margin of the product (margins must be known)."
    )
    learn_every_days: int | None = Field(
        None,
        ge=1,
        description="Learn every so many days: pairs, rules, conversion and fit are of the last day that is a multiple of it "
        "since 1970-01-01, while what is owned, lists, eligibility and metrics are of as_of. Unset: learn at as_of.",
    )
    ingest: IngestSettings = IngestSettings()
    baskets: BasketSettings = BasketSettings()
    mining: MiningSettings = MiningSettings()
    rules: RuleSettings = RuleSettings()
    graph: GraphSettings = GraphSettings()
    conversion: ConversionSettings = ConversionSettings()
    eligibility: EligibilitySettings = EligibilitySettings()
    fit: FitSettings = FitSettings()
    ranking: RankingSettings = RankingSettings()
    metrics: MetricSettings = MetricSettings()
    campaign: CampaignSettings = CampaignSettings()
    release: ReleaseSettings = ReleaseSettings()
    spark: SparkSettings = SparkSettings()

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without ``learn_every_days`` where it is unset: the identity of a release does not change with the setting's name."""
        dumped: dict[str, Any] = dump(self)
        if dumped.get("learn_every_days", 0) is None:
            del dumped["learn_every_days"]
        return dumped

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Settings:
        """Settings from a nested mapping (a parsed TOML file, keyword arguments).

        Raises SettingsError for an unknown key (with the nearest known one) or a value out of range.
        """
        try:
            return cls.model_validate(mapping)
        except ValidationError as error:
            raise _settings_error(error) from None

    def changed(self, **changes: Any) -> Settings:
        """These settings with some changed; a section is given as a mapping and changed key by key."""
        given = self.model_dump(exclude_unset=True)
        for name, value in changes.items():
            given[name] = {**given.get(name, {}), **value} if isinstance(value, Mapping) else value
        return Settings.from_mapping(given)


def make_section(section: type[Section], **values: Any) -> Any:
    """One section from keyword arguments, with the same errors as a configuration file."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise _settings_error(error, section) from None


def _settings_error(error: ValidationError, root: type[Section] = Settings) -> SettingsError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    name = ".".join(path)
    if first["type"] == "extra_forbidden":
        known = _section_at(root, path[:-1]).model_fields
        where = f"in section [{'.'.join(path[:-1])}]" if path[:-1] else "at the top level"
        return SettingsError(f"Unknown setting {path[-1]!r} {where}.", do=did_you_mean(path[-1], known))
    return SettingsError(f"{name}={first['input']!r} is not valid: {first['msg'].lower()}.", do=_describe(root, path))


def _section_at(section: type[Section], path: list[str]) -> type[Section]:
    for part in path:
        annotation = section.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, Section)):
            break
        section = annotation
    return section


def _describe(root: type[Section], path: list[str]) -> str:
    field = _section_at(root, path[:-1]).model_fields.get(path[-1])
    return field.description or "" if field else ""
