"""Canary patients: people who never were, with fixed events, to see whether a score stays the same.

Their numbers are negative, and no pseudonym is. They are never put into a store of patients' data.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from attending.digests import digest_of
from attending.records.canary import CanaryAnswer
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE, TEST_PATIENT
from attending.scores.asked import codes_of
from attending.serve.asked_events import as_events
from attending.serve.facts import TRANSFER
from attending.serve.score import score_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import pyarrow as pa

    from attending.records.prediction import Prediction
    from attending.serve.served import Served
    from attending.specs.features import FeatureSpec
    from attending.types import Instant

#: How many there are, and among how many candidates they are looked for.
WANTED, MOST = 5, 100
STAY = timedelta(hours=72)
_NEVER = (BIRTH, DEATH, TEST_PATIENT)
#: When values of a code were measured, in hours before the prediction.
_HOURS = (60, 20, 5)


def canary_events(served: Served, number: int, *, at: Instant) -> pa.Table:
    """Return the events of one canary patient, the same for the same number and features.

    Args:
        served: the version, with its features and scope.
        number: of the patient, 1 or more.
        at: the prediction time.
    """
    rows = [*_stay(served, number, at=at), *_values(served, number, at=at)]
    return as_events(rows, subject_id=-number)


def score_canary(served: Served, events: pa.Table, number: int, *, at: Instant) -> Prediction:
    """Return the prediction of one canary patient, by the code that scores patients."""
    return score_one(
        served,
        events,
        subject_id=-number,
        encounter_id=-number,
        prediction_time=at,
        index_start=at - STAY,
    )


def canary_answer(made: Prediction, number: int) -> CanaryAnswer:
    """Return what is compared of a prediction: the score to the bit, and what it was made from."""
    values = {one.feature: None if one.value is None else one.value.hex() for one in made.inputs}
    return CanaryAnswer(
        number=number,
        outcome=made.outcome,
        score=made.score,
        flagged=made.flagged,
        reasons=(*made.reasons, *made.degraded),
        inputs=digest_of(values),
    )


def _part(*words: object) -> float:
    """Return a number from 0 up to 1, the same for the same words."""
    return int.from_bytes(sha256("|".join(map(str, words)).encode()).digest()[:6], "big") / 2**48


def _stay(served: Served, number: int, *, at: Instant) -> Iterator[dict[str, Any]]:
    """Yield birth, admission and place, inside the scope as far as the plan names one."""
    scope, step = served.release.scope, served.widening
    sites = step.sites or scope.sites
    site = sites[0] if sites else None
    oldest = scope.max_age if scope.max_age is not None else scope.min_age + 60
    years = scope.min_age + 1 + _part("age", number) * max(oldest - scope.min_age - 2, 0)
    begun = at - STAY
    admission = ADMISSION + (scope.classes[0] if scope.classes else "INPATIENT")
    yield _row(BIRTH, at - timedelta(days=365.25 * years), number, site=site)
    yield _row(admission, begun, number, site=site)
    units = step.units or scope.units
    if units:
        yield _row(f"{TRANSFER}{units[0]}", begun, number, site=site)


def _values(served: Served, number: int, *, at: Instant) -> Iterator[dict[str, Any]]:
    """Yield rows of every code that the features read, some left out as in life."""
    seen: set[str] = set()
    for feature in served.features.features:
        for pattern in codes_of(served.features, feature):
            code = pattern.replace("*", "CANARY")
            kept = code.startswith((*_NEVER, ADMISSION, DISCHARGE)) or code in seen
            if kept or _part("kept", code, number) < 0.25:
                continue
            seen.add(code)
            yield from _measured(feature, code, number, at=at)


def _measured(
    feature: FeatureSpec, code: str, number: int, *, at: Instant
) -> Iterator[dict[str, Any]]:
    low, high = (0.0, 100.0)
    if feature.plausible is not None:
        low, high = float(feature.plausible.low), float(feature.plausible.high)
    for hours in _HOURS:
        share = 0.1 + 0.4 * _part("value", code, number, hours)
        row = _row(code, at - timedelta(hours=hours), number, site=None)
        yield {**row, "numeric_value": low + share * (high - low), "unit": feature.unit}


def _row(code: str, time: Instant, number: int, *, site: str | None) -> dict[str, Any]:
    naive = time.replace(tzinfo=None)
    return {
        "code": code,
        "time": naive,
        "known_at": naive,
        "encounter_id": None if code == BIRTH else -number,
        "source": "canary",
        "site": site,
    }
