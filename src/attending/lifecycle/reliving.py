"""One prediction as it was: what the model saw and when that was known, and the same score again.

Everything comes from what was kept with the prediction; nothing is read from the source again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.documents.clinician_page import clinician_page
from attending.errors import AttendingError, BadInput, NotFound
from attending.lifecycle.desk import note
from attending.lifecycle.explaining import explain_request
from attending.lifecycle.kept_project import kept_project
from attending.lifecycle.overview import standing_of
from attending.lifecycle.training import bundle_of
from attending.records.card import ModelCard
from attending.records.explanation import NOT_CAUSAL, Explanation, StabilityReport
from attending.records.ledger import Subject
from attending.records.prediction import Prediction
from attending.records.run import Run

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.stores.predictions import Answer, Scored
    from attending.types import Instant

_SHORTEST_PURPOSE = 10
_LONGEST_PURPOSE = 200
_NONE = "The model gave no score, so there is none to make again."
_SAME = {True: "the same score, to the last bit.", False: "ANOTHER score. Open an incident."}


@dataclass(frozen=True)
class Seen:
    """One feature as the model saw it.

    Attributes:
        happened, known_at: the two clocks of its newest row; None where it had none.
        missing: why it had no value; empty when it had one.
        push: what it added to the score on the model's scale; None where it was not among the
            factors that were named.
    """

    feature: str
    label: str
    unit: str
    value: float | None
    happened: Instant | None
    known_at: Instant | None
    missing: str = ""
    push: float | None = None
    words: str = ""


@dataclass(frozen=True)
class Relived:
    """One prediction, looked at again.

    Attributes:
        said: what was kept of it: score, threshold, version, stage and the like, as JSON.
        inputs: what the model saw; a batch keeps no inputs, so they are built from its events.
        sentence: for the clinician: the risk, what moved it, what to do.
        again: whether the kept model gives the same score, in words; `same` is the same.
        bound: what is wrong with its binding in the ledger; empty when nothing is.
        stable: how the explanations of this version stood when they were tried; empty when not.
        unstable: why the factors of this one may not be relied on; empty when they hold.
        explanation: the record of why, where there is one.
        answers: what people answered to it, oldest first.
        not_causal: what is said with every explanation.
    """

    request_id: str
    said: dict[str, Any]
    subject: str
    encounter: str
    made_at: Instant
    inputs: tuple[Seen, ...]
    sentence: str
    again: str
    same: bool
    bound: str
    stable: str
    stable_because: tuple[str, ...]
    unstable: str
    explanation: Explanation | None
    answers: tuple[Answer, ...]
    not_causal: str = NOT_CAUSAL

    @property
    def missing(self) -> tuple[Seen, ...]:
        """Return what had no value."""
        return tuple(one for one in self.inputs if one.missing)


@dataclass(frozen=True)
class _Looked:
    """What looking again gave: the values, the words, and whether the score is the same."""

    inputs: tuple[Seen, ...]
    again: str
    same: bool
    sentence: str = ""
    unstable: str = ""
    explanation: Explanation | None = None


def one_pager(desk: Desk, found: Relived) -> bytes:
    """Return the clinician's page of a prediction: its factors and what the threshold says.

    Raises:
        NotFound: it has no explanation, or the version has no card.
    """
    card = desk.home.catalog.latest(ModelCard, run=str(found.said["run"]))
    if found.explanation is None or card is None:
        raise NotFound(
            "this prediction has no explanation, or its version no card",
            code="explanation.missing",
            hint="Run `attending card build`; see why the explanation is not there.",
        )
    return clinician_page(found.explanation, card)


def require_purpose(purpose: str) -> str:
    """Return why somebody looks at a patient, trimmed.

    Raises:
        BadInput: it is not a sentence.
    """
    said = " ".join(purpose.split())
    if not _SHORTEST_PURPOSE <= len(said) <= _LONGEST_PURPOSE:
        raise BadInput(
            "expected the purpose in a sentence of 10 to 200 letters",
            code="patients.purpose",
            hint="Say why you look: a review, a question of the ward, an incident.",
        )
    return said


def relive(desk: Desk, model: str, request_id: str, *, purpose: str) -> Relived:
    """Return one prediction as it was; the look at it stands in the ledger, with its purpose.

    Args:
        desk: its actor looks.
        model: whose prediction it is.
        request_id: of the prediction.
        purpose: why, in a sentence.

    Raises:
        BadInput: no purpose.
        NotFound: no such prediction of this model.
    """
    why = require_purpose(purpose)
    stored = _stored(desk, model, request_id)
    said: dict[str, Any] = json.loads(stored.content)
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="prediction", digest=request_id)
        note(desk, unit, action="patients.read", subject=subject, details={"purpose": why})
    number = desk.home.predictions.bound_by(request_id)
    steady = desk.home.catalog.latest(StabilityReport, run=said["run"])
    looked = _from_inputs(desk, said) if "inputs" in said else _from_events(desk, said, request_id)
    return Relived(
        request_id=request_id,
        said=said,
        subject=str(stored.subject_id),
        encounter="" if stored.encounter_id is None else str(stored.encounter_id),
        made_at=desk.home.ledger.numbered([number])[0].at,
        bound="; ".join(item.message for item in desk.home.check_rows_of(number)),
        stable=steady.outcome if steady else "",
        stable_because=steady.reasons if steady else (),
        answers=desk.home.predictions.answers(request_id),
        **vars(looked),
    )


@dataclass(frozen=True)
class Listed:
    """One prediction in a list, without who it is of.

    Attributes:
        outcome: `live`, `fallback` or `no_score`.
    """

    request_id: str
    version: str
    stage: str
    prediction_time: Instant
    score: float | None
    flagged: bool | None
    outcome: str
    where: str


def newest_predictions(
    desk: Desk, model: str, *, purpose: str, most: int = 50
) -> tuple[Listed, ...]:
    """Return the newest predictions of a model's current version; the look is kept.

    Args:
        desk: its actor looks.
        model: by name.
        purpose: why, in a sentence.
        most: how many at most.

    Raises:
        BadInput: no purpose.
        NotFound: no such model.
    """
    why = require_purpose(purpose)
    stands = standing_of(desk, model).deployment
    found = desk.home.predictions.newest(model, stands.version, most=most)
    with desk.home.database.transaction() as unit:
        details = {"purpose": why, "predictions": len(found)}
        subject = Subject(kind="model", digest=model)
        note(desk, unit, action="patients.read", subject=subject, details=details)
    return tuple(_listed(one) for one in found)


def _listed(stored: Scored) -> Listed:
    said = json.loads(stored.content)
    flagged = said.get("flagged")
    return Listed(
        request_id=stored.request_id,
        version=stored.version,
        stage=stored.stage,
        prediction_time=stored.prediction_time,
        score=stored.score,
        flagged=None if flagged is None else bool(flagged),
        outcome=str(said.get("outcome") or said.get("kind")).replace("_", " "),
        where=", ".join(str(said[name]) for name in ("site", "unit") if said.get(name)),
    )


def _stored(desk: Desk, model: str, request_id: str) -> Scored:
    stored = desk.home.predictions.get(request_id)
    if stored.model != model:
        raise NotFound(
            "there is no prediction of that request id of this model",
            code="prediction.missing",
            hint="Copy the id from the score's page or answer.",
        )
    return stored


def _from_inputs(desk: Desk, said: dict[str, Any]) -> _Looked:
    """Return what was kept with a prediction that was asked for by itself."""
    made = Prediction.model_validate(
        {name: value for name, value in said.items() if name in Prediction.model_fields}
    )
    labels = _definitions(desk, made.run)
    pushes = {item.feature: item for item in made.factors}
    seen = [
        Seen(
            feature=item.feature,
            **labels.get(item.feature, {"label": item.feature, "unit": ""}),
            value=item.value,
            happened=item.time,
            known_at=item.known_at,
            missing="" if item.value is not None else item.missing or "nobody said why",
            push=pushes[item.feature].contribution if item.feature in pushes else None,
            words=pushes[item.feature].words if item.feature in pushes else "",
        )
        for item in made.inputs
    ]
    again, same = _again(desk, made)
    why = _explanation(desk, made)
    return _Looked(
        _ordered(seen),
        again,
        same,
        sentence=made.rationale,
        unstable=why.unstable if why else "",
        explanation=why,
    )


def _explanation(desk: Desk, made: Prediction) -> Explanation | None:
    """Return the explanation that was kept with a prediction, None when none was."""
    try:
        return desk.home.catalog.get(made.explanation or "", Explanation)
    except (BadInput, NotFound):
        return None


def _again(desk: Desk, made: Prediction) -> tuple[str, bool]:
    """Return whether the kept model gives the kept score from the kept inputs, in words."""
    if made.outcome != "live" or made.score is None:
        return _NONE, True
    try:
        bundle = bundle_of(desk, desk.home.catalog.get(made.run, Run))
    except AttendingError as error:
        return f"The score cannot be made again here: {error.message}.", False
    values = {item.feature: item.value for item in made.inputs}
    row = [values.get(name) for name in bundle.names]
    x = np.array([np.nan if value is None else value for value in row], dtype=np.float64)
    same = float(bundle.risk(x[None, :])[0]) == made.score
    return f"Made again from the inputs that were kept: {_SAME[same]}", same


def _from_events(desk: Desk, said: dict[str, Any], request_id: str) -> _Looked:
    """Return a prediction of a batch, made again from the newest snapshot of its source."""
    if said["kind"] != "live":
        return _Looked((), _NONE, same=True)
    try:
        project = kept_project(desk, desk.home.catalog.get(said["run"], Run))
        found = explain_request(desk, project, request_id)
    except AttendingError as error:
        return _Looked((), f"The score cannot be made again here: {error.message}.", same=False)
    labels = _definitions(desk, said["run"])
    pushes = {item.feature: item for item in found.explanation.factors}
    seen = [
        Seen(
            feature=item.name,
            **labels.get(item.name, {"label": item.name, "unit": ""}),
            value=None if item.missing else item.value,
            happened=item.time,
            known_at=item.known_at,
            missing=(item.missing or "").replace("_", " "),
            push=pushes[item.name].contribution if item.name in pushes else None,
            words=pushes[item.name].printed if item.name in pushes else "",
        )
        for item in found.inputs
    ]
    same, made = found.same_score, found.explanation
    return _Looked(
        _ordered(seen),
        f"Made again from the events of the patient: {_SAME[same]}",
        same,
        sentence=made.sentence,
        unstable=made.unstable,
        explanation=made,
    )


def _ordered(seen: list[Seen]) -> tuple[Seen, ...]:
    """Return what pushed the score most first, and what was missing last."""
    return tuple(
        sorted(seen, key=lambda one: (bool(one.missing), -abs(one.push or 0.0), one.label))
    )


def _definitions(desk: Desk, run: str) -> dict[str, dict[str, str]]:
    """Return by feature its label and unit as the run kept them; none of an older run."""
    try:
        digest = (desk.home.catalog.get(run, Run).specs or {}).get("features", "")
    except NotFound:
        return {}
    if digest not in desk.home.artifacts:
        return {}
    spec = json.loads(desk.home.artifacts.read(digest))
    return {
        str(item["name"]): {"label": str(item["label"]), "unit": str(item.get("unit") or "")}
        for item in spec["features"]
    }
