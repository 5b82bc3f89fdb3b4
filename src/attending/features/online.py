"""Features of one patient at one instant: the same kernel, the same bits as the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attending.engines import kernel
from attending.engines.plan import NO_ENCOUNTER, NO_START, Predictions
from attending.features.clocks import UTC_NAME, last_instants
from attending.features.compiled import Compiled, compiled
from attending.features.shard import compute
from attending.records.features import REASONS
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from attending.records.features import Missing
    from attending.specs.features import FeaturesSpec
    from attending.types import Floats, Instant, Ints


class FeatureValue(NamedTuple):
    """One input with the newest row behind it, and why it is missing when it is."""

    name: str
    value: float | None
    time: Instant | None
    known_at: Instant | None
    missing: Missing | None
    stale: bool


@dataclass(frozen=True, slots=True)
class FeatureVector:
    """All features of one prediction, in the order of the definitions.

    `newest_time_us` and `newest_known_us` are microseconds since 1970 of the newest row that was
    used, or None: no row, or a static fact without a time.
    """

    subject_id: int
    encounter_id: int | None
    prediction_time: Instant
    names: tuple[str, ...]
    values: tuple[float | None, ...]
    newest_time_us: tuple[int | None, ...]
    newest_known_us: tuple[int | None, ...]
    missing: tuple[Missing | None, ...]
    stale: tuple[bool, ...]

    def row(self) -> Floats:
        """Return the values as float64, shape (features,); NaN is missing."""
        return np.array(self.values, dtype=np.float64)

    def inputs(self) -> Iterator[FeatureValue]:
        """Iterate over the features one by one."""
        for name, value, time, known, missing, stale in zip(
            self.names,
            self.values,
            self.newest_time_us,
            self.newest_known_us,
            self.missing,
            self.stale,
            strict=True,
        ):
            yield FeatureValue(name, value, _instant(time), _instant(known), missing, stale)


def for_patient(  # noqa: PLR0913 - whose rows, when, and where
    spec: FeaturesSpec | Compiled,
    rows: pa.Table,
    *,
    subject_id: int,
    encounter_id: int | None,
    prediction_time: Instant,
    index_start: Instant | None,
    zone: str = UTC_NAME,
) -> FeatureVector:
    """Return one patient's features at an instant.

    Args:
        spec: the features; compile them once with `compiled` and pass that.
        rows: the patient's events in canonical order; rows of others are not looked at.
        subject_id: the patient.
        encounter_id: the stay, which scores read.
        prediction_time: only rows visible at it are used.
        index_start: when the stay began, or None when it is not known.
        zone: of the patient's site, for features as of a clock time.

    Raises:
        Refused: a feature is retired.
        IntegrityBroken: the rows are not in canonical order.
    """
    plan = compiled(spec)
    start = NO_START if index_start is None else to_micros(index_start)
    now = _one(to_micros(prediction_time))
    clocks = last_instants(now, [zone], plan.plan.clocks)
    stay = NO_ENCOUNTER if encounter_id is None else encounter_id
    at = Predictions(_one(subject_id), now, _one(start), clocks, _one(stay))
    cells = compute(plan, rows, at, trace=True)
    state = cells.state[0].tolist()
    return FeatureVector(
        subject_id=subject_id,
        encounter_id=encounter_id,
        prediction_time=prediction_time,
        names=plan.spec.names,
        values=tuple(map(_value, _first(cells.values))),
        newest_time_us=tuple(map(_held, _first(cells.newest_time))),
        newest_known_us=tuple(map(_held, _first(cells.newest_known))),
        missing=tuple(REASONS[cell & 0x0F] for cell in state),
        stale=tuple(bool(cell & kernel.STALE) for cell in state),
    )


def _one(number: int) -> Ints:
    return np.array([number], dtype=np.int64)


def _first(columns: list[Floats] | list[Ints]) -> list[Any]:  # floats or whole numbers
    return list(np.concatenate(columns).tolist()) if columns else []


def _value(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN is not equal to itself


def _held(micros: int) -> int | None:
    return None if micros == kernel.STATIC else micros


def _instant(micros: int | None) -> Instant | None:
    return None if micros is None else from_micros(micros)
