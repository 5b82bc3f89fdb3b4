"""What a team asks of its patients and its outcome: `cohort.yaml`.

Every rule says what must hold for a row to stay. Rules run in the order in which they are
written, eligibility before exclusions, and each leaves its count.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.features import Slug  # noqa: TC001 - pydantic reads it

EncounterClass: TypeAlias = Literal["INPATIENT", "OBSERVATION", "ED", "OUTPATIENT", "ICU"]
IndexEvent: TypeAlias = Literal["discharge", "admission", "landmark"]

#: A word that Python or pydantic keeps for itself has another name inside.
_ALIASED = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)
#: Rules that look at how the stay ended, which nobody knows before the discharge.
_READS_THE_END = frozenset({
    "alive_at_discharge",
    "disposition_not",
    "stay_at_least",
    "stay_at_most",
    "not_transferred",
})  # fmt: skip


class Index(Spec):
    """The event that makes a prediction due.

    `after` is the length after admission of a landmark; `require_stay` keeps only stays that are
    still open at it.
    """

    event: IndexEvent
    classes: tuple[EncounterClass, ...] = ("INPATIENT",)
    after: Length | None = None
    require_stay: bool = True

    @model_validator(mode="after")
    def _landmark_has_after(self) -> Index:
        if (self.event == "landmark") != (self.after is not None):
            raise ValueError("'after' is the length after admission of a landmark, and only of it")
        if not self.classes:
            raise ValueError("expected at least one class of stay")
        return self


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


class Planned(Spec):
    """Which readmissions were planned, by admission type, and what they count as.

    `excluded`: a first readmission that was planned is no event, and later ones do not count.
    `counted`: planned readmissions count like any other.
    """

    admission_types: tuple[str, ...] = ("ELECTIVE",)
    count_as: Literal["excluded", "counted"] = Field("excluded", alias="as")

    model_config = _ALIASED


class Readmission(Spec):
    """Which later admissions are readmissions.

    `unplanned` looks at the first later admission of the counted classes. `any_later_admission`
    counts every inpatient and observation stay, planned or not. Stays that begin within
    `merge_within` of the end of another are one stay.
    """

    variant: Literal["unplanned", "any_later_admission"] = "unplanned"
    classes: tuple[EncounterClass, ...] = ("INPATIENT",)
    planned: Planned | None = None
    merge_within: Length | None = None

    @model_validator(mode="after")
    def _planned_is_decided(self) -> Readmission:
        if self.variant == "unplanned" and self.planned is None:
            raise ValueError(
                "'unplanned' needs 'planned': say which admission types are planned and what "
                "they count as"
            )
        if self.variant == "any_later_admission" and self.planned is not None:
            raise ValueError("'any_later_admission' counts planned stays; remove 'planned'")
        return self


class CodeValue(Spec):
    """A coded outcome: the event is a row of this code with this value after the prediction."""

    code: str
    equals: float = 1.0


class Competing(Spec):
    """What death before the outcome counts as.

    `no_event`: no event. `competing`: no yes-or-no label; for cumulative incidence. `excluded`:
    the row leaves the table in a counted step.
    """

    death: Literal["no_event", "excluded", "competing"]


class Label(Spec):
    """The outcome, its horizon and how long it takes to be known.

    An outcome is mature when the horizon has ended and `delay` has passed; before that it is
    null, also when an event was seen. `proxies` are codes that restate the outcome, such as its
    treatment; `actions` are acts that follow a suspicion of it, such as a blood culture. No
    feature may read either; a code that ends in `*` is a prefix.
    """

    kind: Literal["readmission", "death_in_stay", "code_value"]
    horizon: Length | None = None
    readmission: Readmission | None = None
    code_value: CodeValue | None = None
    competing: Competing | None = None
    delay: Length = 0
    proxies: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Label:
        for kind in ("readmission", "code_value"):
            given = getattr(self, kind) is not None
            if given != (self.kind == kind):
                raise ValueError(f"'{kind}' is for labels of that kind, and needed by them")
        if self.kind != "death_in_stay" and self.horizon is None:
            raise ValueError(f"a label of kind '{self.kind}' needs the field 'horizon'")
        if self.horizon is not None and self.horizon <= 0:
            raise ValueError("got a horizon of zero, expected a length above it")
        if (self.kind == "death_in_stay") != (self.competing is None):
            raise ValueError(
                "'competing' says what death before the outcome counts as; every label but "
                "'death_in_stay' needs it"
            )
        return self


class Censoring(Spec):
    """When an outcome cannot be known. The end of the data always censors."""

    end_of_data: bool = True

    @model_validator(mode="after")
    def _always(self) -> Censoring:
        if not self.end_of_data:
            raise ValueError("got 'end_of_data: false'; an immature outcome is never a negative")
        return self


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

    model_config = _ALIASED

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
    sampling: Literal["all"] = "all"

    @model_validator(mode="after")
    def _no_rule_reads_the_future(self) -> CohortSpec:
        for rule in self.rules:
            if rule.rule in _READS_THE_END and self.index.event != "discharge":
                raise ValueError(
                    f"rule '{rule.rule}' reads the end of the stay, which is not known at "
                    f"index '{self.index.event}'; use 'require_stay' or move the index"
                )
        if self.label.kind == "death_in_stay" and self.index.event == "discharge":
            raise ValueError("a stay that has ended cannot end in death; move the index")
        return self

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return all rules in the order in which they run."""
        return self.eligibility + self.exclusions
