"""Say why one risk is what it is: top factors, what was missing, what if, in the model's terms.

Every factor says when its value was known. The record carries its own warnings, so that a page
cannot show the factors without them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.explain.measured_again import unstable, with_errors
from attending.explain.quick_shares import quick_contributions
from attending.explain.sentence import correlated_warning, printed_value, say
from attending.records.explanation import (
    ConceptShare,
    Explanation,
    Factor,
    MissingInput,
    Sensitivity,
)
from attending.specs.concepts import rest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
    from attending.types import Floats, Instant

_SENSITIVE = 3


class Input(NamedTuple):
    """One feature of this prediction, and where its value comes from.

    Attributes:
        name: as in the bundle.
        label: as clinicians call it.
        unit: UCUM code, empty for a count or a share.
        time: when the newest value in it happened.
        known_at: when that value could first be seen.
        missing_reason: why there is none, such as `not measured in 24 h`.
        trend: which way it goes, such as `up 0.6 in this stay`; empty when nothing says so.
    """

    name: str
    label: str
    unit: str = ""
    time: Instant | None = None
    known_at: Instant | None = None
    missing_reason: str = "not recorded"
    trend: str = ""


def explain(
    bundle: Bundle,
    x: Floats,
    inputs: Sequence[Input],
    *,
    at: Instant,
    top: int = 5,
    action: str = "",
) -> Explanation:
    """Return why the risk of one row is what it is.

    Args:
        bundle: the model.
        x: shape (p,), NaN where missing.
        inputs: one for each feature, in the order of the bundle.
        at: the prediction time, against which availability is judged.
        top: how many factors to name: concepts, and features that stand alone.
        action: what the team agreed to do, put at the end of the sentence.

    Raises:
        BadInput: inputs that are not the bundle's features in its order.
    """
    if tuple(item.name for item in inputs) != bundle.names:
        raise BadInput(
            f"got {len(inputs)} inputs, expected the {len(bundle.names)} features of the model",
            code="explain.inputs",
            hint="Give one Input for each feature in the order of Bundle.names.",
        )
    parts = quick_contributions(bundle, with_errors(bundle, x))
    shares, base = parts[0, :-1], float(parts[0, -1])
    again = bundle.groups.summed(parts[:, :-1])
    together = again[0]
    members = {g: _members(bundle.groups, g, shares) for g in _by_size(together)[:top]}
    order = [k for held in members.values() for k in held]
    of = {k: _factor(inputs[k], float(x[k]), float(shares[k]), at=at) for k in order}
    factors = tuple(of.values())
    said = tuple(
        _concept(bundle.groups.names[g], [of[k] for k in held], share=float(together[g]))
        for g, held in members.items()
    )
    risk, sensitivity = _what_if(bundle, x, inputs, order=order)
    others = np.delete(np.arange(len(shares)), order)
    shaky = unstable(again, top=top)
    return Explanation(
        at=at,
        risk=risk,
        base_risk=_base_risk(bundle, base),
        scale=bundle.scale,
        factors=factors,
        other_contribution=float(shares[others].sum()),
        missing=_missing(x, inputs),
        sensitivity=sensitivity,
        unavailable=sum(not _available(item, at=at) for item in inputs),
        sentence=say(risk, said, action=action, mark=shaky),
        correlated=correlated_warning(
            bundle.correlated, factors, labels={one.name: one.label for one in inputs}
        ),
        unstable=shaky,
        concepts=said if bundle.concepts else (),
    )


def _by_size(shares: Floats) -> list[int]:
    """Return features with a share other than 0, the largest first; ties in the model's order."""
    order = np.argsort(-np.abs(shares), kind="stable")
    return [int(k) for k in order if shares[k] != 0.0]


def _members(groups: Groups, at: int, shares: Floats) -> list[int]:
    """Return the features of a group that move this risk, those that push its way first."""
    held = groups.columns[at]
    toward = np.sign(sum(shares[k] for k in held))
    return sorted((k for k in held if shares[k] != 0.0), key=lambda k: -float(shares[k] * toward))


def _concept(name: str, factors: Sequence[Factor], *, share: float) -> ConceptShare:
    """Return what a group moves; a feature that stands alone is called by its label."""
    leads, alone = factors[0], name == factors[0].feature
    rest = leads.label if alone else rest_of(leads.label, name)
    return ConceptShare(
        label=leads.label if alone else name,
        printed=leads.printed if alone else f"{rest}: {leads.printed}",
        features=tuple(one.feature for one in factors),
        contribution=share,
        direction="raises" if share > 0 else "lowers",
    )


def _base_risk(bundle: Bundle, base: float) -> float:
    """Return the risk before any factor, on the scale that risks are shown on."""
    margin = np.array([base])
    if not bundle.calibration.is_line:
        margin = bundle.calibration.apply(margin)
    return float(1.0 / (1.0 + np.exp(-margin[0])))


def _available(item: Input, *, at: Instant) -> bool:
    return item.known_at is None or item.known_at <= at


def _factor(item: Input, value: float, share: float, *, at: Instant) -> Factor:
    missing = math.isnan(value)
    return Factor(
        feature=item.name,
        label=item.label,
        printed=", ".join(filter(None, (printed_value(value, unit=item.unit), item.trend))),
        value=None if missing else value,
        contribution=share,
        direction="raises" if share > 0 else "lowers",
        time=item.time,
        known_at=item.known_at,
        available=_available(item, at=at),
    )


def _missing(x: Floats, inputs: Sequence[Input]) -> tuple[MissingInput, ...]:
    return tuple(
        MissingInput(feature=item.name, label=item.label, reason=item.missing_reason)
        for item, value in zip(inputs, x.tolist(), strict=True)
        if math.isnan(value)
    )


def _what_if(
    bundle: Bundle, x: Floats, inputs: Sequence[Input], *, order: Sequence[int]
) -> tuple[float, tuple[Sensitivity, ...]]:
    """Return the risk, and the risks with the leading values at their training quartiles.

    All rows are scored in one call, which is what makes this cheap enough for every score.
    """
    asked = [k for k in order if _quartiles(bundle, k) is not None][:_SENSITIVE]
    rows = [x]
    for k in asked:
        for value in _quartiles(bundle, k) or ():
            other = x.copy()
            other[k] = value
            rows.append(other)
    risks = bundle.risk(np.vstack(rows)).tolist()
    found = []
    for at, k in enumerate(asked):
        low, high = _quartiles(bundle, k) or (0.0, 0.0)
        found.append(
            Sensitivity(
                feature=inputs[k].name,
                label=inputs[k].label,
                low_value=low,
                risk_at_low=risks[1 + 2 * at],
                high_value=high,
                risk_at_high=risks[2 + 2 * at],
            )
        )
    return risks[0], tuple(found)


def _quartiles(bundle: Bundle, k: int) -> tuple[float, float] | None:
    """Return the training quartiles of a feature, None where they do not differ."""
    low, high = bundle.references[k].at(0.25), bundle.references[k].at(0.75)
    return None if low is None or high is None or low == high else (low, high)
