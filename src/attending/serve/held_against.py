"""What a score was held against, and what gave it: the model, the fallback score, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.serve.decide import FALLBACK, KINDS, LIVE

if TYPE_CHECKING:
    from attending.serve.served import Served


def held_against(
    served: Served, kind: str, *, unit: str | None, site: str | None
) -> tuple[float | None, str]:
    """Return the threshold of a prediction, and the place whose it is; empty for everyone's.

    The fallback score has its own threshold, in its own points; where there is no score there is
    none.
    """
    if kind == KINDS[LIVE]:
        return served.threshold_at(unit=unit, site=site)
    return (served.release.fallback.threshold if kind == KINDS[FALLBACK] else None), ""


def scorer(served: Served, kind: str) -> str | None:
    """Return the name of what gave a score; None where there is none."""
    if kind == KINDS[LIVE]:
        return f"{served.model} {served.version}"
    return served.fallback.name if served.fallback and kind == KINDS[FALLBACK] else None
