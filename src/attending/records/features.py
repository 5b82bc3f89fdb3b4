"""What building features leaves: counts of every column, why cells are missing, and digests."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attending.records.base import Part, Record

Missing: TypeAlias = Literal[
    "never_measured",
    "not_yet_known",
    "out_of_window",
    "implausible",
    "other_unit",
    "no_value",
    "too_few",
    "stale",
]
#: By the number that the kernel gives; the first stands for a value that is present.
REASONS: tuple[Missing | None, ...] = (
    None,
    "never_measured",
    "not_yet_known",
    "out_of_window",
    "implausible",
    "other_unit",
    "no_value",
    "too_few",
    "stale",
)
#: The column of a feature table that says of each cell why it is missing, a byte a feature.
STATES = "cell_states"


class FeatureCount(Part):
    """One column: how many cells have a value, and why the others do not.

    `in_window` counts predictions with a row in the window by its `time`, visible or not;
    `newest_not_yet_known` those of them whose newest row was not yet known.
    """

    name: str
    digest: str
    present: int
    missing: dict[Missing, int]
    in_window: int
    newest_not_yet_known: int
    stale: int


class FeatureSet(Record):
    """The features of one cohort."""

    kind: ClassVar[str] = "feature_set"
    name: str
    version: str
    definition_digest: str
    features: tuple[FeatureCount, ...]
    rows: int
    table_digest: str
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(feature.name for feature in self.features)


class Mismatch(Part):
    """A column in which the online path gave other bits than the table."""

    name: str
    cells: int


class ParityReport(Record):
    """Predictions computed again one patient at a time, compared to the bit."""

    kind: ClassVar[str] = "parity_report"
    definition_digest: str
    table_digest: str
    predictions: int
    cells: int
    mismatches: tuple[Mismatch, ...]

    @property
    def same(self) -> bool:
        """Return whether every cell was the same to the bit, and there were some."""
        return self.predictions > 0 and not self.mismatches


class FeatureChange(Part):
    """How one feature differs between two versions, and which fields say so."""

    name: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[str, ...] = ()
    changes_values: bool


class FeatureDiff(Record):
    """What changed from one version of the features to another."""

    kind: ClassVar[str] = "feature_diff"
    before: str
    after: str
    changes: tuple[FeatureChange, ...]
