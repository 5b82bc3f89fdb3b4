"""What is known of patients, care and work since a model went live, beside what was before."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attending.records.base import Part, Record, When

#: What a measure is of, and which way it is wanted to go.
Kind: TypeAlias = Literal["outcome", "process", "harm", "workload"]
Wanted: TypeAlias = Literal["lower", "higher"]
#: `unclear`: the interval holds both better and worse.
Direction: TypeAlias = Literal["better", "worse", "unclear", "not_shown"]


class GoLive(Part):
    """When people at a site first saw the score, and the deployment record that says so."""

    site: str
    at: When
    deployment: str


class Change(Part):
    """One measure before and after go-live, of some stays.

    Attributes:
        kind: `outcome` is what the model foretells; the others are named in monitoring.yaml.
        group: empty for all stays at sites that went live; `site=CITY`, `age=80+`, or
            `not live` for the same months at sites that did not.
        level: the rate just after go-live over the rate that the line before had led to.
        slope: the yearly growth after over the yearly growth before.
        why: why there is nothing to show; empty when there is.
    """

    measure: str
    kind: Kind
    wanted: Wanted
    group: str = ""
    months_before: int
    months_after: int
    rate_before: float | None = None
    rate_after: float | None = None
    level: float | None = None
    level_low: float | None = None
    level_high: float | None = None
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    direction: Direction = "not_shown"
    why: str = ""


class Beside(Part):
    """One measure at sites that are live, beside sites that are not yet, month by month.

    Attributes:
        value: the rate when live, less the rate when not, as a share of stays.
    """

    measure: str
    wanted: Wanted
    sites: int
    months: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    direction: Direction = "not_shown"
    why: str = ""


class Fairness(Part):
    """Whether a measure changed alike in the groups of one attribute.

    Attributes:
        p: of Cochran's Q over the groups that could be shown.
        alike: false when the change surely differs between groups.
    """

    measure: str
    attribute: str
    groups: int
    p: float | None = None
    alike: bool | None = None
    why: str = ""


class Quarter(Part):
    """How the score was used in one quarter, where people see it.

    Shares are of alerts; None where nobody recorded an answer, which is not the same as nobody
    having looked.
    """

    quarter: str
    days: int
    predictions: int
    alerts: int
    acknowledged: float | None = None
    overridden: float | None = None
    hours_to_answer: float | None = None


class Month(Part):
    """The stays of one month with a known outcome, and their events; None where that tells few."""

    month: str
    stays: int
    events: int | None


class AfterReport(Record):
    """What became of patients and of the work since a model went live.

    Attributes:
        spec: digest of monitoring.yaml, which names what is followed beside the outcome.
        incidents: how many were opened since go-live, by how much harm they may have done.
        limits: what the figures cannot tell.
    """

    kind: ClassVar[str] = "after_report"

    model: str
    version: str
    at: When
    cohort: str
    snapshot: str
    spec: str
    went_live: tuple[GoLive, ...]
    outcome: str
    changes: tuple[Change, ...]
    beside: tuple[Beside, ...]
    fairness: tuple[Fairness, ...]
    months: tuple[Month, ...]
    use: tuple[Quarter, ...]
    incidents: dict[str, int]
    limits: tuple[str, ...]
