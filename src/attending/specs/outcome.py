"""What an outcome may be: codes, later stays, death, values that cross a threshold, sepsis."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from attending.specs.base import Length, Spec, Unit
from attending.specs.index_event import EncounterClass  # noqa: TC001 - pydantic reads it

#: A word that Python or pydantic keeps for itself has another name inside.
ALIASED = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)
Codes: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]


class PlannedTables(Spec):
    """The four tables of the CMS planned readmission algorithm, as the user supplies them.

    A code that ends in `*` is a prefix. `principal` is the number that marks a stay's principal
    diagnosis, as in MIMIC-IV's `seq_num`; None where every diagnosis row is principal.
    """

    algorithm: str
    always_procedures: tuple[str, ...] = ()
    always_diagnoses: tuple[str, ...] = ()
    potential_procedures: tuple[str, ...] = ()
    acute_diagnoses: tuple[str, ...] = ()
    principal: float | None = 1.0

    @model_validator(mode="after")
    def _some(self) -> PlannedTables:
        if not (self.always_procedures or self.always_diagnoses or self.potential_procedures):
            raise ValueError("the tables name no planned procedure and no planned diagnosis")
        if self.potential_procedures and not self.acute_diagnoses:
            raise ValueError(
                "'potential_procedures' needs 'acute_diagnoses': with an acute principal "
                "diagnosis such a procedure is not planned"
            )
        return self


class Planned(Spec):
    """Which readmissions were planned, by admission type or by tables, and what they count as.

    `excluded`: a first readmission that was planned is no event, and later ones do not count.
    `counted`: planned readmissions count like any other. With `tables` the admission type is not
    asked.
    """

    admission_types: tuple[str, ...] = ("ELECTIVE",)
    tables: PlannedTables | None = None
    count_as: Literal["excluded", "counted"] = Field("excluded", alias="as")

    model_config = ALIASED


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


class Recorded(Spec):
    """The source's own answer, a row of the stay: one of its words is the event, the others none.

    A stay without any of them has no outcome that anybody knows.
    """

    event: Codes
    none: Codes

    @model_validator(mode="after")
    def _apart(self) -> Recorded:
        both = sorted(set(self.event) & set(self.none))
        if both:
            raise ValueError(f"'{both[0]}' cannot be both the event and none")
        return self


class AnyCode(Spec):
    """The event is the first row of any of these codes after the prediction."""

    any_of: Codes


class LaterStay(Spec):
    """The event is the first later stay of one of these classes, planned or not."""

    classes: Annotated[tuple[EncounterClass, ...], Field(min_length=1)]


class Sustained(Spec):
    """How long a value must hold: over a length, or in k of n values that follow each other.

    Over a length: a run of values that all hold, the first and last at least `lasting` apart;
    the event is when the run has lasted so long. k of n: the event is the k-th value that holds.
    """

    lasting: Length | None = None
    k: int | None = Field(None, ge=1)
    n: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> Sustained:
        by_count = self.k is not None and self.n is not None
        if (self.k is None) != (self.n is None) or by_count == (self.lasting is not None):
            raise ValueError("expected 'lasting', or both 'k' and 'n'")
        if self.k is not None and self.n is not None and self.k > self.n:
            raise ValueError(f"got k {self.k} of n {self.n}, expected k at most n")
        return self


class Threshold(Spec):
    """The event is the first value of these codes, in this unit, that holds against a number.

    Rows in another unit, or without one, do not count; convert them at ingest.
    """

    codes: Codes
    comparison: Literal["above", "at_least", "below", "at_most"]
    value: float
    unit: Unit
    sustained: Sustained | None = None


class OrganCodes(Spec):
    """The codes of what the SOFA score reads; a component without codes adds no points."""

    pf_ratio: tuple[str, ...] = ()
    ventilation: tuple[str, ...] = ()
    platelets: tuple[str, ...] = ()
    bilirubin: tuple[str, ...] = ()
    mean_pressure: tuple[str, ...] = ()
    gcs: tuple[str, ...] = ()
    creatinine: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> OrganCodes:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("no component of the SOFA score has a code")
        return self


class Sepsis3(Spec):
    """Suspected infection, and a SOFA score that rises by two points or more around it.

    Suspicion is an antibiotic with a culture taken within `culture_after` it, or a culture with
    an antibiotic within `antibiotic_after` it; its instant is the earlier of the two. The score
    is looked at from `before` the suspicion to `after` it; before the first value it is zero.
    The onset is the suspicion (`infection`), the rise (`sofa`), or the later of the two (`max`).
    """

    antibiotics: Codes
    cultures: Codes
    sofa: OrganCodes
    culture_after: Length = 24 * 3_600_000_000
    antibiotic_after: Length = 72 * 3_600_000_000
    before: Length = 48 * 3_600_000_000
    after: Length = 24 * 3_600_000_000
    rise_points: int = Field(2, ge=1, le=24)
    onset: Literal["infection", "sofa", "max"] = "infection"


class Competing(Spec):
    """What death, or other events, before the outcome count as.

    `no_event`: no event. `competing`: no yes-or-no label; for cumulative incidence. `excluded`:
    the row leaves the table in a counted step. `codes` are further events that compete, such as
    a transplant.
    """

    death: Literal["no_event", "excluded", "competing"]
    codes: tuple[str, ...] = ()


class Censoring(Spec):
    """When an outcome can no longer be seen. The end of the data always censors.

    `transfer_out`: the stay ended in a transfer, after which nothing is seen. `follow_up_ends`:
    codes after which nothing is seen, such as a move away. What is seen after either is not
    counted, for it is seen by luck.
    """

    end_of_data: bool = True
    transfer_out: bool = False
    follow_up_ends: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _always(self) -> Censoring:
        if not self.end_of_data:
            raise ValueError("got 'end_of_data: false'; an immature outcome is never a negative")
        return self
