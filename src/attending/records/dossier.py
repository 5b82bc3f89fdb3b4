"""What a compliance officer is shown of one version: where it comes from, and who let it pass."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import GrownPart, Part, Record, When


class DossierStep(Part):
    """One step from source to model: what it is, and the digest that names it."""

    step: str
    says: str
    digest: str = ""


class DossierFeature(Part):
    """One input, and the codes that it reads."""

    name: str
    label: str
    codes: tuple[str, ...]


class DossierSignature(Part):
    """Who signed which document, as what, and when; `taken_back` when it no longer stands."""

    document_kind: str
    document: str
    signer: str
    role: str
    meaning: str
    signed_at: When
    taken_back: bool


class DossierException(Part):
    """What was let pass, why, and until when.

    Attributes:
        standing: `in force`, `expired` or `not signed by all`, as of the dossier.
    """

    condition: str
    reason: str
    compensation: str
    expires_at: When
    standing: str


class DossierGate(Part):
    """The newest answer of a gate, and the conditions that stood in the way."""

    gate: str
    to_stage: str
    as_of: When
    allowed: bool
    met: int
    asked: int
    open: tuple[str, ...]


class DossierReview(Part):
    """A review afterwards of a gate that few persons opened.

    Attributes:
        state: `owed`, `OVERDUE`, `in order` or `not in order`.
        by: who reviewed, by id; empty while it is owed.
    """

    what: str
    due: When
    state: str
    by: str = ""
    finding: str = ""


class Dossier(GrownPart, Record):
    """The compliance view of one version, from records only.

    Attributes:
        stage: where the version stood; `not deployed` when nowhere.
        intended: intended use and scope, one fact a line.
        non_intended: uses and patients that it is not for.
        missing: what a complete dossier has, and this one does not.
        compensation: what the policy does afterwards because few persons sign; empty for others.
        reviews: those reviews, done and owed.
    """

    kind: ClassVar[str] = "dossier"

    model: str
    version: str
    stage: str
    synthetic: bool = False
    as_of: When
    intended: tuple[tuple[str, str], ...]
    non_intended: tuple[str, ...]
    lineage: tuple[DossierStep, ...]
    features: tuple[DossierFeature, ...]
    signatures: tuple[DossierSignature, ...]
    exceptions: tuple[DossierException, ...]
    gates: tuple[DossierGate, ...]
    missing: tuple[str, ...] = ()
    compensation: str = ""
    reviews: tuple[DossierReview, ...] = ()
