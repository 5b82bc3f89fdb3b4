"""What a card leaves: all that a reader should know before they trust a score.

Every figure in it is copied from the record that made it, which `made_from` names.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from attending.records.base import Part, Record

#: Sections that a card should have; those that are empty are named in `missing`.
SECTIONS = (
    "purpose",
    "population",
    "excluded",
    "decision_point",
    "users",
    "non_intended",
    "inputs",
    "training",
    "validation",
    "subgroups",
    "limitations",
    "failure_modes",
    "escalation",
    "fallback",
    "monitoring",
    "explanation_caveats",
)


class CardFact(Part):
    """One fact in words: what it is about, and what is so."""

    label: str
    says: str


class CardInput(Part):
    """One input as a clinician would call it, and who answers for it."""

    name: str
    clinical_label: str
    unit: str = ""
    window: str = ""
    purpose: str = ""
    owner: str = ""
    status: str = ""


class CardFigure(Part):
    """One figure of the validation, for the model and for what it is compared with.

    Attributes:
        of: who was measured: the model's name, or the baseline's.
        unit: `share` for what is printed as a percentage, else empty.
    """

    measure: str
    of: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    note: str = ""


class CardGroup(Part):
    """One subgroup: how many, and how well the model does there; None is not shown."""

    attribute: str
    group: str
    n: int | None = None
    events: int | None = None
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    answer: str = ""
    note: str = ""


class ModelCard(Record):
    """One version of a model, on a few pages that a clinician can read.

    Attributes:
        synthetic: true when the run's data are made up; said first on every print.
        missing: the sections of `SECTIONS` that nobody has written.
        made_from: digests of the records and specs that the card was put together from, by kind.
    """

    kind: ClassVar[str] = "model_card"

    name: str
    version: str
    synthetic: bool = False
    outcome: str = ""
    purpose: str = ""
    population: str = ""
    excluded: tuple[str, ...] = ()
    decision_point: str = ""
    users: tuple[str, ...] = ()
    non_intended: tuple[str, ...] = ()
    risk_level: str = ""
    oversight: str = ""
    inputs: tuple[CardInput, ...] = ()
    training: tuple[CardFact, ...] = ()
    validation: tuple[CardFigure, ...] = ()
    threshold: float | None = None
    subgroups: tuple[CardGroup, ...] = ()
    gates_failed: tuple[CardFact, ...] = ()
    availability_assumed: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    failure_modes: tuple[CardFact, ...] = ()
    escalation: tuple[CardFact, ...] = ()
    fallback: tuple[CardFact, ...] = ()
    monitoring: tuple[CardFact, ...] = ()
    explanation_caveats: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    made_from: dict[str, str] = Field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Return whether every section is written."""
        return not self.missing
