"""What every bedside score can do: score the prediction rows of one shard from its events.

A score is a baseline to beat and a fallback, never the truth. It says of every component whether
its input was missing, and what was done about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.types import Floats, Ints, Mask, Risks

Setting: TypeAlias = bool | int | float | str
#: `normal` counts a missing component as 0 and marks it; `strict` gives no total.
Policy: TypeAlias = Literal["normal", "strict"]
#: `knowable` takes coded diagnoses that were visible at the prediction time; `as_coded` takes those
#: of the index stay and of earlier ones whenever they came, which favours the score.
Availability: TypeAlias = Literal["knowable", "as_coded"]

KEYS = ("subject_id", "encounter_id", "prediction_time")


class Score(Protocol):
    """One bedside score with its parameters."""

    @property
    def name(self) -> str:
        """Return its name and version, as reports print it."""
        ...

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs; one that ends in `*` is a prefix."""
        ...

    @property
    def components(self) -> tuple[str, ...]:
        """Return the names of its components, which are columns of its table."""
        ...

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return one row for each prediction row, in its order.

        Args:
            events: one shard's events.
            rows: subject_id, encounter_id, prediction_time, index_start.

        Returns:
            The keys, `total` (null where the policy gives none), a column of points for each
            component, a truth column `missing_NAME` for each, and `policy`.
        """
        ...

    def expected_risk(self, total: Floats) -> Risks | None:
        """Return the published risk for totals, None when none was published."""
        ...


def settle(
    parameters: Mapping[str, Setting], defaults: Mapping[str, Setting], *, score: str
) -> dict[str, Setting]:
    """Return the defaults with the given parameters over them.

    Raises:
        BadInput: an unknown parameter, one of another type, or an unknown word.

    >>> settle({"policy": "strict"}, {"policy": "normal"}, score="lace")
    {'policy': 'strict'}
    """
    words = {"policy": ("normal", "strict"), "availability": ("knowable", "as_coded")}
    for name, value in parameters.items():
        if name not in defaults:
            raise BadInput(
                f"got parameter '{name}', which the score {score} does not have",
                code="score.parameter",
                hint=did_you_mean(name, defaults),
            )
        wanted = (int, float) if type(defaults[name]) is int else type(defaults[name])
        known = words.get(name, (value,))
        if not isinstance(value, wanted) or value not in known:
            raise BadInput(
                f"got {name} {value!r}, which the score {score} cannot take",
                code="score.parameter",
                hint=f"Write for example {name}: {defaults[name]}.",
            )
    return {**defaults, **parameters}


def table(
    rows: pa.Table, points: Mapping[str, Floats], *, missing: Mapping[str, Mask], policy: str
) -> pa.Table:
    """Return a score's table from the points and the missing marks of its components.

    >>> keys = {"subject_id": [1], "encounter_id": [2], "prediction_time": [0]}
    >>> made = table(pa.table(keys), {"a": np.array([3.0])}, missing={"a": np.array([True])},
    ...              policy="strict")
    >>> made["total"].to_pylist(), made["missing_a"].to_pylist()
    ([None], [True])
    """
    total = np.sum(list(points.values()), axis=0)
    gone = np.any(list(missing.values()), axis=0) & (policy == "strict")
    columns = {key: rows[key] for key in KEYS}
    columns["total"] = pa.array(total, pa.float64(), mask=gone)
    for name, values in points.items():
        columns[name] = pa.array(values, pa.float64())
    for name, marks in missing.items():
        columns[f"missing_{name}"] = pa.array(marks, pa.bool_())
    columns["policy"] = pa.array([policy] * rows.num_rows, pa.string())
    return pa.table(columns)


def micros(column: pa.ChunkedArray | pa.Array, *, null: int) -> Ints:
    """Return a timestamp column in microseconds with `null` where it is null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), null).to_numpy())


def whole(column: pa.ChunkedArray | pa.Array) -> Ints:
    """Return an id column with -1 where it is null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), -1).to_numpy())
