"""The further FHIR resources: what was done, ordered, given, reported, planned or is not borne.

Each gives one event. Where R4 has no field for when a resource was recorded (a Procedure, say), it
counts as known when it was over, or when the server last touched it; the former is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import is_true, later
from attending.ingest.fhir_cells import coded, first_day, identifier, last_day
from attending.records.snapshot import Availability

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows

COLUMNS = ("id", "status", "patient", "encounter", "time", "over", "known", "code", "text")
#: Resources about no patient; they are counted and give no event.
ABOUT_OTHERS = frozenset({
    "Organization", "Practitioner", "PractitionerRole", "Location", "Medication", "Device",
    "HealthcareService", "Endpoint", "Group", "Questionnaire",
})  # fmt: skip
#: Statuses of things that did not happen, or were written by mistake.
_NOTHING = (
    "entered-in-error", "not-done", "cancelled", "draft", "preparation", "registered", "unknown",
    "rejected", "proposed",
)  # fmt: skip


class Fact(NamedTuple):
    """Where a resource says what a fact needs; several names are tried in order.

    Attributes:
        known: fields that say when it was recorded; none where R4 has none.
        prefix: stands before the code, so that an allergy is no diagnosis.
    """

    code: tuple[str, ...]
    time: tuple[str, ...]
    known: tuple[str, ...] = ()
    prefix: str = ""
    text: str = ""


FACTS: dict[str, Fact] = {
    "Procedure": Fact(("code",), ("performedDateTime", "performedPeriod")),
    "Immunization": Fact(("vaccineCode",), ("occurrenceDateTime",), ("recorded",)),
    "MedicationRequest": Fact(
        ("medicationCodeableConcept",), ("authoredOn",), ("authoredOn",), "MEDICATION_ORDER"
    ),
    "MedicationAdministration": Fact(
        ("medicationCodeableConcept",), ("effectiveDateTime", "effectivePeriod")
    ),
    "MedicationStatement": Fact(
        ("medicationCodeableConcept",),
        ("effectiveDateTime", "effectivePeriod", "dateAsserted"),
        ("dateAsserted",),
        "MEDICATION_STATED",
    ),
    "DiagnosticReport": Fact(
        ("code",), ("effectiveDateTime", "effectivePeriod"), ("issued",), "REPORT", "conclusion"
    ),
    "AllergyIntolerance": Fact(
        ("code",), ("onsetDateTime", "recordedDate"), ("recordedDate",), "ALLERGY"
    ),
    "CarePlan": Fact(("category",), ("period", "created"), ("created",), "CAREPLAN"),
    "Goal": Fact(("description",), ("startDate", "statusDate"), ("statusDate",), "GOAL"),
    "ImagingStudy": Fact(("modality",), ("started",), (), "IMAGING"),
    "ServiceRequest": Fact(("code",), ("authoredOn",), ("authoredOn",), "SERVICE_REQUEST"),
}


def cells(item: Any, resource: str) -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return the cells of one resource.

    >>> given = {"id": "i", "status": "completed", "patient": {"reference": "Patient/p"}}
    >>> given |= {"occurrenceDateTime": "2020-02-03"}
    >>> cells(given, "Immunization")["over"]
    '2020-02-03T23:59:59.999999Z'
    """
    fact = FACTS[resource]
    when = next((item[name] for name in fact.time if item.get(name)), None)
    period = when if isinstance(when, dict) else {"start": when, "end": when}
    told = next((item[name] for name in fact.known if isinstance(item.get(name), str)), None)
    updated = (item.get("meta") or {}).get("lastUpdated")
    status = item.get("status") or item.get("lifecycleStatus") or _verified(item)
    stay = item.get("encounter") or item.get("context") or {}
    return {
        "id": identifier(item.get("id")),
        "status": None if status is None else str(status),
        "patient": identifier((item.get("subject") or item.get("patient") or {}).get("reference")),
        "encounter": identifier(stay.get("reference")),
        "time": first_day(period.get("start")),
        "over": last_day(period.get("end") or period.get("start")),
        "known": last_day(told or updated),
        "code": _code(item, fact, resource),
        "text": item.get(fact.text) if fact.text else None,
    }


def facts(rows: Rows, *, keys: Pseudonyms, resource: str) -> Batch:
    """Return one event a resource; what did not happen gives none."""
    nothing = pc.is_in(rows.text("status"), value_set=pa.array(_NOTHING))
    rows.reject(is_true(nothing), "not_done")
    rows.quarantine(is_true(rows.instant("time").is_null()), "no_time")
    rows.quarantine(rows.missing("code"), "no_code")
    told = is_true(rows.instant("known").is_valid())
    waits = bool(FACTS[resource].known)
    over = rows.instant("over")
    known = rows.instant("known") if waits else later(over, rows.instant("known"))
    event = rows.events(
        subject_id=keys.subject(rows.text("patient")),
        encounter_id=keys.encounter(rows.text("encounter")),
        time=rows.instant("time"),
        known_at=known,
        code=rows.text("code"),
        text_value=rows.text("text"),
    )
    recorded = int(told.sum())
    rules = [Availability(table=rows.name, rule="recorded", assumed=False, rows=recorded)]
    if not waits and recorded < rows.left:
        assumed = rows.left - recorded
        rules.insert(0, Availability(table=rows.name, rule="same", assumed=True, rows=assumed))
    return rows.batch([event], rules if recorded else rules[:1])


def _code(item: Any, fact: Fact, resource: str) -> str | None:  # noqa: ANN401 - JSON
    concept = next((item[name] for name in fact.code if item.get(name)), None)
    if resource == "ImagingStudy" and concept is None:
        concept = ((item.get("series") or [{}])[0]).get("modality")
    concept = concept[0] if isinstance(concept, list) else concept
    if isinstance(concept, dict) and "coding" not in concept and "code" in concept:
        concept = {"coding": [concept]}
    found = coded(concept)
    return f"{fact.prefix}//{found}" if fact.prefix and found else found


def _verified(item: Any) -> object:  # noqa: ANN401 - JSON
    coding = ((item.get("verificationStatus") or {}).get("coding") or [{}])[0]
    return coding.get("code")
