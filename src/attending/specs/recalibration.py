"""The block of model.yaml that makes a fit the recalibration of an earlier run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from attending.specs.base import Spec

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RecalibrationSpec(Spec):
    """An earlier run's model, kept to the bit, with its log-odds moved along a line.

    Attributes:
        of: the run whose model is kept.
        proposal: the signed record that proposed the line; the figures must be its own.
        intercept: added to the log-odds.
        slope: the log-odds are multiplied by it.

    >>> RecalibrationSpec(of="0" * 64, proposal="1" * 64, intercept=0.3).slope
    1.0
    """

    of: Digest
    proposal: Digest
    intercept: float
    slope: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
