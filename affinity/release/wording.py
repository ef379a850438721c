"""What shoppers are told: a few words without figures; the sentence with the figures is evidence, for those who analyse."""

from __future__ import annotations

#: By reason code; {} is the name of the product that speaks for it.
_WORDS = {
    "converts_from": "Often bought after {}",
    "bought_together": "Often bought with {}",
    "popular": "Popular with customers",
}


def say_to_shopper(reason_code: str | None, because: str | None) -> str:
    """The words for a reason code (see `affinity.ranking`) and the name of the product that speaks; empty where neither says.

    >>> say_to_shopper("bought_together", "Picnic basket")
    'Often bought with Picnic basket'
    """
    words = _WORDS.get(reason_code or "", "")
    if "{}" not in words:
        return words
    return words.replace("{}", because) if because else ""
