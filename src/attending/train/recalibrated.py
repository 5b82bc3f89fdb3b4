"""An earlier model with its log-odds moved along a line: nothing else of it is fitted again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.models.reference import summarise

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.specs.recalibration import RecalibrationSpec
    from attending.train.candidate import At, Table


def recalibrated(base: Bundle, asked: RecalibrationSpec, *, table: Table, at: At) -> Bundle:
    """Return an earlier bundle with the line of a proposal laid over its calibration.

    Args:
        base: the bundle of the run that `asked.of` names.
        asked: the line.
        table: all rows; only the reference of the risks is made from them.
        at: its slices.

    Raises:
        Refused: the features are defined otherwise than the earlier model's.
    """
    if (base.names, base.feature_set) != (table.names, table.feature_set):
        raise Refused(
            "the features are not those of the model that is recalibrated",
            code="recalibration.features",
            hint="Changed features make another model: fit it, without `recalibration`.",
            where="model.yaml: recalibration",
        )
    line = base.calibration.moved(intercept=asked.intercept, slope=asked.slope)
    made = replace(base, calibration=line)
    rows = at.calibration if len(at.calibration) else at.train
    return replace(made, risk_reference=summarise(made.risk(table.x[rows]), name="risk"))
