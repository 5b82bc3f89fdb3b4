"""Hand-made events and prediction rows for the tests of bedside scores."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from attending.records.events import EVENTS

STAY = 500
ADMITTED = "2026-03-10T22:00"
LEAVES = "2026-03-13T12:00"


def moment(text):
    return None if text is None else datetime.fromisoformat(text)


def event(
    code, time=ADMITTED, *, known=None, stay=None, value=None, subject=1, gone=None, unit=None,
    text=None,
):  # fmt: skip
    """One event, known when it happened unless said otherwise."""
    return {
        "subject_id": subject,
        "time": moment(time),
        "code": code,
        "numeric_value": value,
        "text_value": text,
        "unit": unit,
        "known_at": moment(known or time),
        "superseded_at": moment(gone),
        "encounter_id": stay,
        "source": "test/rows",
        "source_row": None,
        "site": None,
    }


def events(*rows):
    """Events in canonical order; static facts, which have no time, come first."""
    first = moment("0001-01-01")
    ordered = sorted(rows, key=lambda row: (row["subject_id"], row["time"] or first))
    return pa.Table.from_pylist(ordered, schema=EVENTS)


def stay(start=ADMITTED, end=LEAVES, *, subject=1, encounter=STAY):
    """One prediction row at the end of a stay."""
    return {
        "subject_id": subject,
        "encounter_id": encounter,
        "prediction_time": moment(end),
        "index_start": moment(start),
    }


def rows(*stays):
    schema = pa.schema(
        [
            ("subject_id", pa.int64()),
            ("encounter_id", pa.int64()),
            ("prediction_time", pa.timestamp("us")),
            ("index_start", pa.timestamp("us")),
        ]
    )
    return pa.Table.from_pylist(list(stays), schema=schema)


def scored(score, row, *happened):
    """The one scored row as a mapping."""
    return score.score(events(*happened), rows(row)).to_pylist()[0]


#: The packaged LOINC code and unit of each signal.
SIGNALS = {
    "respiration": ("LOINC//9279-1", "/min"),
    "pulse": ("LOINC//8867-4", "/min"),
    "systolic": ("LOINC//8480-6", "mm[Hg]"),
    "diastolic": ("LOINC//8462-4", "mm[Hg]"),
    "mean_pressure": ("LOINC//8478-0", "mm[Hg]"),
    "temperature": ("LOINC//8310-5", "Cel"),
    "oxygen_saturation": ("LOINC//59408-5", "%"),
    "inspired_oxygen": ("LOINC//3150-6", "1"),
    "oxygen_flow": ("LOINC//3151-8", "L/min"),
    "oxygen_device": ("MIMICIV_ITEM//226732", None),
    "consciousness": ("LOINC//67775-7", None),
    "glasgow": ("LOINC//9269-2", "{score}"),
    "white_cells": ("LOINC//6690-2", "10*3/uL"),
    "bands": ("LOINC//764-1", "%"),
    "carbon_dioxide": ("LOINC//2019-8", "mm[Hg]"),
    "arterial_oxygen": ("LOINC//2703-7", "mm[Hg]"),
    "platelets": ("LOINC//777-3", "10*3/uL"),
    "bilirubin": ("LOINC//1975-2", "mg/dL"),
    "creatinine": ("LOINC//2160-0", "mg/dL"),
    "urine": ("LOINC//9187-6", "mL"),
    "ventilation": ("PROCEDURE//START//225792", None),
    "ventilation_end": ("PROCEDURE//END//225792", None),
    "dopamine": ("INFUSION_START//221662", "ug/kg/min"),
    "dobutamine": ("INFUSION_START//221653", "ug/kg/min"),
    "epinephrine": ("INFUSION_START//221289", "ug/kg/min"),
    "norepinephrine": ("INFUSION_START//221906", "ug/kg/min"),
    "haemoglobin": ("LOINC//718-7", "g/dL"),
    "sodium": ("LOINC//2951-2", "mmol/L"),
}
#: Two hours before the stay ends.
TAKEN = "2026-03-13T10:00"


def sign(name, value, time=TAKEN, **more):
    """One reading of a bedside signal, by the packaged codes; a text is told in words."""
    code, unit = SIGNALS[name]
    told = {"text": value} if isinstance(value, str) else {"value": value}
    return event(code, time, **{"unit": unit, **told, **more})
