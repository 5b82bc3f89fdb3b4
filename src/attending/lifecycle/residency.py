"""Where data may stand: the regions that the contracts behind the home's runs allow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.records.run import Run
from attending.specs.contract import ContractSpec

if TYPE_CHECKING:
    from attending.stores.home import Home


def allowed_regions(home: Home) -> frozenset[str] | None:
    """Return the regions that every contract of the newest runs allows, None when none says."""
    newest = {run.model: run for run in home.catalog.all(Run)}
    allowed: frozenset[str] | None = None
    for run in newest.values():
        digest = run.specs.get("contract", "")
        if not digest or digest not in home.artifacts:
            continue
        spec = ContractSpec.model_validate(json.loads(home.artifacts.read(digest)))
        if spec.residency:
            mine = frozenset(spec.residency)
            allowed = mine if allowed is None else allowed & mine
    return allowed


def require_region(home: Home, region: str) -> None:
    """Refuse a place outside the regions that the contracts state.

    Args:
        home: whose data go there.
        region: where the place stands; empty when nobody said.

    Raises:
        Refused: the region is not one of them, or was not said.
    """
    allowed = allowed_regions(home)
    if allowed is None or region in allowed:
        return
    wanted = ", ".join(sorted(allowed)) or "none, for the contracts share no region"
    said = f"'{region}'" if region else "no region"
    raise Refused(
        f"got {said}, the contracts keep the data in: {wanted}",
        code="residency.outside" if region else "residency.not_said",
        hint="Name a place inside with --region, or have the contract changed and reviewed.",
        where="--region",
    )
