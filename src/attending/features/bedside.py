"""A bedside score as a feature: its total or one component, from the rows visible then."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.engines.plan import NO_ENCOUNTER, NO_START
from attending.engines.tables import instants, micros, numbers
from attending.features.derive import Operand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from attending.engines.plan import Predictions
    from attending.scores.protocol import Score
    from attending.types import Floats, Ints, Mask


def tables(
    scores: Mapping[int, Score], events: pa.Table, predictions: Predictions
) -> dict[int, pa.Table]:
    """Return each feature's score at every prediction; one that several take is computed once.

    Args:
        scores: by the place of the feature.
        events: rows of whole patients, with the columns that scores read.
        predictions: `NO_START` where the start of the stay is unknown.
    """
    rows = _rows(predictions)
    made: dict[int, pa.Table] = {}
    for score in scores.values():
        if id(score) not in made:
            made[id(score)] = score.score(events, rows)
    return {number: made[id(score)] for number, score in scores.items()}


def scored(
    made: pa.Table, components: Sequence[str], *, total: bool, state: NDArray[np.uint8]
) -> Operand:
    """Return the total of a score, or its one component, as a feature.

    A component is missing where its input is; a total where the score's policy gives none, and
    where no component had its input.

    Args:
        made: the score's table.
        components: what the feature rests on: all of the score's, or the one that is asked for.
        total: whether the total is asked for.
        state: the kernel's, of any row of the score's codes: why there is none.
    """
    values = _total(made) if total else _points(made, components[0])
    return Operand(
        values,
        _state(state, np.isnan(values)),
        _newest(made, "time", components),
        _newest(made, "known_at", components),
    )


def _rows(predictions: Predictions) -> pa.Table:
    """Return the prediction rows as scores take them."""
    encounter = predictions.encounter
    return pa.table(
        {
            "subject_id": predictions.subject,
            "encounter_id": pa.array(encounter, mask=encounter == NO_ENCOUNTER),
            "prediction_time": instants(predictions.time),
            "index_start": instants(predictions.start, null=NO_START),
        }
    )


def _total(made: pa.Table) -> Floats:
    return np.where(numbers(made["completeness"]) > 0, numbers(made["total"]), np.nan)


def _points(made: pa.Table, component: str) -> Floats:
    missing = made[f"missing_{component}"].to_numpy()
    return np.where(missing, np.nan, numbers(made[component]))


def _state(state: NDArray[np.uint8], missing: Mask) -> NDArray[np.uint8]:
    """Return why a score is missing; rows that say nothing usable are a row without a value."""
    reason = np.where(state & 0x0F, state & 0x0F, kernel.NO_VALUE)
    return np.asarray(np.where(missing, reason, kernel.PRESENT) | state & 0xF0, dtype=np.uint8)


def _newest(made: pa.Table, what: str, components: Sequence[str]) -> Ints:
    found = (micros(made[f"{what}_{name}"], null=kernel.STATIC) for name in components)
    return reduce(np.maximum, found)
