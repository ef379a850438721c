"""Eligibility rules as data, and the presets of three trades."""

from __future__ import annotations

from dataclasses import dataclass, replace

from affinity.errors import SettingsError, did_you_mean
from affinity.settings import EligibilitySettings


@dataclass(frozen=True)
class EligibilityRules:
    """What keeps a customer from being offered a product, beside owning, returning, sale dates, plan and prerequisites.

    min_tenure_days       : a customer for fewer days is "tenure_too_short"; None: no rule
    min_health, min_usage : at or below is "health_too_low", "usage_too_low"; unknown passes; None: no rule
    suppressed_statuses   : statuses (any case) that become "suppressed_<status>"
    opt_out_statuses      : statuses that become "suppressed_opt_out"
    recently_offered_days : an offer of the product in so many days before as_of is "offered_recently"; None: no rule
    """

    min_tenure_days: int | None = None
    min_health: float | None = None
    min_usage: float | None = None
    suppressed_statuses: tuple[str, ...] = ()
    opt_out_statuses: tuple[str, ...] = ("opt_out", "opted_out", "unsubscribed", "do_not_contact")
    recently_offered_days: int | None = None


#: The trade's defaults. b2b_saas: health above 60, usage above 50 % of capacity, 90 days of tenure, nobody in
#: onboarding, at risk near renewal or after an escalation; churned customers, trials and prospects are no customers.
PRESETS = {
    "retail": EligibilityRules(),
    "b2b_saas": EligibilityRules(
        min_tenure_days=90,
        min_health=60.0,
        min_usage=0.5,
        suppressed_statuses=("onboarding", "renewal_at_risk", "escalation", "churned", "trial", "prospect"),
        recently_offered_days=30,
    ),
    "financial_services": EligibilityRules(
        min_tenure_days=90,
        suppressed_statuses=("in_arrears", "complaint_open", "vulnerable", "kyc_pending", "closed", "deceased"),
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
