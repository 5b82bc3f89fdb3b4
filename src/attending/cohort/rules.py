"""The rules of eligibility and exclusion: each answers, for every candidate, whether it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from attending.cohort.facts import pairs
from attending.cohort.stays import TRANSFER, starts_with
from attending.engines.ages import years_between
from attending.records.events import BIRTH
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.candidates import Candidates
    from attending.cohort.labels import Labels
    from attending.specs.cohort import (
        AdmissionTypeNot,
        AgeAtLeast,
        AgeBelow,
        AliveAtDischarge,
        AliveAtIndex,
        ClassNot,
        CodeAbsent,
        CodePresent,
        CohortSpec,
        DispositionNot,
        FirstPerPatient,
        KnownOutcome,
        NotTransferred,
        SiteIn,
        StayAtLeast,
        StayAtMost,
    )
    from attending.types import Floats, Mask


class Asked:
    """What a rule may look at.

    Args:
        spec: the cohort that is asked for.
        found: the candidates.
        labels: the outcome of each.
        left: which candidates are left before this rule.
    """

    def __init__(self, spec: CohortSpec, found: Candidates, *, labels: Labels, left: Mask) -> None:
        self.spec = spec
        self.found = found
        self.labels = labels
        self.left = left


RuleFunction: TypeAlias = "Callable[[Any, Asked], Mask]"  # each takes its own kind of rule
RULES: Registry[RuleFunction] = Registry("rule")


def ages(found: Candidates) -> Floats:
    """Return years at the prediction, NaN without a birth that is visible at it."""
    row = found.facts.last_visible((BIRTH,), found.stays.subject, found.at)
    born = np.where(row >= 0, found.facts.time[row], found.at) if len(row) else row
    return np.where(row >= 0, years_between(born, found.at), np.nan)


@RULES.named("age_at_least")
def _age_at_least(rule: AgeAtLeast, asked: Asked) -> Mask:
    return np.asarray(ages(asked.found) >= rule.years)


@RULES.named("age_below")
def _age_below(rule: AgeBelow, asked: Asked) -> Mask:
    return np.asarray(ages(asked.found) < rule.years)


@RULES.named("alive_at_discharge")
def _alive_at_discharge(_rule: AliveAtDischarge, asked: Asked) -> Mask:
    stays = asked.found.stays
    return ~stays.died & (asked.found.death > stays.discharged)


@RULES.named("alive_at_index")
def _alive_at_index(_rule: AliveAtIndex, asked: Asked) -> Mask:
    return np.asarray(asked.found.death > asked.found.at)


@RULES.named("disposition_not")
def _disposition_not(rule: DispositionNot, asked: Asked) -> Mask:
    return ~starts_with(asked.found.stays.disposition, rule.dispositions)


@RULES.named("stay_at_least")
def _stay_at_least(rule: StayAtLeast, asked: Asked) -> Mask:
    stays = asked.found.stays
    return np.asarray(stays.discharged - stays.admitted >= rule.length)


@RULES.named("stay_at_most")
def _stay_at_most(rule: StayAtMost, asked: Asked) -> Mask:
    stays = asked.found.stays
    return np.asarray(stays.discharged - stays.admitted <= rule.length)


@RULES.named("not_transferred")
def _not_transferred(rule: NotTransferred, asked: Asked) -> Mask:
    found = asked.found
    by_word = starts_with(found.stays.disposition, (f"{TRANSFER}*",))
    if rule.within == 0:
        return ~by_word
    where, other = pairs(found.stays.subject, found.counted.subject, np.arange(len(found.counted)))
    gap = found.counted.admitted[other] - found.stays.discharged[where]
    apart = found.counted.encounter[other] != found.stays.encounter[where]
    soon = apart & (gap >= 0) & (gap <= rule.within)
    return ~by_word & ~np.isin(np.arange(len(found)), where[soon])


@RULES.named("class_not")
def _class_not(rule: ClassNot, asked: Asked) -> Mask:
    return ~starts_with(asked.found.stays.place, rule.classes)


@RULES.named("admission_type_not")
def _admission_type_not(rule: AdmissionTypeNot, asked: Asked) -> Mask:
    return ~starts_with(asked.found.stays.kind, rule.types)


@RULES.named("site_in")
def _site_in(rule: SiteIn, asked: Asked) -> Mask:
    return np.array([site in rule.sites for site in asked.found.stays.site], np.bool_)


@RULES.named("first_per_patient")
def _first_per_patient(_rule: FirstPerPatient, asked: Asked) -> Mask:
    # Candidates are ascending by subject and time, so the first that is left comes first.
    left = np.flatnonzero(asked.left)
    _, first = np.unique(asked.found.stays.subject[left], return_index=True)
    kept = np.zeros(len(asked.left), np.bool_)
    kept[left[first]] = True
    return kept


@RULES.named("code_absent")
def _code_absent(rule: CodeAbsent, asked: Asked) -> Mask:
    return ~_has_code(rule.codes, asked)


@RULES.named("code_present")
def _code_present(rule: CodePresent, asked: Asked) -> Mask:
    return _has_code(rule.codes, asked)


def _has_code(codes: tuple[str, ...], asked: Asked) -> Mask:
    """Return whether a code is visible at the prediction within (p - look-back, p]."""
    facts, at = asked.found.facts, asked.found.at
    rows = np.flatnonzero(facts.coded(codes))
    where, row = pairs(asked.found.stays.subject, facts.subject[rows], rows)
    inside = facts.time[row] > at[where] - asked.spec.observation_window
    hit = inside & facts.visible(row, at[where])
    return np.isin(np.arange(len(at)), where[hit])


@RULES.named("known_outcome")
def _known_outcome(_rule: KnownOutcome, asked: Asked) -> Mask:
    return starts_with(asked.labels.status, ("event", "no_event", "competing"))
