"""What carrying a model to another hospital leaves: the signed list, the arrival, the choice."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Record, When
from attending.records.governance import PersonId  # noqa: TC001 - pydantic reads it at run time
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time
from attending.specs.release import Stage  # noqa: TC001 - pydantic reads it at run time

#: Whether a carried model is used as it came, or needs another calibration first.
Calibrated: TypeAlias = Literal["as_it_is", "not_as_it_is"]


class ModelBundle(Record):
    """The signed list of a model bundle: what is in it by digest, and where it came from.

    Attributes:
        version, stage: where the model stood in the home that it comes from.
        files: path in the bundle -> SHA-256, but for the list itself and its signature.
    """

    kind: ClassVar[str] = "model_bundle"

    home_id: str
    synthetic: bool
    model: str
    run: Hash
    version: str
    stage: Stage
    made_at: When
    files: dict[str, Hash]


class CarriedModel(Record):
    """A run that was fitted in another home and came here with a bundle.

    Attributes:
        home_id, version, stage: of the home that it comes from; nothing there counts here.
        bundle: the digest of the bundle's list.
        key: the public key that signed it, as the importer held it from elsewhere.
    """

    kind: ClassVar[str] = "carried_model"

    model: str
    run: Hash
    home_id: str
    version: str
    stage: Stage
    bundle: Hash
    key: str


class LocalChoice(Record):
    """Whether a carried model is calibrated well enough here, chosen on the local validation.

    Attributes:
        report: the local validation report; on another report the choice does not count.
    """

    kind: ClassVar[str] = "local_choice"

    model: str
    run: Hash
    report: Hash
    choice: Calibrated
    observed_expected: float | None
    calibration_slope: float | None
    reason: Annotated[str, Field(min_length=1)]
    authors: Annotated[tuple[PersonId, ...], Field(min_length=1)]
