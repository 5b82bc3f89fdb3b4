"""Papers that who deploys a model owes, filled from specs and records, in editions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.records.governance import PersonId  # noqa: TC001 - pydantic reads it at run time

PaperName: TypeAlias = Literal[
    "hazard_log",
    "safety_case",
    "risk_analysis",
    "downtime",
    "raci",
    "hours",
    "workflow",
    "role_guide",
]


class PaperSection(Part):
    """One table of a paper; rows of text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class DeployerPaper(Record):
    """One edition of one paper of a version.

    Attributes:
        edition: 1, 2, ...; another content makes another edition.
        spec: digest of deployer.yaml.
        missing: what it does not say yet; a paper with such a field is not signed.
    """

    kind: ClassVar[str] = "deployer_paper"
    paper: PaperName
    model: Annotated[str, Field(min_length=1)]
    version: str
    edition: int
    spec: str
    synthetic: bool = False
    sections: tuple[PaperSection, ...]
    missing: tuple[str, ...] = ()


class TrainingCompletion(Record):
    """A user has completed the training material, in the version that was shown.

    Attributes:
        user: who, as the hospital names staff; not a patient.
        recorded_by: the person of this home who recorded it.
    """

    kind: ClassVar[str] = "training_completion"
    model: Annotated[str, Field(min_length=1)]
    material: str
    material_version: str
    user: Annotated[str, Field(min_length=1, max_length=200)]
    role: Annotated[str, Field(min_length=1, max_length=200)]
    completed_at: When
    recorded_by: PersonId
