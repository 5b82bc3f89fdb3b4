"""Hand-made patients: stays, births and deaths as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attending.specs.cohort import CohortSpec
from tests.engines.tables import event

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")


def hour(text):
    """Return hours since 1970 of an instant such as `2024-01-31T08:00`."""
    return (datetime.fromisoformat(text) - EPOCH) / timedelta(hours=1)


def birth(subject, text, **more):
    """Return a birth, known from the start unless told otherwise."""
    return event(subject, hour(text), "MEDS_BIRTH", known=more.pop("known", hour(text)), **more)


def death(subject, text, **more):
    """Return a death."""
    return event(subject, hour(text), "MEDS_DEATH", **more)


def stay(subject, encounter, admitted, discharged=None, **more):
    """Return the rows of a stay: class, type, disposition and site may be said."""
    place = more.get("place", "INPATIENT")
    same = {"encounter_id": encounter, "site": more.get("site", "north")}
    rows = [
        event(subject, hour(admitted), f"ENCOUNTER//ADMISSION//{place}", **same),
        event(subject, hour(admitted), f"ADMISSION_TYPE//{more.get('kind', 'EMERGENCY')}", **same),
    ]
    if discharged is not None:
        rows.append(
            event(
                subject,
                hour(discharged),
                f"ENCOUNTER//DISCHARGE//{place}",
                text_value=more.get("to", "HOME"),
                known=hour(more.get("told", discharged)),
                **same,
            )
        )
    return rows


READMISSION: dict[str, Any] = {
    "name": "readmission_30d",
    "version": "1",
    "construct": {"meaning": "unplanned return", "proxy": True, "note": "misses other hospitals"},
    "index": {"event": "discharge"},
    "observation_window": "365d",
    "eligibility": [{"rule": "age_at_least", "years": 18}],
    "exclusions": [
        {"rule": "alive_at_discharge"},
        {"rule": "disposition_not", "dispositions": ["AMA"]},
        {"rule": "not_transferred", "within": "1d"},
    ],
    "label": {
        "kind": "readmission",
        "horizon": "30d",
        "readmission": {"planned": {"admission_types": ["ELECTIVE"], "as": "excluded"}},
        "competing": {"death": "no_event"},
        "delay": "0d",
    },
}


def cohort(**more):
    """Return the readmission cohort with some fields said otherwise; `label` is merged."""
    label = {**READMISSION["label"], **more.pop("label", {})}
    said = {**READMISSION, "label": label, **more}
    return CohortSpec.model_validate(said)


def landmark(**more):
    """Return a cohort at 24 hours after admission that predicts death in the stay."""
    return CohortSpec.model_validate(
        {
            **READMISSION,
            "index": {"event": "landmark", "after": "24h"},
            "exclusions": [],
            "label": {"kind": "death_in_stay"},
            **more,
        }
    )
