"""A record system asks at one of its moments: from FHIR resources to a prediction that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from attending.digests import canonical
from attending.errors import BadInput, NotFound
from attending.ingest.one_patient import patient_rows
from attending.lifecycle.answering import Question
from attending.lifecycle.desk import Desk, note
from attending.records.events import ADMISSION
from attending.records.ledger import Subject
from attending.serve.asked_events import as_asked
from attending.stores.predictions import Answer
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from attending.lifecycle.answering import Answered, Answering
    from attending.types import Instant

#: What is asked for along with a hook, by the name under which it comes.
PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "encounters": "Encounter?patient={{context.patientId}}&_sort=-date&_count=100",
    "observations": "Observation?patient={{context.patientId}}&_sort=-date&_count=1000",
    "conditions": "Condition?patient={{context.patientId}}&_count=500",
    "medications": "MedicationRequest?patient={{context.patientId}}&_sort=-date&_count=500",
}
#: Without these nothing can be said of anyone.
NEEDED = ("patient", "encounters")


@dataclass(frozen=True)
class Asked:
    """One call of a hook.

    Attributes:
        resources: what came, FHIR R4.
        gaps: what did not come whole, such as `prefetch:observations:truncated`.
        asker: the system that asks, as the ledger calls it.
        call: the id of this firing of the hook.
    """

    model: str
    decision_point: str
    patient: str
    encounter: str | None
    resources: tuple[Mapping[str, Any], ...]
    gaps: tuple[str, ...]
    asker: str
    call: str


def predict(answers: Answering, asked: Asked) -> Answered:
    """Return the prediction of a patient now, kept like any other.

    Raises:
        NotFound: this service does not answer for that model.
        BadInput: a resource is another patient's; nothing is scored, and the ledger says so.
        Refused: no version stands in silent or later.
        DependencyDown: the store is down.
    """
    _refuse_others(answers, asked)
    at = answers.clock()
    rows = patient_rows(
        asked.resources,
        patient=asked.patient,
        encounter=asked.encounter,
        key=answers.home.pseudonym_key(),
    )
    question = Question(
        model=asked.model,
        subject_id=rows.subject_id,
        encounter_id=rows.encounter_id,
        prediction_time=at,
        index_start=_admitted(rows.events, rows.encounter_id) or at,
        events=as_asked(rows.events),
        decision_point=asked.decision_point,
        gaps=(*asked.gaps, *(f"set_aside:{why}" for why in sorted(rows.set_aside))),
    )
    return answers.answer(question, by=asked.asker)


def _refuse_others(answers: Answering, asked: Asked) -> None:
    """Refuse resources of another patient than the context's, and keep that they came."""
    own = f"Patient/{asked.patient}"
    odd = sum(whose(resource) not in {own, None} for resource in asked.resources)
    if not odd:
        return
    desk = Desk(home=answers.home, at=answers.clock(), actor=asked.asker)
    with answers.home.database.transaction() as unit:
        subject = Subject(kind="hook", digest=asked.call)
        note(desk, unit, action="hook.mismatch", subject=subject, details={"resources": odd})
    raise BadInput(
        f"{odd} resources are of another patient than the context's",
        code="patient.mismatch",
        hint="Nothing was scored. Look at how the record system fills the prefetch.",
    )


def whose(resource: Mapping[str, Any]) -> str | None:
    """Return the patient that a resource is about; None where it says none."""
    if resource.get("resourceType") == "Patient":
        return f"Patient/{resource.get('id')}"
    about = resource.get("subject") or resource.get("patient")
    reference = about.get("reference") if isinstance(about, dict) else None
    return "/".join(reference.split("/")[-2:]) if isinstance(reference, str) else None


def _admitted(events: pa.Table, encounter_id: int | None) -> Instant | None:
    """Return when the stay began, None where no admission of it came."""
    found = [
        row["time"]
        for row in events.select(["time", "code", "encounter_id"]).to_pylist()
        if row["encounter_id"] == encounter_id
        and row["time"] is not None
        and row["code"].startswith(ADMISSION)
    ]
    return min(found).replace(tzinfo=UTC) if found else None


@dataclass(frozen=True)
class Said:
    """What became of one card.

    Attributes:
        outcome: `accepted` or `overridden`.
        reason: the code of the reason that was picked; empty for none.
        comment: free text, which may speak of the patient.
    """

    request_id: str
    outcome: str
    at: Instant
    reason: str = ""
    comment: str = ""


def keep_feedback(answers: Answering, said: Sequence[Said], *, by: str) -> int:
    """Return how many pieces of feedback were new; each is kept once.

    Raises:
        NotFound: a card is not of a prediction that was made here.
    """
    known = {one.request_id: answers.home.predictions.get(one.request_id) for one in said}
    if not known:
        raise NotFound("there is no feedback in this request", code="feedback.empty")
    desk = Desk(home=answers.home, at=answers.clock(), actor=by)
    new = 0
    with answers.home.database.transaction() as unit:
        for one in said:
            answer = _as_answer(one, by)
            if answer in answers.home.predictions.answers(one.request_id):
                continue
            answers.home.predictions.answer(unit, answer)
            subject = Subject(kind="prediction", digest=one.request_id)
            details = {"outcome": one.outcome, "reason": one.reason}
            note(desk, unit, action="feedback.card", subject=subject, details=details)
            new += 1
    return new


def _as_answer(said: Said, by: str) -> Answer:
    content = {"outcome": said.outcome, "reason": said.reason, "comment": said.comment, "by": by}
    at = from_micros(to_micros(said.at))
    return Answer(said.request_id, by[:64], at, said.outcome, canonical(content))
