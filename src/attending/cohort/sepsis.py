"""Sepsis-3: a suspected infection and a SOFA score that rises by two or more around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, STATIC, first_after
from attending.cohort.kinds import KINDS, Outcome, nothing
from attending.cohort.kinds_rows import first_of
from attending.cohort.sofa_points import points
from attending.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.cohort.candidates import Candidates
    from attending.cohort.facts import Facts
    from attending.specs.cohort import CohortSpec
    from attending.specs.outcome import OrganCodes, Sepsis3
    from attending.types import Ints

_COMPONENTS = ("pf_ratio", "platelets", "bilirubin", "mean_pressure", "gcs", "creatinine")


@KINDS.named("sepsis3")
def _sepsis3(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first onset after the prediction and within the horizon."""
    asked = spec.label.sepsis3
    if asked is None:
        return nothing(found.at + (spec.label.horizon or 0))
    return first_of(onsets(asked, found.facts), found, horizon=spec.label.horizon or 0)


def onsets(asked: Sepsis3, facts: Facts) -> tuple[Ints, Ints, Ints]:
    """Return subject, onset and when it was known, ascending.

    Raises:
        IntegrityBroken: the rows are not in canonical order.

    References:
        Singer et al., JAMA 2016;315:801; Seymour et al., JAMA 2016;315:762.
    """
    subject, at, known = _suspicions(asked, facts)
    score = _Scores(asked.sofa, facts)
    found = []
    for who, when, told in zip(subject.tolist(), at.tolist(), known.tolist(), strict=True):
        rise = score.rise(who, when - asked.before, when + asked.after, by=asked.rise_points)
        if rise is not None:
            instant = {"infection": when, "sofa": rise[0], "max": max(when, rise[0])}[asked.onset]
            found.append((who, instant, max(told, rise[1])))
    table = np.array(sorted(found), np.int64).reshape(len(found), 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _suspicions(asked: Sepsis3, facts: Facts) -> tuple[Ints, Ints, Ints]:
    """Return each pair of an antibiotic and the culture next to it, as its earlier instant."""
    drugs, cultures = _rows(asked.antibiotics, facts), _rows(asked.cultures, facts)
    one = _next(drugs, cultures, facts, within=asked.culture_after)
    other = _next(cultures, drugs, facts, within=asked.antibiotic_after)
    earlier, later = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    known = np.maximum(facts.known[earlier], facts.known[later])
    return facts.subject[earlier], facts.time[earlier], known


def _rows(codes: Sequence[str], facts: Facts) -> Ints:
    return np.flatnonzero(facts.now & facts.coded(codes) & (facts.time != STATIC))


def _next(rows: Ints, others: Ints, facts: Facts, *, within: int) -> tuple[Ints, Ints]:
    """Return rows with the first other row at or after them and within a length."""
    keys = (facts.subject[others], facts.time[others])
    place = first_after(facts.subject[rows], facts.time[rows] - 1, keys=keys)
    after = (
        np.where(place >= 0, keys[1][place], NEVER) if len(others) else np.full(len(rows), NEVER)
    )
    near = (after != NEVER) & (after - within <= facts.time[rows])
    return rows[near], others[place[near]]


class _Scores:
    """The SOFA scores of the patients with a suspicion, made when they are asked for."""

    def __init__(self, codes: OrganCodes, facts: Facts) -> None:
        self._facts = facts
        self._parts = {name: _rows(getattr(codes, name), facts) for name in _COMPONENTS}
        self._air = _rows(codes.ventilation, facts)

    def rise(self, subject: int, start: int, end: int, *, by: int) -> tuple[int, int] | None:
        """Return when the score first stood `by` above its lowest before, and when it was known.

        The baseline is the lowest score of the window so far, and zero before its first value
        when nothing was measured on the day before.
        """
        parts = {
            name: self._window(rows, subject, (start - DAY, end))
            for name, rows in self._parts.items()
        }
        moments = sorted({int(self._facts.time[row]) for rows in parts.values() for row in rows})
        lowest = self._score(subject, parts, start)[0]
        for moment in (one for one in moments if start <= one <= end):
            score, known = self._score(subject, parts, moment)
            if score - lowest >= by:
                return moment, known
            lowest = min(lowest, score)
        return None

    def _window(self, rows: Ints, subject: int, span: tuple[int, int]) -> Ints:
        mine = rows[slice(*np.searchsorted(self._facts.subject[rows], [subject, subject + 1]))]
        time = self._facts.time[mine]
        return mine[(time > span[0]) & (time <= span[1])]

    def _score(self, subject: int, parts: dict[str, Ints], at: int) -> tuple[int, int]:
        """Return the sum of each component's worst points in the day up to an instant."""
        total, known = 0, 0
        aired = len(self._window(self._air, subject, (at - DAY, at))) > 0
        for name, rows in parts.items():
            time = self._facts.time[rows]
            day = rows[(time > at - DAY) & (time <= at)]
            if len(day):
                total += int(points(name, self._facts.value[day], ventilated=aired).max())
                known = max(known, int(self._facts.known[day].max()))
        return total, known
