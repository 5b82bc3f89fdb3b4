"""Words for an explanation: the value as people print it, one sentence, the warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from attending.units import printed

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def percent(risk: float) -> str:
    """Return a risk as clinicians read it: whole percent, one digit below 10, ends held open.

    >>> percent(0.234), percent(0.0312), percent(0.00001), percent(0.9999)
    ('23 %', '3.1 %', 'below 0.1 %', 'above 99 %')
    """
    if risk < 0.001:
        return "below 0.1 %"
    if risk > 0.99:
        return "above 99 %"
    return f"{risk * 100:.1f} %" if risk < 0.0995 else f"{risk * 100:.0f} %"


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
    text = text or f"Risk {percent(risk)}. {action}".rstrip()
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
    parts = [f"Risk {percent(risk)}.", f"{text[0].upper()}{text[1:]}.", ends]
    return " ".join(filter(None, parts))


def correlated_warning(pairs: Sequence[tuple[str, str, float]], factors: Sequence[Factor]) -> str:
    """Return the warning about features that move together, naming those that are shown.

    >>> correlated_warning([], [])
    'Features that move together can share or swap their contributions.'
    """
    labels = {item.feature: item.label for item in factors}
    shown = [
        f"{labels.get(a, a)} and {labels.get(b, b)} (rank correlation {rho:.2f})"
        for a, b, rho in pairs
        if a in labels or b in labels
    ]
    general = "Features that move together can share or swap their contributions"
    return f"{general}: {'; '.join(shown)}." if shown else f"{general}."


def _listed(side: Sequence[Said]) -> str:
    return ", ".join(f"{item.label} ({item.printed})" for item in side)
