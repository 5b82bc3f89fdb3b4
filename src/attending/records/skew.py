"""Served inputs held against the same inputs computed offline: which differ, how, and so what."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from pydantic import model_validator

from attending.records.base import GrownPart, Record

#: `arrived_late`: the row came after the prediction; `missing_when_served`: no row of it was there;
#: `absent_offline`: there is none in the snapshot; `other_scale`: always the same multiple;
#: `other_value`: anything else.
Cause: TypeAlias = Literal[
    "arrived_late", "missing_when_served", "absent_offline", "other_scale", "other_value"
]


class SkewedFeature(GrownPart):
    """One feature that was served otherwise than it is computed offline.

    Attributes:
        n: predictions in which it differs.
        cause: the most frequent.
        factor: served over offline, where it is always the same.
        site: where it differs at one site only, and not at all sites that were compared.
        share: of the predictions compared there, those in which it differs.
    """

    feature: str
    n: int
    cause: Cause
    factor: float | None = None
    site: str = ""
    share: float | None = None


class SkewReport(Record):
    """Training-serving skew of the predictions of one version.

    Attributes:
        predictions: that were made online.
        compared: whose patient is in the snapshot; the others are `unknown`.
        differ: in which at least one input differs.
        flags_change: in which the alert would be another one with the offline inputs.
    """

    kind: ClassVar[str] = "skew"

    model: str
    version: str
    snapshot: str
    predictions: int
    compared: int
    unknown: int
    differ: int
    flags_change: int
    features: tuple[SkewedFeature, ...] = ()

    @model_validator(mode="after")
    def _nothing_dropped(self) -> SkewReport:
        if self.predictions != self.compared + self.unknown:
            raise ValueError("every prediction is compared or unknown")
        return self
