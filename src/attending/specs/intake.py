"""The feeds that may push events to a home (`policy/intake.yaml`), and how each speaks."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from attending.specs.base import Spec
from attending.specs.model import Slug  # noqa: TC001 - pydantic reads it at run time

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"got time zone '{name}', expected an IANA name") from None
    return name


class Feed(Spec):
    """One feed.

    Attributes:
        kind: `fhir` pushes FHIR R4 resources, `hl7v2` ADT and ORU messages, `scores` files of an
            adopted model.
        model: of which a feed of scores is.
        time_zone: in which its clock times without an offset stand.
        site: whose its events are; HL7's sending facility (MSH-4) where absent.
        applications: sending applications (MSH-3) that count; any when empty.
        processing: MSH-11 of the messages that count; `T` and `D` are no patients.
        patient_id_type: of the identifier (PID-3.5) that names a patient; the first where none
            has it.
        classes: HL7 patient classes (PV1-2) of the site -> ours, beside the usual ones.
        codes: the site's own codes -> ours, such as `GLU: LOINC//2345-7`.
    """

    name: Slug
    kind: Literal["fhir", "hl7v2", "scores"]
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    site: Text | None = None
    applications: tuple[Text, ...] = ()
    processing: Literal["P", "T", "D"] = "P"
    patient_id_type: Text = "MR"
    classes: dict[str, Literal["INPATIENT", "OBSERVATION", "ED", "OUTPATIENT", "ICU"]] = Field(
        default_factory=dict
    )
    codes: dict[str, Text] = Field(default_factory=dict)
    model: Text | None = None

    @model_validator(mode="after")
    def _of_a_model(self) -> Self:
        if (self.kind == "scores") != (self.model is not None):
            raise ValueError("expected 'model' with kind scores, and only there")
        return self


class IntakeSpec(Spec):
    """`policy/intake.yaml`."""

    feeds: Annotated[tuple[Feed, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.name for one in self.feeds}) < len(self.feeds):
            raise ValueError("got a feed twice")
        return self
