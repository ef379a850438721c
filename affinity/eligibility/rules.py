"""Eligibility rules as data, and the presets of three trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from affinity.errors import SettingsError, did_you_mean
from affinity.settings import EligibilitySettings

#: Tenure in which S2 finds a cross-sell most welcome: 3–6 months, for enterprises 6–12 (days, by normalised label).
BEST_TIME_DAYS: Mapping[str, tuple[int, int]] = {
    "smb": (90, 180),
    "small_business": (90, 180),
    "mid_market": (90, 180),
    "midmarket": (90, 180),
    "enterprise": (180, 365),
}


@dataclass(frozen=True)
class EligibilityRules:
    """What keeps a customer from being offered a product, beside owning, returning, sale dates, plan and prerequisites.

    A rule that is None is off. A rule whose column the customers lack is not applied; a customer whose value is not known
    passes it; the ledger's note says both.

    same_family           : "excluded": a product of a family of which another one is owned is "same_family" (an upsell);
                            "allowed": it may be offered, as an upsell
    suppressed_statuses   : statuses (any case) that become "suppressed_<status>"
    opt_out_statuses      : statuses that become "suppressed_opt_out"
    escalation_days       : a support escalation (``escalated_at``) in so many days before as_of: "suppressed_escalation"
    renewal_days          : ``renewal_at`` within so many days from as_of while health is at or below ``at_risk_health``, or the
                            status is "at_risk": "suppressed_renewal_at_risk"
    min_tenure_days       : a customer for fewer days is "tenure_too_short"
    best_time_by          : segment column that says when a cross-sell is welcome: tenure outside the days of
                            ``best_time_days`` (label -> first day, first day no longer) is "outside_best_time"
    min_health, min_usage : at or below is "health_too_low", "usage_too_low"
    max_idle_days         : ``last_active_at`` longer ago is "not_active"
    recently_offered_days : an offer of the product in so many days before as_of is "offered_recently"
    """

    same_family: Literal["allowed", "excluded"] = "allowed"
    suppressed_statuses: tuple[str, ...] = ()
    opt_out_statuses: tuple[str, ...] = ("opt_out", "opted_out", "unsubscribed", "do_not_contact")
    escalation_days: int | None = None
    renewal_days: int | None = None
    at_risk_health: float | None = None
    min_tenure_days: int | None = None
    best_time_by: str | None = None
    best_time_days: Mapping[str, tuple[int, int]] = field(default_factory=lambda: BEST_TIME_DAYS)
    min_health: float | None = None
    min_usage: float | None = None
    max_idle_days: int | None = None
    recently_offered_days: int | None = None


#: The trade's defaults. b2b_saas is the qualification playbook of S2: health above 60, usage above 50 % of capacity, 90 days
#: of tenure, active weekly; nobody in onboarding, near renewal while at risk, or after a support escalation; churned
#: customers, trials and prospects are no customers. Where a product of the same family replaces the one that is owned (a
#: tier, a bigger account), it is an upsell, and no cross-sell.
PRESETS = {
    "retail": EligibilityRules(),
    "b2b_saas": EligibilityRules(
        same_family="excluded",
        suppressed_statuses=("onboarding", "renewal_at_risk", "escalation", "churned", "trial", "prospect"),
        escalation_days=30,
        renewal_days=90,
        at_risk_health=60.0,
        min_tenure_days=90,
        min_health=60.0,
        min_usage=0.5,
        max_idle_days=7,
        recently_offered_days=30,
    ),
    "financial_services": EligibilityRules(
        same_family="excluded",
        suppressed_statuses=("in_arrears", "complaint_open", "vulnerable", "kyc_pending", "closed", "deceased"),
        min_tenure_days=90,
        recently_offered_days=90,
    ),
}


def make_rules(settings: EligibilitySettings | str) -> EligibilityRules:
    """The rules of a preset (by name), or of settings: a preset with what they set themselves.

    >>> make_rules("retail").min_tenure_days is None
    True
    """
    preset = settings if isinstance(settings, str) else settings.preset
    if preset not in PRESETS:
        raise SettingsError(f"There is no eligibility preset {preset!r}.", do=did_you_mean(preset, PRESETS))
    rules = PRESETS[preset]
    if isinstance(settings, str):
        return rules
    own = settings.model_dump(exclude={"preset"}, exclude_none=True)
    return replace(rules, **own)
