"""What the contract's checks leave: a report of every promise, and a report of leaks."""

from __future__ import annotations

from typing import ClassVar, Literal

from attending.records.base import Part, Record

Verdict = Literal["met", "failed", "not_shown"]
Severity = Literal["error", "warning", "info"]


class CheckResult(Part):
    """One promise: what was found, what was promised, and whether it holds.

    `rows` were looked at, `failing` broke the rule; `not_shown` means nothing could be looked at.
    """

    name: str
    rule: str
    element: str
    codes: tuple[str, ...] = ()
    figure: float | None = None
    bound: str
    unit: str
    rows: int = 0
    failing: int = 0
    severity: Severity
    verdict: Verdict
    detail: str = ""


class ContractReport(Record):
    """Every check of a contract against one snapshot."""

    kind: ClassVar[str] = "contract_report"

    contract: str
    contract_version: str
    contract_digest: str
    snapshot: str
    checks: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Return the checks that failed, errors first."""
        broken = [check for check in self.checks if check.verdict == "failed"]
        return tuple(sorted(broken, key=lambda check: check.severity != "error"))

    @property
    def met(self) -> bool:
        """Return whether no check of severity `error` failed."""
        return all(check.severity != "error" for check in self.failed)

    @property
    def refusal(self) -> str:
        """Return why the snapshot is refused, empty when it is not."""
        broken = [check for check in self.failed if check.severity == "error"]
        return "; ".join(
            f"{check.name}: got {_shown(check.figure)} {check.unit}, expected {check.bound}"
            for check in broken
        )


class FeatureLeak(Part):
    """What one feature would see of the future, and which rule that breaks.

    `share` is the part of the predictions with a row in the window at which the newest row was
    not yet known; `median_gap_hours` is how much later it came.
    """

    feature: str
    codes: tuple[str, ...]
    clock: Literal["availability", "event"]
    sources: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    predictions: int
    inside_stay: int = 0
    with_row: int
    newest_unknown: int
    share: float | None = None
    median_gap_hours: float | None = None
    verdict: Verdict
    reasons: tuple[str, ...] = ()


class LeakReport(Record):
    """The gate `leak.availability`: one finding a feature."""

    kind: ClassVar[str] = "leak_report"
    code: ClassVar[str] = "leak.availability"

    limit: float
    features: tuple[FeatureLeak, ...]

    @property
    def refused(self) -> bool:
        """Return whether any feature leaks."""
        return any(item.verdict == "failed" for item in self.features)

    @property
    def refusal(self) -> str:
        """Return the refusal's text: feature, source and gap in hours; empty when there is none."""
        return "; ".join(
            f"{item.feature} from {' and '.join(item.sources) or 'no rows'}: "
            + ", ".join(item.reasons)
            for item in self.features
            if item.verdict == "failed"
        )


class ContractChange(Part):
    """One thing that two versions of a contract say differently."""

    path: str
    before: str | None = None
    after: str | None = None
    model_input: bool


class ContractDiff(Record):
    """What changed between two contracts, and whether models must be reviewed for it."""

    kind: ClassVar[str] = "contract_diff"

    before: str
    after: str
    changes: tuple[ContractChange, ...]

    @property
    def needs_review(self) -> bool:
        """Return whether anything that models rest on has changed."""
        return any(change.model_input for change in self.changes)


class InputBasis(Record):
    """What a model rests on: the contract's binding part, the source, and what was seen in it.

    Attributes:
        contract: path in the contract -> value, as JSON; words that bind nothing are left out.
        units: code -> the units that its rows carry.
        vocabularies: the prefixes of all codes.
    """

    kind: ClassVar[str] = "input_basis"

    model: str
    contract: dict[str, str]
    source_system: str
    source_version: str
    time_zone: str
    units: dict[str, tuple[str, ...]]
    vocabularies: tuple[str, ...]


class InputSide(Part):
    """What the old and the new data hold of one source table, code and unit.

    The table is named without its system; means are over the rows that carry a number.
    """

    table: str
    code: str
    unit: str | None = None
    rows_before: int = 0
    rows_after: int = 0
    patients_before: int = 0
    patients_after: int = 0
    mean_before: float | None = None
    mean_after: float | None = None

    @property
    def status(self) -> Literal["gone", "new", "both"]:
        """Return on which side it is."""
        if not self.rows_after:
            return "gone"
        return "both" if self.rows_before else "new"


class InputComparison(Record):
    """Old and new data side by side, for the eyes of who signs a model-input change.

    Attributes:
        before: digest of the newest snapshot of what was accepted.
        after: digest of the snapshot that opened the review.
        sides: what is gone, what is new, then what both have, the most changed first.
    """

    kind: ClassVar[str] = "input_comparison"

    before: str
    after: str
    source_before: str
    source_after: str
    patients_before: int
    patients_after: int
    sides: tuple[InputSide, ...]


class InputReview(Record):
    """A model-input change, to be signed before the next training or scoring.

    Attributes:
        comparison: digest of old and new side by side; None where only the contract changed, or
            nothing of the old is here any longer.
        before: digest of the basis that was accepted.
        after: digest of the basis that is asked for.
        follows: digest of the review that was signed last; a signature never serves twice.
    """

    kind: ClassVar[str] = "input_review"

    model: str
    before: str
    after: str
    follows: str | None = None
    comparison: str | None = None
    changes: tuple[ContractChange, ...]

    @property
    def told(self) -> str:
        """Return the changes in one line; more than five are counted."""
        shown = [f"{one.path}: {one.before} -> {one.after}" for one in self.changes[:5]]
        more = len(self.changes) - len(shown)
        return "; ".join(shown) + (f" and {more} more" if more else "")


def _shown(figure: float | None) -> str:
    return "nothing" if figure is None else f"{figure:g}"
