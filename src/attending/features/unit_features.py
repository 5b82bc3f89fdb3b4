"""Features of units: who was there, and who came, so many shifts before, as it was known then.

The unit-and-shift table carries two series as they could be known. Who is present is known when a
shift begins; who has come in a shift only when it is over. A lag that would look further is refused
by the spec, so that no feature sees the shift it is to foretell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.engines.tables import digest_table, micros, whole_numbers
from attending.errors import BadInput, Refused
from attending.features.shard import clock_part
from attending.records.features import STATES, FeatureCount, FeatureSet

if TYPE_CHECKING:
    from attending.specs.features import FeatureSpec, FeaturesSpec
    from attending.types import Floats, Ints

#: The kinds of feature that a unit may have.
KINDS = frozenset({"unit", "calendar"})
_KEYS = ("subject_id", "encounter_id", "prediction_time")


def build_units(spec: FeaturesSpec, table: pa.Table) -> tuple[FeatureSet, pa.Table]:
    """Return the feature set record and the feature table of a unit-and-shift table.

    Args:
        spec: the features, all of kind `unit` or `calendar`.
        table: the cohort table; its rows stand by unit and time.

    Raises:
        BadInput: a feature of patients.
        Refused: a feature is retired.
    """
    for feature in spec.features:
        _check(feature)
    at = micros(table["prediction_time"], null=0)
    unit = whole_numbers(table["subject_id"])
    order = np.lexsort((at, unit))
    columns, states, counts = {}, [], []
    for feature in spec.features:
        values = np.empty(len(at))
        values[order] = _values(feature, table.take(order), unit=unit[order], at=at[order])
        missing = np.isnan(values)
        columns[feature.name] = pa.array(values, mask=missing)
        states.append(np.where(missing, kernel.OUT_OF_WINDOW, kernel.PRESENT).astype(np.uint8))
        counts.append(_count(spec, feature, missing=int(missing.sum()), rows=len(at)))
    state = np.ascontiguousarray(np.stack(states, axis=1)) if states else np.empty((len(at), 0))
    cells = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(state.shape[1]), len(at), [None, pa.py_buffer(state)]
    )
    made = pa.table({**{name: table[name] for name in _KEYS}, **columns, STATES: cells})
    record = FeatureSet(
        name=spec.name,
        version=spec.version,
        definition_digest=spec.digest,
        features=tuple(counts),
        rows=made.num_rows,
        table_digest=digest_table(made),
    )
    return record, made


def _check(feature: FeatureSpec) -> None:
    if feature.status == "retired":
        raise Refused(
            f"feature '{feature.name}' is retired",
            code="features.retired",
            hint=f"Use '{feature.replacement}'." if feature.replacement else "Remove it.",
        )
    if feature.kind not in KINDS:
        raise BadInput(
            f"feature '{feature.name}' is of kind '{feature.kind}', which is of patients, and the "
            "cohort's rows are units and shifts",
            code="features.of_patients",
            hint="Features of a unit are of kind unit or calendar.",
            where="features.yaml",
        )


def _values(feature: FeatureSpec, table: pa.Table, *, unit: Ints, at: Ints) -> Floats:
    """Return a feature of rows that stand by unit and time."""
    if feature.kind == "calendar":
        return clock_part(str(feature.part), at)
    series = whole_numbers(table[f"known_{feature.series}"]).astype(np.float64)
    lagged = [_lagged(series, unit, lag) for lag in feature.lags or ()]
    return np.asarray(np.mean(lagged, axis=0))


def _lagged(series: Floats, unit: Ints, lag: int) -> Floats:
    """Return the value of the same unit so many shifts before; NaN before its first.

    >>> _lagged(np.array([1.0, 2.0, 5.0]), np.array([7, 7, 8]), 1).tolist()
    [nan, 1.0, nan]
    """
    found = np.full(len(series), np.nan)
    if lag == 0:
        return series
    same = unit[lag:] == unit[:-lag]
    found[lag:] = np.where(same, series[:-lag], np.nan)
    return found


def _count(spec: FeaturesSpec, feature: FeatureSpec, *, missing: int, rows: int) -> FeatureCount:
    return FeatureCount(
        name=feature.name,
        digest=spec.feature_digest(feature),
        present=rows - missing,
        missing={"out_of_window": missing} if missing else {},
        in_window=rows - missing,
        newest_not_yet_known=0,
        stale=0,
    )
