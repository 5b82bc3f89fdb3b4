"""What every bedside score can do: score the prediction rows of one shard from its events.

A score is a baseline to beat and a fallback, never the truth. It says of every component whether
its input was missing, and what was done about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.scores.about import About
    from attending.scores.evidence import Evidence
    from attending.types import Floats, Mask, Risks

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
    def about(self) -> About:
        """Return what it says of itself: version, population, reference, range, points."""
        ...

    @property
    def by_availability(self) -> bool:
        """Return whether it takes codes of a stay, so that it is reported in both variants."""
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
            The keys, `total` (null where the policy gives none), `completeness` (the share of
            components whose input was there), a column of points for each component, a truth
            column `missing_NAME` for each, `time_NAME`, `known_at_NAME` and `row_NAME` of the event
            that each rests on, and `policy`.
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
    words: dict[str, tuple[Setting, ...]] = {
        "policy": ("normal", "strict"),
        "availability": ("knowable", "as_coded"),
    }
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
    rows: pa.Table,
    points: Mapping[str, Floats],
    *,
    missing: Mapping[str, Mask],
    evidence: Mapping[str, Evidence],
    policy: str,
) -> pa.Table:
    """Return a score's table from the points, the missing marks and the inputs of its components.

    >>> from attending.scores.evidence import of_rows
    >>> keys = {"subject_id": [1], "encounter_id": [2], "prediction_time": [0]}
    >>> rows = pa.table(keys)
    >>> made = table(rows, {"a": np.array([3.0])}, missing={"a": np.array([True])},
    ...              evidence={"a": of_rows(rows, "prediction_time")}, policy="strict")
    >>> made["total"].to_pylist(), made["missing_a"].to_pylist(), made["completeness"].to_pylist()
    ([None], [True], [0.0])
    """
    total = np.sum(list(points.values()), axis=0)
    marks = np.array(list(missing.values()), dtype=np.bool_)
    gone = marks.any(axis=0) & (policy == "strict")
    columns = {key: rows[key] for key in KEYS}
    columns["total"] = pa.array(total, pa.float64(), mask=gone)
    columns["completeness"] = pa.array((~marks).mean(axis=0), pa.float64())
    for name, values in points.items():
        columns[name] = pa.array(values, pa.float64())
    for name, mark in missing.items():
        columns[f"missing_{name}"] = pa.array(mark, pa.bool_())
    for name in points:
        columns |= evidence[name].only(~missing[name]).columns(name)
    columns["policy"] = pa.array([policy] * rows.num_rows, pa.string())
    return pa.table(columns)
