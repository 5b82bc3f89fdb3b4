"""Words for an explanation: the value as people print it, one sentence, the warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from attending.units import printed, printed_risk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.explanation import ConceptShare, Factor

    #: What a text names: a feature, or a concept.
    Said: TypeAlias = Factor | ConceptShare

_NAMED = 3
#: A text for the clinician has at most so many characters.
LONGEST = 300
#: Printed in the place of a value that nobody has.
MISSING = "missing"
#: Said where a risk asks for nothing.
NO_ACTION = "Below the threshold: no action is asked for."


def printed_value(value: float, *, unit: str) -> str:
    """Return a value with its unit, to four digits at most, or that it is missing.

    >>> printed_value(3.14159, unit="mg/dL"), printed_value(4.0, unit="")
    ('3.142 mg/dL', '4')
    >>> printed_value(math.nan, unit="mg/dL")
    'missing'
    """
    if math.isnan(value):
        return MISSING
    number = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    shown = printed(unit) if unit else ""
    return f"{number} {shown}".rstrip()


def say(risk: float, factors: Sequence[Said], *, action: str, mark: str = "") -> str:
    """Return one short text for the clinician: risk, what raises it, what lowers it, what to do.

    Fewer factors are named until it has `LONGEST` characters at most; what to do is said whole
    unless it is longer than that by itself.

    Args:
        risk: 0 to 1.
        factors: the largest first.
        action: what the team agreed to do.
        mark: what must be known before the factors are read, such as that they are unstable.

    >>> say(0.23, [], action="Call within 48 h.")
    'Risk 23 %. Nothing known sets this patient apart from the average. Call within 48 h.'
    """
    ends = " ".join(filter(None, (mark, action)))
    texts = (_said(risk, factors, ends=ends, most=most) for most in range(_NAMED, 0, -1))
    text = next((text for text in texts if len(text) <= LONGEST), "")
    text = text or f"Risk {printed_risk(risk)}. {action}".rstrip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rsplit(' ', 1)[0]}…"


def says_a_value(text: str, factors: Sequence[Said]) -> bool:
    """Return whether a text names a value of this patient; that one is missing is none.

    >>> says_a_value("Risk 23 %. Call within 48 h.", [])
    False
    """
    return any(one.printed in text for one in factors if not one.printed.endswith(MISSING))


def _said(risk: float, factors: Sequence[Said], *, ends: str, most: int) -> str:
    """Return the text with so many factors on either side."""
    up = [item for item in factors if item.direction == "raises"][:most]
    down = [item for item in factors if item.direction == "lowers"][:most]
    sides = (("raised", up), ("lowered", down))
    pieces = [f"{verb} by {_listed(side)}" for verb, side in sides if side]
    text = "; ".join(pieces) or "nothing known sets this patient apart from the average"
    parts = [f"Risk {printed_risk(risk)}.", f"{text[0].upper()}{text[1:]}.", ends]
    return " ".join(filter(None, parts))


def correlated_warning(
    pairs: Sequence[tuple[str, str, float]],
    factors: Sequence[Factor],
    *,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return the warning about inputs that move together, naming those that are shown.

    Args:
        pairs: features and their rank correlation.
        factors: those that are shown.
        labels: by feature how clinicians call it; of a pair one may not be among the factors.

    >>> correlated_warning([], [])
    'Values that move together can share or swap their effects.'
    """
    shown_here = {item.feature: item.label for item in factors}
    named = {**(labels or {}), **shown_here}
    shown = [
        f"{named.get(a, a)} and {named.get(b, b)} (rank correlation {rho:.2f})"
        for a, b, rho in pairs
        if a in shown_here or b in shown_here
    ]
    general = "Values that move together can share or swap their effects"
    return f"{general}: {'; '.join(shown)}." if shown else f"{general}."


def _listed(side: Sequence[Said]) -> str:
    return ", ".join(f"{item.label} ({item.printed})" for item in side)
