"""What looking at labels by where they come from leaves: whose labels do not fit, and how far."""

from __future__ import annotations

from typing import ClassVar, Literal

from attending.records.base import Part, Record


class GroupInfluence(Part):
    """The labels of one group beside what a model expects that never saw them.

    Attributes:
        kind: `site`, or `marker`: a feature that few rows have.
        name: the site, or the feature.
        rows: labelled rows before the test; counts are null where a small one could be told.
        events: events among them.
        expected: events that a model fitted without them expects.
        z: how many standard errors more events there are than expected.
        relabelled: rows whose label was another one in the earlier run; null where small.
        moved: mean change of the other rows' risks when the group is left out of the fit.
        at_site: of a marker, the site that has nine in ten of its rows or more.
        flagged: whether the labels need somebody to look.
    """

    kind: Literal["site", "marker"]
    name: str
    rows: int | None
    events: int | None
    expected: float | None
    z: float
    relabelled: int | None
    moved: float
    at_site: str = ""
    flagged: bool


class InfluenceReport(Record):
    """Every group of a run's training rows that is large enough to say anything.

    Attributes:
        against: the earlier run whose labels these are held against; empty without one.
        limit: |z| beyond which chance is no excuse, for all groups together at 1 %.
        owner: who answers for the data by the contract, and is alerted.
    """

    kind: ClassVar[str] = "influence_report"

    run: str
    against: str
    limit: float
    owner: str
    groups: tuple[GroupInfluence, ...]

    @property
    def flagged(self) -> tuple[GroupInfluence, ...]:
        """Return the groups that somebody must look at."""
        return tuple(group for group in self.groups if group.flagged)
