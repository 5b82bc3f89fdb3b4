"""What a team asks of its patients and its outcome: `cohort.yaml`.

Every rule says what must hold for a row to stay. Rules run in the order in which they are
written, eligibility before exclusions, and each leaves its count.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.features import Slug  # noqa: TC001 - pydantic reads it
from attending.specs.index_event import EncounterClass, Index, Sampling
from attending.specs.outcome import (
    ALIASED,
    AnyCode,
    Censoring,
    CodeValue,
    Competing,
    LaterStay,
    Readmission,
    Recorded,
    Sepsis3,
    Threshold,
)
from attending.specs.unit_count import UnitCount  # noqa: TC001 - pydantic reads it

#: Kinds of label whose question has a field of the same name.
_ASKED = (
    "readmission", "code_value", "recorded", "codes", "encounter", "threshold", "sepsis3",
    "unit_count",
)  # fmt: skip
#: Kinds whose outcome is a number, not yes or no.
NUMERIC = frozenset({"length_of_stay", "remaining_days"})
#: Kinds whose outcome is death itself, or to which no death of one patient is an end.
_DEATH_IS_IT = frozenset({"death_in_stay", "death", "unit_count"})

#: Rules that look at how the stay ended, which nobody knows before the discharge.
_READS_THE_END = frozenset({
    "alive_at_discharge",
    "disposition_not",
    "stay_at_least",
    "stay_at_most",
    "not_transferred",
})  # fmt: skip


class _Rule(Spec):
    """A rule may be named in words for the flow diagram."""

    title: str = ""


class AgeAtLeast(_Rule):
    """The patient has had this birthday at the prediction; unknown birth does not stay."""

    rule: Literal["age_at_least"]
    years: float


class AgeBelow(_Rule):
    """The patient has not yet had this birthday at the prediction."""

    rule: Literal["age_below"]
    years: float


class AliveAtDischarge(_Rule):
    """Neither discharged as died, nor dead at or before the discharge."""

    rule: Literal["alive_at_discharge"]


class AliveAtIndex(_Rule):
    """Not dead at or before the prediction."""

    rule: Literal["alive_at_index"]


class DispositionNot(_Rule):
    """The stay did not end in one of these ways; a code that ends in `*` is a prefix."""

    rule: Literal["disposition_not"]
    dispositions: tuple[str, ...]


class StayAtLeast(_Rule):
    """The stay lasted at least this long."""

    rule: Literal["stay_at_least"]
    length: Length


class StayAtMost(_Rule):
    """The stay lasted at most this long."""

    rule: Literal["stay_at_most"]
    length: Length


class NotTransferred(_Rule):
    """The stay did not end in a transfer, and no counted stay began within `within` of its end."""

    rule: Literal["not_transferred"]
    within: Length = 0


class ClassNot(_Rule):
    """The stay is of none of these classes."""

    rule: Literal["class_not"]
    classes: tuple[EncounterClass, ...]


class AdmissionTypeNot(_Rule):
    """The stay was admitted as none of these types."""

    rule: Literal["admission_type_not"]
    types: tuple[str, ...]


class SiteIn(_Rule):
    """The stay was at one of these sites."""

    rule: Literal["site_in"]
    sites: tuple[str, ...]


class FirstPerPatient(_Rule):
    """The patient's first row among those that are left."""

    rule: Literal["first_per_patient"]


class CodeAbsent(_Rule):
    """None of these codes is visible at the prediction within the look-back."""

    rule: Literal["code_absent"]
    codes: tuple[str, ...]


class CodePresent(_Rule):
    """One of these codes is visible at the prediction within the look-back."""

    rule: Literal["code_present"]
    codes: tuple[str, ...]


class KnownOutcome(_Rule):
    """The outcome is known: neither immature nor censored."""

    rule: Literal["known_outcome"]


Rule: TypeAlias = Annotated[
    AgeAtLeast
    | AgeBelow
    | AliveAtDischarge
    | AliveAtIndex
    | DispositionNot
    | StayAtLeast
    | StayAtMost
    | NotTransferred
    | ClassNot
    | AdmissionTypeNot
    | SiteIn
    | FirstPerPatient
    | CodeAbsent
    | CodePresent
    | KnownOutcome,
    Field(discriminator="rule"),
]


class Label(Spec):
    """The outcome, its horizon and how long it takes to be known.

    An outcome is mature when the horizon has ended and `delay` has passed, since its end and
    since the event was known; before that it is null, also when an event was seen. `proxies` are
    codes that restate the outcome, such as its treatment; `actions` are acts that follow a
    suspicion of it, such as a blood culture. No feature may read either; a code that ends in `*`
    is a prefix.
    """

    kind: Literal[
        "readmission",
        "death_in_stay",
        "code_value",
        "recorded",
        "codes",
        "encounter",
        "death",
        "threshold",
        "sepsis3",
        "length_of_stay",
        "remaining_days",
        "unit_count",
    ]
    horizon: Length | None = None
    readmission: Readmission | None = None
    code_value: CodeValue | None = None
    recorded: Recorded | None = None
    codes: AnyCode | None = None
    encounter: LaterStay | None = None
    threshold: Threshold | None = None
    sepsis3: Sepsis3 | None = None
    unit_count: UnitCount | None = None
    competing: Competing | None = None
    delay: Length = 0
    proxies: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Label:
        for kind in _ASKED:
            given = getattr(self, kind) is not None
            if given != (self.kind == kind):
                raise ValueError(f"'{kind}' is for labels of that kind, and needed by them")
        to_the_end = self.kind in {"death_in_stay", "unit_count"} or self.is_number
        if self.kind == "unit_count" and self.horizon is not None:
            raise ValueError("a label of kind 'unit_count' looks to the end of its shift")
        if not to_the_end and self.horizon is None:
            raise ValueError(f"a label of kind '{self.kind}' needs the field 'horizon'")
        if self.is_number and self.horizon is not None:
            raise ValueError(f"a label of kind '{self.kind}' looks to the end of the stay")
        if self.horizon is not None and self.horizon <= 0:
            raise ValueError("got a horizon of zero, expected a length above it")
        if (self.kind in _DEATH_IS_IT) != (self.competing is None):
            raise ValueError(
                "'competing' says what death before the outcome counts as; every label but "
                "'death_in_stay', 'death' and 'unit_count' needs it"
            )
        return self

    @property
    def is_number(self) -> bool:
        """Return whether the outcome is a number of days, not yes or no."""
        return self.kind in NUMERIC


class Group(Spec):
    """Where a subgroup comes from: a code prefix, bands of age in years, or a column."""

    prefix: str | None = None
    bands: tuple[float, ...] | None = None
    column: Literal["site"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Group:
        if sum(way is not None for way in (self.prefix, self.bands, self.column)) != 1:
            raise ValueError("expected one of 'prefix', 'bands' or 'column'")
        if self.bands is not None and list(self.bands) != sorted(set(self.bands)):
            raise ValueError("got bands that do not ascend")
        return self


class Construct(Spec):
    """What the label stands for, and whether it only stands in for it."""

    meaning: str
    proxy: bool
    note: str = ""

    @model_validator(mode="after")
    def _proxy_has_note(self) -> Construct:
        if self.proxy and not self.note:
            raise ValueError("a proxy label needs a note: what it misses, and for whom")
        return self


class CohortSpec(Spec):
    """Who is predicted for, when, and what became of them."""

    model_config = ALIASED

    name: Slug
    version: str
    concept: Construct = Field(alias="construct")
    index: Index
    observation_window: Length
    eligibility: tuple[Rule, ...] = ()
    exclusions: tuple[Rule, ...] = ()
    label: Label
    censoring: Censoring = Censoring()
    groups: dict[Slug, Group] = Field(default_factory=dict)
    sampling: Sampling = Sampling()

    @model_validator(mode="after")
    def _no_rule_reads_the_future(self) -> CohortSpec:
        for rule in self.rules:
            if rule.rule in _READS_THE_END and self.index.event != "discharge":
                raise ValueError(
                    f"rule '{rule.rule}' reads the end of the stay, which is not known at "
                    f"index '{self.index.event}'; use 'require_stay' or move the index"
                )
        in_stay = self.label.kind in {"death_in_stay", *NUMERIC}
        if in_stay and self.index.event == "discharge":
            raise ValueError("a stay that has ended cannot end in death; move the index")
        return self

    @model_validator(mode="after")
    def _units_have_shifts(self) -> CohortSpec:
        if (self.index.event == "shift") != (self.label.kind == "unit_count"):
            raise ValueError("index 'shift' and label 'unit_count' belong together")
        asked = self.rules or self.groups or self.censoring != Censoring()
        if self.index.event == "shift" and (asked or self.sampling != Sampling()):
            raise ValueError(
                "a unit has no rules, groups, censoring or sampling of patients; "
                "its own groups are unit and shift"
            )
        return self

    @property
    def of_units(self) -> bool:
        """Return whether a row is a unit and shift, not a patient."""
        return self.index.event == "shift"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return all rules in the order in which they run."""
        return self.eligibility + self.exclusions
