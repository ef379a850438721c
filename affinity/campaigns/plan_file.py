"""A plan as one JSON file: the frozen assignment with its salt and sizes, so that it can be measured later."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import InputError, OutputError
from affinity.replacing import replacing
from affinity.tables import CampaignPlan
from affinity.vocabulary import Vocabulary

FORMAT = "affinity-campaign-plan/1"
_NUMBERS = {"fit": np.float64, "value": np.float64, "cost": np.float64, "treated": np.bool_, "stratum": np.int32}
_DO = "Use the file that `affinity campaign plan --out` wrote, unchanged."


def write_plan(plan: CampaignPlan, path: str | Path) -> Path:
    """Write ``plan`` to a .json file, aside and moved in one rename; the same plan gives the same bytes.

    The assignment is in it with a checksum: who was to be treated cannot be changed afterwards without being noticed.
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        raise OutputError(f"A plan file ends in .json, not {path.suffix!r}.", do="Name it plan.json.")
    try:
        with replacing(path) as aside:
            aside.write_text(plan_text(plan), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written: {error.strerror or error}.", do="Name a file in a folder that can be written."
        ) from None
    return path


def plan_text(plan: CampaignPlan) -> str:
    """What `write_plan` writes."""
    audience = _audience(plan)
    content = {"format": FORMAT, "info": dict(plan.info), "checksum": _checksum(audience), "audience": audience}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"


def read_plan(path: str | Path) -> CampaignPlan:
    """The plan of a file that `write_plan` wrote; InputError when it is none, is damaged or was changed."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be read as a plan: {error}.", do=_DO) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{str(path)!r} is no campaign plan of the form {FORMAT!r}.", do=_DO)
    audience, info = content.get("audience"), content.get("info")
    if not isinstance(audience, dict) or not isinstance(info, dict) or content.get("checksum") != _checksum(audience):
        raise InputError(
            f"The assignment in {str(path)!r} is not the one that was written (its checksum differs).",
            why="Who was treated must be frozen before anybody is offered anything.",
            do=_DO,
        )
    customers, products = (Vocabulary.of(kind, audience[f"{kind}_id"]) for kind in ("customer", "product"))
    return CampaignPlan(
        customer=customers.encode(audience["customer_id"]),
        product=products.encode(audience["product_id"]),
        **{name: np.array([np.nan if v is None else v for v in audience[name]], dtype=kind) for name, kind in _NUMBERS.items()},
        reason=np.array([*audience["reason"], None], dtype=object)[:-1],
        customers=customers,
        products=products,
        segments={name: np.array([*labels, None], dtype=object)[:-1] for name, labels in audience["segments"].items()},
        info=info,
    )


def _audience(plan: CampaignPlan) -> dict[str, Any]:
    columns = plan.columns()
    found: dict[str, Any] = {name: [str(v) for v in columns[name]] for name in ("customer_id", "product_id")}  # type: ignore[union-attr]
    for name in _NUMBERS:
        found[name] = [None if v != v else v for v in getattr(plan, name).tolist()]  # noqa: PLR0124
    found["reason"] = plan.reason.tolist()
    return found | {"segments": {name: labels.tolist() for name, labels in plan.segments.items()}}


def _checksum(audience: dict[str, Any]) -> str:
    text = json.dumps(audience, ensure_ascii=False, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
