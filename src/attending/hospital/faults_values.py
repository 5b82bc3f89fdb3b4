"""Faults in values, units and codes: the table reads well and says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.delivery import same, values

if TYPE_CHECKING:
    from attending.hospital.delivery import Delivery
    from attending.types import Mask

CREATININE, GLUCOSE, LACTATE, TEMPERATURE = "2160-0", "2345-7", "2524-7", "8310-5"
POTASSIUM, SODIUM = "2823-3", "2951-2"
#: mg/dL to the unit that other countries report.
_TO_MMOL, _TO_UMOL = 1 / 18.016, 88.4


def unit_switch(made: Delivery) -> Delivery:
    """Report glucose in mmol/L and creatinine in umol/L from a day on, the unit text unchanged."""
    since = made.after("labs", "collected_at")
    return _converted(made, since)


def mixed_units(made: Delivery) -> Delivery:
    """Report glucose and creatinine in other units at one site, temperatures in Fahrenheit too."""
    made = _converted(made, made.here("labs"))
    vitals = made.tables["vitals"]
    warm = same(vitals["loinc"], TEMPERATURE) & made.here("vitals")
    return made.numbers("vitals", "value", where=warm, to=values(vitals["value"]) * 1.8 + 32.0)


def _converted(made: Delivery, where: Mask) -> Delivery:
    for loinc, factor in ((GLUCOSE, _TO_MMOL), (CREATININE, _TO_UMOL)):
        labs = made.tables["labs"]
        meant = where & same(labs["loinc"], loinc)
        value = np.round(values(labs["value"]) * factor, 2)
        made = made.numbers("labs", "value", where=meant, to=value)
    return made


def unit_unknown(made: Delivery) -> Delivery:
    """Leave units out, or write them so that nobody can know which is meant."""
    bare = made.some(_numbered(made, CREATININE, SODIUM), 0.10)
    nothing = pa.nulls(len(bare), pa.string())
    made = made.changed("labs", "unit", where=bare, to=nothing)
    odd = made.some(_numbered(made, GLUCOSE), 0.10)
    return made.words("labs", "unit", where=odd, to=("mgdl?", "per decilitre", "see above"))


def unit_spelling(made: Delivery) -> Delivery:
    """Write the right units in other letters."""
    odd = made.some(_numbered(made, GLUCOSE), 0.10)
    return made.words("labs", "unit", where=odd, to=("mg/dl", "MG/DL", "Mg/dL"))


def _numbered(made: Delivery, *loinc: str) -> Mask:
    """Return the numbers of some analytes that were written down once and never changed."""
    labs = made.tables["labs"]
    ids = labs["result_id"]
    counts = pc.value_counts(ids)
    once = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    alone = np.asarray(pc.is_in(ids, value_set=once))
    return np.asarray(same(labs["loinc"], *loinc) & np.asarray(labs["value"].is_valid()) & alone)


def code_switch(made: Delivery) -> Delivery:
    """Code diagnoses in ICD-9-CM from a day on, in the column that held ICD-10-CM."""
    since = made.after("diagnoses", "coded_at")
    old = ("428.0", "250.00", "585.6", "496", "401.9", "V58.11", "486", "584.9")
    return made.words("diagnoses", "icd10cm", where=since, to=old)


def code_spelling(made: Delivery) -> Delivery:
    """Lose the decimal point, the case and leading zeros of codes from a day on."""
    since = made.after("diagnoses", "coded_at")
    codes = made.tables["diagnoses"]["icd10cm"]
    bare = pc.utf8_lower(pc.replace_substring(codes, ".", "")).combine_chunks()
    made = made.changed("diagnoses", "icd10cm", where=since, to=bare)
    labs = made.tables["labs"]
    lost = pc.replace_substring(labs["loinc"], "-", "").combine_chunks()
    return made.changed("labs", "loinc", where=made.after("labs", "collected_at"), to=lost)


def dead_feed(made: Delivery) -> Delivery:
    """Deliver no potassium from a day on; everything else comes as ever."""
    labs = made.tables["labs"]
    return made.without("labs", same(labs["loinc"], POTASSIUM) & made.after("labs", "collected_at"))


def new_analyser(made: Delivery) -> Delivery:
    """Measure creatinine 8 % higher from a day on, and write low lactates as below a limit."""
    labs = made.tables["labs"]
    since = made.after("labs", "collected_at")
    value = values(labs["value"])
    high = since & same(labs["loinc"], CREATININE) & np.isfinite(value)
    made = made.numbers("labs", "value", where=high, to=np.round(value * 1.08, 2))
    low = since & same(labs["loinc"], LACTATE) & (value < 1.0)
    return made.words("labs", "value", where=low, to="<1.0")


def sentinels(made: Delivery) -> Delivery:
    """Write numbers and words for missing, and numbers as no reader agrees on, in 2 of 100 rows."""
    here = made.some(_numbered(made, SODIUM, POTASSIUM), 0.02)
    spelled = ("-1", "999", "9999", "0", "NULL", "1,5", "1e5", "\u22124", "see comment")
    return made.words("labs", "value", where=here, to=spelled)


def thinned(made: Delivery) -> Delivery:
    """Lose three lactates in four from a day on."""
    labs = made.tables["labs"]
    meant = same(labs["loinc"], LACTATE) & made.after("labs", "collected_at")
    return made.without("labs", made.some(meant, 0.75))
