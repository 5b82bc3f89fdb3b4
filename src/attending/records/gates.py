"""What the gates before training leave: one finding a gate and feature, and the checklist."""

from __future__ import annotations

from typing import ClassVar, Literal

from attending.records.base import Part, Record, When

Answer = Literal["met", "refused", "missing"]


class GateFinding(Part):
    """One gate on one feature, or on the whole project when `feature` is empty.

    `figure` is what was found, `limit` from where on it is refused, `rows` how many were looked
    at. A gate that had nothing to look at is `missing`.
    """

    gate: str
    feature: str = ""
    answer: Answer
    whose: str
    figure: float | None = None
    limit: float | None = None
    rows: int = 0
    reason: str = ""
    hint: str = ""
    excepted_by: str | None = None
    excepted_until: When | None = None

    @property
    def passes(self) -> bool:
        """Return whether training may go on in spite of this finding."""
        return self.answer == "met" or self.excepted_by is not None


class PretrainReport(Record):
    """The checklist before training: every row, how it stands, and whose it is."""

    kind: ClassVar[str] = "pretrain_report"

    model: str
    snapshot: str
    cohort: str
    contract_spec: str
    cohort_spec: str
    features_spec: str
    model_spec: str
    as_of: When
    findings: tuple[GateFinding, ...]

    @property
    def open(self) -> tuple[GateFinding, ...]:
        """Return the findings that stop training."""
        return tuple(item for item in self.findings if not item.passes)

    @property
    def allowed(self) -> bool:
        """Return whether training may begin."""
        return not self.open

    @property
    def refusal(self) -> str:
        """Return why training may not begin, empty when it may."""
        return "; ".join(
            f"{item.gate} is {item.answer}"
            + (f" for {item.feature}" if item.feature else "")
            + f" ({item.whose}): {item.reason}"
            for item in self.open
        )
