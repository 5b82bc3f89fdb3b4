"""The outcome of each cohort row: yes or no, a number of days, or a count of a unit and shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.errors import BadInput

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.specs.model import ModelSpec
    from attending.specs.outcome_type import OutcomeType
    from attending.types import Floats

#: The columns of a cohort whose outcome is not yes or no.
DAYS = "outcome_days"
COUNT = "outcome_count"


def type_of(cohort: pa.Table) -> OutcomeType:
    """Return what kind of outcome a cohort has.

    >>> import pyarrow as pa
    >>> type_of(pa.table({"label": [None], "outcome_days": [3.5]}))
    'number'
    """
    if COUNT in cohort.column_names:
        return "count"
    return "number" if DAYS in cohort.column_names else "yes_no"


def numbers_of(cohort: pa.Table) -> Floats:
    """Return the number of each cohort row; NaN where it is not known.

    >>> import pyarrow as pa
    >>> numbers_of(pa.table({"outcome_days": [3.5, None]})).tolist()
    [3.5, nan]
    """
    column = cohort[COUNT if type_of(cohort) == "count" else DAYS]
    return np.asarray(pc.fill_null(column.cast("float64"), np.nan).to_numpy(), np.float64)


def check_type(spec: ModelSpec, cohort: pa.Table) -> None:
    """Check that the model is for the kind of outcome that the cohort has.

    Raises:
        BadInput: it is for another.
    """
    found = type_of(cohort)
    if spec.outcome_type != found:
        raise BadInput(
            f"got outcome_type {spec.outcome_type}, and the cohort's outcome is {found}",
            code="model.outcome_type",
            hint=f"Write outcome_type: {found}, or another label in cohort.yaml.",
            where="model.yaml: outcome_type",
        )
