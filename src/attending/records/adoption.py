"""What the adoption of a model leaves: what it is, and the one act by which it came in."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.records.governance import PersonId, Status  # noqa: TC001 - pydantic reads it at run time
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time
from attending.records.predictions_file import PredictionsFile  # noqa: TC001 - pydantic reads it at run time
from attending.specs.release import Stage  # noqa: TC001 - pydantic reads it at run time

#: What is here of the model itself.
ModelForm: TypeAlias = Literal["scores only", "XGBoost JSON", "LightGBM text", "ONNX"]


class AdoptedModel(Record):
    """A model that others built: what it says of itself, and its file where there is one.

    Attributes:
        file: the digest of the model file; None for a feed of scores.
        features: its inputs in the order of its columns.
        imported: figures, parameters and ids that an MLflow run gave, as text.
    """

    kind: ClassVar[str] = "adopted_model"

    model: str
    outcome: str
    made_by: str
    training_data: str
    form: ModelForm
    file: Hash | None = None
    features: tuple[str, ...] = ()
    imported: dict[str, str] = Field(default_factory=dict)


class ScoreParity(Part):
    """The model as we run it, held against the scores of the old system.

    Attributes:
        rows: that have both.
        differing: by more than `within`.
        largest: the largest difference.
    """

    rows: int
    differing: int
    largest: float
    within: float


class AcceptedCondition(Part):
    """A condition of a gate that was never passed, and how it stands."""

    gate: str
    name: str
    status: Status
    whose: str
    note: str = ""


class Adoption(Record):
    """The act by which a model comes under governance: signed once, with a reason and an end.

    Attributes:
        run: the digest of the adopted model; it stands where a run would.
        release: the document of the release plan; `release_spec` the digest of the plan.
        event, percent: how cells of outcome and score are read in this and every later file.
        accepts: every condition of the gates up to the stage that is not met.
        met: how many are met.
    """

    kind: ClassVar[str] = "adoption"

    model: str
    run: Hash
    stage: Stage
    adopt_spec: Hash
    release: Hash
    release_spec: Hash
    scores: PredictionsFile
    event: str = ""
    percent: bool | None = None
    report: Hash
    reference: Hash
    card: Hash
    parity: ScoreParity | None = None
    accepts: tuple[AcceptedCondition, ...]
    met: int
    reason: str
    expires_at: When
    authors: Annotated[tuple[PersonId, ...], Field(min_length=1)]
