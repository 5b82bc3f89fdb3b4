"""What the monitors drew of a day: inputs then and now, outcomes by month, work by week."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Part, Record, When


class InputShares(Part):
    """One input in the bins of its reference, then and now; the last bin holds missing values.

    Attributes:
        edges: the inner edges of the bins.
        psi: the population stability index of now against then.
        weight: the share of the model's contributions, 0 to 1.
    """

    name: str
    label: str = ""
    edges: tuple[float, ...] = ()
    then: tuple[float, ...]
    now: tuple[float, ...]
    psi: float
    weight: float = 0.0


class MonthOfOutcomes(Part):
    """The scores of one month, by prediction time, and what became of them so far.

    Attributes:
        month: such as `2026-03`.
        scored: scores of the model, the first of each stay.
        matured: those of them with an outcome that is known by now.
        expected: the sum of their risks.
        ratio, low, high: observed over expected with its 95 % interval; None without an event.
    """

    month: str
    scored: int
    matured: int
    events: int
    expected: float
    ratio: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def maturity(self) -> float:
        """Return the share of the scores whose outcome is known, 0 to 1."""
        return self.matured / self.scored if self.scored else 0.0


class WeekOfWork(Part):
    """What one week asked of people: predictions, alerts, and those without a score.

    Attributes:
        begins: the Monday, such as `2026-03-02`.
    """

    begins: str
    predictions: int
    alerts: int
    without_score: int


class WatchPicture(Record):
    """The figures that the page of the watch draws; they are of one monitor report.

    Attributes:
        report: the digest of the report.
        n: predictions of the window that the inputs are of.
    """

    kind: ClassVar[str] = "watch_picture"

    model: str
    version: str
    at: When
    report: str
    reference: str
    n: int
    inputs: tuple[InputShares, ...] = ()
    months: tuple[MonthOfOutcomes, ...] = ()
    weeks: tuple[WeekOfWork, ...] = ()
