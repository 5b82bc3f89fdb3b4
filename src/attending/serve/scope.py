"""Intended use, enforced: whoever is outside it gets no score and the reason why.

What is not known is outside: an adult model does not score a patient without a birth date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.serve.facts import UNKNOWN_AGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.serve.facts import Facts, Texts
    from attending.serve.served import Served
    from attending.specs.release import ReleaseSpec
    from attending.types import Ints, Mask


def outside(served: Served, known: Facts) -> list[tuple[str, ...]]:
    """Return for each prediction the scope rules that it breaks; none when it is inside.

    Args:
        served: the version, with the scope of its signed release.
        known: what was known of each prediction at its time.
    """
    broken: list[tuple[str, ...]] = [()] * len(known.age_years)
    for name, mask in _rules(served, known):
        for at in np.flatnonzero(mask).tolist():
            broken[at] = (*broken[at], name)
    return broken


def _rules(served: Served, known: Facts) -> Iterator[tuple[str, Mask]]:
    """Yield each rule with the predictions that break it."""
    scope, step = served.release.scope, served.widening
    unknown = known.age_years == UNKNOWN_AGE
    yield "patient_unknown", ~known.anyone
    yield "test_patient", known.test
    yield "age_unknown", unknown
    yield "under_age", ~unknown & (known.age_years < scope.min_age)
    if scope.max_age is not None:
        yield "over_age", ~unknown & (known.age_years > scope.max_age)
    yield "deceased", known.dead
    if scope.closed_for is not None:
        yield "closed", known.closed > scope.closed_for
    yield "class", ~_among(known.encounter_class, scope.classes)
    yield "site", ~_among(known.site, scope.sites)
    yield "unit", ~_among(known.unit, scope.units)
    yield "stage_site", ~_among(known.site, step.sites)
    yield "stage_unit", ~_among(known.unit, step.units)
    if step.share < 1:
        yield "stage_share", ~_in_share(known.subject, step.share)
    everyone = np.ones(len(known.dead), np.bool_)
    points, roles = scope.decision_points, served.release.intended_use.user_roles
    if points and served.decision_point is not None:
        yield "decision_point", everyone & (served.decision_point not in points)
    if served.user_role is not None:
        yield "user_role", everyone & (served.user_role not in roles)


def clauses(release: ReleaseSpec, reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the words of the signed intended use that each broken rule stands for.

    Args:
        release: the signed plan.
        reasons: rules by name, as `outside` gives them; others are passed over.
    """
    scope, use = release.scope, release.intended_use
    oldest = "" if scope.max_age is None else f" to {scope.max_age}"
    words = {
        "age_unknown": f"scope.min_age: patients of {scope.min_age}{oldest} years; no age is known",
        "under_age": f"scope.min_age: patients of {scope.min_age} years or older",
        "over_age": f"scope.max_age: patients of {scope.max_age} years or younger",
        "deceased": "intended_use.population: patients who are alive",
        "closed": "scope.closed_for: stays that ended lately",
        "class": f"scope.classes: stays of class {', '.join(scope.classes)}",
        "site": f"scope.sites: {', '.join(scope.sites)}",
        "unit": f"scope.units: {', '.join(scope.units)}",
        "decision_point": f"scope.decision_points: {', '.join(scope.decision_points)}",
        "user_role": f"intended_use.user_roles: {', '.join(use.user_roles)}",
        "patient_unknown": "intended_use.population: patients whose record is known here",
        "test_patient": "intended_use.population: patients, not records made to try a system",
    }
    told = (f"{words[one]} ({use.population})" for one in reasons if one in words)
    return tuple(told)


def _in_share(subject: Ints, share: float) -> Mask:
    """Return whether each patient is of the share: always the same, whoever else is asked for.

    A multiplicative hash (Knuth) of the pseudonym, as a fraction of one.
    """
    mixed = subject.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    inside: Mask = (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53) < share
    return inside


def _among(found: Texts, allowed: Sequence[str]) -> Mask:
    """Return whether each is allowed; all are when nothing is listed, None never otherwise."""
    if not allowed:
        return np.ones(len(found), np.bool_)
    inside: Mask = np.array([one in allowed for one in found], np.bool_)
    return inside
