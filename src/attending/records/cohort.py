"""What building a cohort leaves: who was kept at each step, and what became of them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

from attending.records.base import Part, Record, When

LabelStatus: TypeAlias = Literal["event", "no_event", "immature", "censored", "competing"]


class Step(Part):
    """One step of the flow diagram: rows that stayed, and rows that left at it."""

    name: str
    title: str
    kept: int
    removed: int


class StatusCounts(Part):
    """How many rows of the cohort have each status."""

    event: int = 0
    no_event: int = 0
    immature: int = 0
    censored: int = 0
    competing: int = 0

    @property
    def unknown_words(self) -> str:
        """Return how many rows have no known outcome and why, so that all rows add up.

        >>> StatusCounts(event=3, immature=2, censored=1).unknown_words
        '3 without a known outcome (2 not yet mature, 1 censored)'
        >>> StatusCounts(event=3).unknown_words
        '0 without a known outcome'
        """
        parts = {
            "not yet mature": self.immature,
            "censored": self.censored,
            "ended by a competing event": self.competing,
        }
        told = ", ".join(f"{count} {why}" for why, count in parts.items() if count)
        return f"{sum(parts.values())} without a known outcome{f' ({told})' if told else ''}"


class Cohort(Record):
    """Who is predicted for, when, and what became of them.

    `labelled` counts rows with a yes-or-no label, `prevalence` is positives over labelled, and
    None without any. `label_digest` names the definition of the outcome alone.
    """

    kind: ClassVar[str] = "cohort"
    name: str
    version: str
    spec_digest: str
    label_digest: str
    label: dict[str, Any]  # the outcome as it was asked for, plain JSON
    snapshot: str = ""
    as_of: When
    steps: tuple[Step, ...]
    rows: int
    subjects: int
    statuses: StatusCounts
    labelled: int
    positives: int
    prevalence: float | None
    first_prediction: When | None
    last_prediction: When | None
    table_digest: str


class RuleAnswer(Part):
    """Whether one stay met one step; steps after the first that it failed are not looked at."""

    name: str
    title: str
    met: bool


class StayExplained(Part):
    """Why one stay is in the cohort, or at which step it left."""

    prediction_time: When
    encounter_id: str | None
    kept: bool
    steps: tuple[RuleAnswer, ...]


class WhyReport(Record):
    """Every stay of one subject that could have been in the cohort."""

    kind: ClassVar[str] = "cohort_why"
    spec_digest: str
    subject_id: str
    as_of: When
    stays: tuple[StayExplained, ...]


class FieldChange(Part):
    """A field of the definition that differs: its path, and both values as plain JSON."""

    field: str
    before: Any  # a JSON value of the spec
    after: Any  # a JSON value of the spec


class Moved(Part):
    """How many rows enter or leave, and the rule of the other definition that had them out."""

    rule: str
    title: str
    rows: int


class CohortDiff(Record):
    """What changes between two definitions on the same data; counts only.

    `entering` counts rows that only the second has, by the step at which the first left them
    out; `leaving` the other way round. `index` means that there was no such prediction.
    """

    kind: ClassVar[str] = "cohort_diff"
    before: str
    after: str
    as_of: When
    changes: tuple[FieldChange, ...]
    rows_before: int
    rows_after: int
    entering: tuple[Moved, ...]
    leaving: tuple[Moved, ...]
    relabelled: int
