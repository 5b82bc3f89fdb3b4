"""What comparing two runs leaves: which causes differ, and how much of each change is whose."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import GrownPart, Part, Record

#: What two runs may differ in. `split` is where the test begins and how rows are shared out.
CauseName: TypeAlias = Literal[
    "code",
    "packages",
    "platform",
    "data",
    "population",
    "labels",
    "features",
    "parameters",
    "seed",
    "split",
]
#: What a change of a measure is attributed to.
Factor: TypeAlias = Literal["population", "label", "model"]
#: Which of two runs something is from.
Which: TypeAlias = Literal["before", "after"]


class Cause(Part):
    """One thing in which runs may differ, and in words how."""

    name: CauseName
    differs: bool
    details: tuple[str, ...] = ()


class Cell(Part):
    """The figures of one model on one run's test rows under one label.

    Attributes:
        fitted_on: test rows that this model was fitted on; its figures there are too good.
        figures: by measure; null where it is not defined.
    """

    rows: Which
    label: Which
    model: Which
    n: int
    events: int | None
    fitted_on: int
    figures: dict[str, float | None]


class Ends(Part):
    """The ends of a 95 % interval over draws of patients; null where too few draws are defined."""

    low: float | None
    high: float | None
    draws: int


class Shares(GrownPart):
    """How a measure changed, and which part of that each factor brought; the parts add up.

    Attributes:
        intervals: of `before`, `after`, `change`, `population`, `label` and `model`; none where
            the measure is not drawn. All parts of one draw add up, ends of intervals do not.
    """

    measure: str
    label_text: str
    direction: str
    before: float
    after: float
    change: float
    population: float
    label: float
    model: float
    intervals: dict[str, Ends] = Field(default_factory=dict)


class GroupShift(Part):
    """How a group's share of the test rows moved, and its event rate; null where it is small."""

    group: str
    share_before: float | None
    share_after: float | None
    rate_before: float | None
    rate_after: float | None


class RunDiff(GrownPart, Record):
    """Two runs side by side.

    Attributes:
        interval_method: how intervals were made.
        orders: in how many orders the factors were changed; shares are the mean over them.
        undefined: measures that are not defined in one of the cells.
        relabelled: rows of both runs whose label differs.
        words: the same in sentences, what matters most first.
    """

    kind: ClassVar[str] = "run_diff"

    before: str
    after: str
    causes: tuple[Cause, ...]
    cells: tuple[Cell, ...]
    orders: int
    shares: tuple[Shares, ...]
    undefined: tuple[str, ...]
    shifts: tuple[GroupShift, ...]
    shared_rows: int
    relabelled: int
    words: tuple[str, ...]
    notes: tuple[str, ...] = ()
    interval_method: str = ""

    def cause(self, name: CauseName) -> Cause:
        """Return what is said of one cause."""
        return next(item for item in self.causes if item.name == name)
