"""Score one patient now: the same kernel, the same decision and the same bits as a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.errors import AttendingError
from attending.explain.likeness import band_at, likeness
from attending.explain.prediction import Input as ExplainedInput
from attending.explain.prediction import explain
from attending.explain.sentence import NO_ACTION, says_a_value
from attending.explain.trend import trends
from attending.features.online import for_patient
from attending.records.features import REASONS
from attending.records.prediction import Factor, Input, Prediction
from attending.serve.decide import KINDS, LIVE, NO_SCORE, decide
from attending.serve.facts import NO_ENCOUNTER, Asked, facts
from attending.serve.fall_back import totals
from attending.serve.held_against import held_against, scorer
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.features.online import FeatureValue, FeatureVector
    from attending.records.explanation import Explanation
    from attending.serve.decide import Decided, States
    from attending.serve.facts import Facts
    from attending.serve.served import Served
    from attending.types import Floats, Instant

_TOP = 5


def score_one(
    served: Served,
    rows: pa.Table,
    *,
    subject_id: int,
    encounter_id: int | None,
    prediction_time: Instant,
    index_start: Instant,
) -> Prediction:
    """Return the prediction of one patient at an instant.

    Args:
        served: the version that is deployed.
        rows: the patient's events in canonical order; rows of others are not looked at.
        subject_id: the patient.
        encounter_id: the stay.
        prediction_time: only rows visible at it are used.
        index_start: when the stay began.

    Raises:
        IntegrityBroken: the rows are not in canonical order.
    """
    return score_explained(
        served,
        rows,
        subject_id=subject_id,
        encounter_id=encounter_id,
        prediction_time=prediction_time,
        index_start=index_start,
    )[0]


def score_explained(
    served: Served,
    rows: pa.Table,
    *,
    subject_id: int,
    encounter_id: int | None,
    prediction_time: Instant,
    index_start: Instant,
) -> tuple[Prediction, Explanation | None]:
    """Return the prediction and its explanation, None where the model gave no score.

    Args:
        served: as for `score_one`, and so are the others.
        rows: the patient's events in canonical order.
        subject_id: the patient.
        encounter_id: the stay.
        prediction_time: only rows visible at it are used.
        index_start: when the stay began.

    Raises:
        IntegrityBroken: the rows are not in canonical order.
    """
    rows = _coded_once(rows)
    stay = NO_ENCOUNTER if encounter_id is None else encounter_id
    asked = _asked(subject_id, stay, prediction_time, index_start)
    known = facts(rows, asked)
    vector = for_patient(
        served.plan,
        rows,
        subject_id=subject_id,
        encounter_id=encounter_id,
        prediction_time=prediction_time,
        index_start=index_start,
        zone=served.zones.of(known.site[0]),
    )
    x, state = _cells(served, vector)
    values = list(vector.inputs())
    decided = decide(served, x, state, known=known, fallback=totals(served, rows, asked))
    explanation, gap = _explained(served, values, x[0], decided=decided, at=prediction_time)
    made = _prediction(
        served,
        vector,
        decided,
        known=known,
        index_start=index_start,
        inputs=_inputs(served, values),
    )
    update = {
        **_certainty(served, made, x[0]),
        "explanation": explanation.digest if explanation else None,
        "factors": _factors(explanation),
        "rationale": explanation.sentence if explanation else "",
        "degraded": (*made.degraded, *gap),
    }
    return made.model_copy(update=update), explanation


def _coded_once(rows: pa.Table) -> pa.Table:
    """Return rows whose codes are numbered, as all who read them would do again."""
    code = rows["code"]
    if pa.types.is_dictionary(code.type):
        return rows
    return rows.set_column(rows.schema.get_field_index("code"), "code", code.dictionary_encode())


def _asked(subject: int, encounter: int, *instants: Instant) -> Asked:
    whole = (subject, encounter, *map(to_micros, instants))
    return Asked(*(np.array([number], np.int64) for number in whole))


def _cells(served: Served, vector: FeatureVector) -> tuple[Floats, States]:
    """Return the model's features as one row, and the kernel's states of them."""
    state = [
        REASONS.index(missing) | (kernel.STALE if stale else 0)
        for missing, stale in zip(vector.missing, vector.stale, strict=True)
    ]
    columns = served.columns
    return vector.row()[None, columns], np.array([state], np.uint8)[:, columns]


def _explained(
    served: Served, values: Sequence[FeatureValue], x: Floats, *, decided: Decided, at: Instant
) -> tuple[Explanation | None, tuple[str, ...]]:
    """Return the explanation of a live score, or that it could not be made.

    A score without its explanation is still a score, and says so.
    """
    if decided.kind[0] != LIVE:
        return None, ()
    try:
        inputs = _explained_inputs(served, values)
        action = served.release.delivery[0].wording if decided.flagged[0] == 1 else NO_ACTION
        found = explain(served.bundle, x, inputs, at=at, top=_TOP, action=action)
    except (AttendingError, ValueError, ArithmeticError, LookupError, RuntimeError, TypeError):
        return None, ("explanation:unavailable",)
    held = says_a_value(found.sentence, found.concepts or found.factors)
    return found, () if held else ("explanation:no_patient_value",)


def _explained_inputs(served: Served, values: Sequence[FeatureValue]) -> list[ExplainedInput]:
    moves = trends(served.moves, {one.name: one.value for one in values})
    found: list[ExplainedInput] = []
    for column in served.columns:
        spec, value = served.features.features[column], values[column]
        found.append(
            ExplainedInput(
                name=spec.name,
                label=spec.label,
                unit=spec.unit or "",
                time=value.time,
                known_at=value.known_at,
                missing_reason=(value.missing or "").replace("_", " "),
                trend=moves.get(spec.name, ""),
            )
        )
    return found


def _certainty(served: Served, made: Prediction, x: Floats) -> dict[str, Any]:  # fields by name
    """Return what became of patients of a similar risk, and whether this one is like the rest."""
    if made.outcome != KINDS[LIVE] or made.score is None:
        return {}
    alike, band = likeness(served.bundle, x), band_at(served.curve, made.score)
    found = {"unlike_training": alike.unlike, "outside": alike.outside}
    if band is None:
        return found | {"band_words": "No validated patients of a similar risk to give a band."}
    return found | {"risk_low": band.low, "risk_high": band.high, "band_words": band.words}


def _factors(explanation: Explanation | None) -> tuple[Factor, ...]:
    if explanation is None:
        return ()
    named = (
        [(one.features[0], one) for one in explanation.concepts]
        if explanation.concepts
        else [(one.feature, one) for one in explanation.factors]
    )
    return tuple(
        Factor(
            feature=feature,
            contribution=one.contribution,
            words=f"{one.label} ({one.printed}) {one.direction} it",
        )
        for feature, one in named
    )


def _prediction(
    served: Served,
    vector: FeatureVector,
    decided: Decided,
    *,
    known: Facts,
    index_start: Instant,
    inputs: tuple[Input, ...],
) -> Prediction:
    """Return the record, without its explanation."""
    kind, flagged = int(decided.kind[0]), int(decided.flagged[0])
    outcome = KINDS[kind]
    threshold, place = held_against(served, outcome, unit=known.unit[0], site=known.site[0])
    return Prediction(
        model=served.model,
        version=served.version,
        stage=served.stage,
        run=served.run,
        artifact=served.artifact,
        feature_set=served.bundle.feature_set,
        release=served.release_digest,
        verdict=served.verdict_digest,
        answer=served.answer,
        subject_id=str(vector.subject_id),
        encounter_id=None if vector.encounter_id is None else str(vector.encounter_id),
        site=known.site[0],
        unit=known.unit[0],
        prediction_time=vector.prediction_time,
        index_start=index_start,
        inputs=inputs,
        outcome=outcome,
        scored_by=scorer(served, outcome),
        score=None if kind == NO_SCORE else float(decided.score[0]),
        threshold=threshold,
        threshold_place=place,
        flagged=None if flagged < 0 else bool(flagged),
        band=band(flagged),
        degraded=decided.degraded[0],
        scope="out" if decided.scope[0] else "in",
        scope_reasons=decided.scope[0],
        reasons=decided.reasons[0],
    )


def _inputs(served: Served, values: Sequence[FeatureValue]) -> tuple[Input, ...]:
    """Return the model's features in its order, missing ones with their reason."""
    return tuple(
        Input(
            feature=values[column].name,
            value=values[column].value,
            time=values[column].time,
            known_at=values[column].known_at,
            missing=values[column].missing,
        )
        for column in served.columns
    )


def band(flagged: int) -> str:
    """Return the band that people read.

    >>> band(1), band(0), band(-1)
    ('at or above the threshold', 'below the threshold', '')
    """
    return {1: "at or above the threshold", 0: "below the threshold"}.get(flagged, "")
