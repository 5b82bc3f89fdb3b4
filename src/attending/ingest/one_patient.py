"""One patient's FHIR resources as events, read by the code that reads a whole hospital's export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attending.engines.tables import in_order
from attending.errors import BadInput
from attending.ingest.fhir import read_resources
from attending.ingest.fhir_given import Given
from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.settle import settle
from attending.records.events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class PatientRows:
    """What a patient's resources say, under the site's pseudonyms.

    Attributes:
        events: in canonical order, each different row once.
        encounter_id: of the stay that was named; None when none was.
        set_aside: resources that gave no event, by reason.
    """

    subject_id: int
    encounter_id: int | None
    events: pa.Table
    set_aside: Counter[str]


def patient_rows(
    resources: Sequence[Mapping[str, Any]],
    *,
    patient: str,
    encounter: str | None,
    key: bytes,
    lags: Mapping[str, int] | None = None,
) -> PatientRows:
    """Return the events of one patient's resources.

    Args:
        resources: FHIR R4; Patient and the stays that others refer to among them.
        patient: the patient's id.
        encounter: the id of the stay, None when none is asked about.
        key: 32 bytes for pseudonyms.
        lags: as `settle` takes them.

    Raises:
        BadInput: an id is none.
    """
    keys = Pseudonyms(key)
    batches = list(read_resources(Given(resources), keys=keys))
    settled = [settle(batch, lags=lags or {}) for batch in batches if batch.merges is None]
    events = pa.concat_tables([EVENTS.empty_table(), *(one.events for one in settled)])
    aside: Counter[str] = Counter()
    for one in settled:
        aside += one.quarantined + one.rejected
    subject = keys.subject(pa.array([patient], pa.string()))[0].as_py()
    if subject is None:
        raise BadInput("got an id that names no patient", code="request.patient")
    stay = keys.encounter(pa.array([encounter], pa.string()))[0].as_py()
    whole = events.group_by(EVENTS.names).aggregate([]).select(EVENTS.names).cast(EVENTS)
    return PatientRows(subject, stay, in_order(whole), aside)
