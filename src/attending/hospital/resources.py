"""Lines of NDJSON, one FHIR R4 resource each, joined by Arrow without a Python loop over rows.

Names and codes come from our own lists and hold nothing that JSON would escape.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.columns import instant_text
from attending.hospital.physiology import LABS

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_GENDER = {"F": "female", "M": "male"}
_LANGUAGE = {"ENGLISH": "en", "SPANISH": "es"}
_CLASS = {"ED": "EMER", "INPATIENT": "IMP", "OBSERVATION": "OBSENC", "OUTPATIENT": "AMB"}
_PRIORITY = {"EMERGENCY": "EM", "URGENT": "UR", "ELECTIVE": "EL"}
_LEFT_FOR = {
    "HOME": "home",
    "SNF": "snf",
    "HOSPICE": "hosp",
    "DIED": "exp",
    "AMA": "aadvice",
    "TRANSFER": "other-hcf",
}
_NAME = {signal.loinc: signal.name.replace("_", " ") for signal in LABS}


def patients(table: pa.Table) -> pa.Array:
    """Return Patient lines; insurance is no part of the resource."""
    died = instant_text(_one(table, "death_time"))
    updated = pc.coalesce(_one(table, "death_recorded_at"), _one(table, "registered_at"))
    language = _mapped(table, "language", _LANGUAGE)
    return _line(
        '{"resourceType":"Patient","id":"', _one(table, "patient_id"),
        '","meta":{"lastUpdated":"', instant_text(updated),
        f'"}},"extension":[{{"url":"{_US_CORE}us-core-race","extension":[{{"url":"text",'
        '"valueString":"', _one(table, "race_ethnicity"),
        '"}]}],"identifier":[{"system":"urn:synthetic-hospital:patient","value":"',
        _one(table, "patient_id"),
        '"}],"gender":"', _mapped(table, "sex", _GENDER),
        '","birthDate":"', _one(table, "birth_date"), '"',
        _when(died, ',"deceasedDateTime":"', '"'),
        _when(language, ',"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47",'
              '"code":"', '"}]},"preferred":true}]'),
        "}",
    )  # fmt: skip


def encounters(table: pa.Table) -> pa.Array:
    """Return Encounter lines: in progress until the discharge was recorded, then finished."""
    ended = instant_text(_one(table, "discharged_at"))
    status = pc.if_else(pc.is_valid(ended), "finished", "in-progress")
    updated = pc.coalesce(
        _one(table, "discharged_recorded_at"), _one(table, "admitted_recorded_at")
    )
    return _line(
        '{"resourceType":"Encounter","id":"', _one(table, "encounter_id"),
        '","meta":{"lastUpdated":"', instant_text(updated),
        '"},"status":"', status,
        f'","class":{{"system":"{_TERMS}v3-ActCode","code":"', _mapped(table, "class", _CLASS),
        f'"}},"priority":{{"coding":[{{"system":"{_TERMS}v3-ActPriority","code":"',
        _mapped(table, "admission_type", _PRIORITY), '"}],"text":"', _one(table, "admission_type"),
        '"},"subject":{"reference":"Patient/', _one(table, "patient_id"),
        '"},"period":{"start":"', instant_text(_one(table, "admitted_at")), '"',
        _when(ended, ',"end":"', '"'), "}",
        _when(_mapped(table, "disposition", _LEFT_FOR),
              ',"hospitalization":{"dischargeDisposition":{"coding":[{"system":"'
              f'{_TERMS}discharge-disposition","code":"', '"}]}}'),
        ',"location":[{"location":{"display":"', _one(table, "unit"),
        '"}}],"serviceProvider":{"display":"', _one(table, "site"), '"}}',
    )  # fmt: skip


def observations(table: pa.Table) -> pa.Array:
    """Return Observation lines of results; a withdrawn one has no value."""
    value = pc.cast(_one(table, "value"), pa.string())
    unit = _one(table, "unit")
    quantity = _joined(
        ',"valueQuantity":{"value":', value, ',"unit":"', unit,
        '","system":"http://unitsofmeasure.org","code":"', unit, '"}',
    )  # fmt: skip
    issued = instant_text(_one(table, "resulted_at"))
    return _line(
        '{"resourceType":"Observation","id":"', _one(table, "result_id"),
        '","meta":{"versionId":"', pc.cast(_one(table, "version"), pa.string()),
        '","lastUpdated":"', issued,
        '"},"status":"', _one(table, "status"),
        f'","category":[{{"coding":[{{"system":"{_TERMS}observation-category",'
        '"code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"',
        _one(table, "loinc"), '","display":"', _mapped(table, "loinc", _NAME),
        '"}]},"subject":{"reference":"Patient/', _one(table, "patient_id"),
        '"},"encounter":{"reference":"Encounter/', _one(table, "encounter_id"),
        '"},"effectiveDateTime":"', instant_text(_one(table, "collected_at")),
        '","issued":"', issued,
        '","performer":[{"display":"', _one(table, "site"), '"}]',
        pc.fill_null(quantity, ""), "}",
    )  # fmt: skip


def conditions(table: pa.Table) -> pa.Array:
    """Return Condition lines: onset is the admission (the trap), recordedDate the coding."""
    coded = instant_text(_one(table, "coded_at"))
    return _line(
        '{"resourceType":"Condition","id":"', _one(table, "diagnosis_id"),
        '","meta":{"lastUpdated":"', coded,
        f'"}},"clinicalStatus":{{"coding":[{{"system":"{_TERMS}condition-clinical",'
        '"code":"active"}]},'
        f'"verificationStatus":{{"coding":[{{"system":"{_TERMS}condition-ver-status",'
        '"code":"confirmed"}]},'
        f'"category":[{{"coding":[{{"system":"{_TERMS}condition-category",'
        '"code":"encounter-diagnosis"}]}],'
        '"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"',
        _one(table, "icd10cm"),
        '"}]},"subject":{"reference":"Patient/', _one(table, "patient_id"),
        '"},"encounter":{"reference":"Encounter/', _one(table, "encounter_id"),
        '"},"onsetDateTime":"', instant_text(_one(table, "dated_at")),
        '","recordedDate":"', coded, '"}',
    )  # fmt: skip


def _one(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _mapped(table: pa.Table, name: str, words: dict[str, str]) -> pa.Array:
    """Return the FHIR word for each word of ours; null where there is none."""
    at = pc.index_in(_one(table, name), pa.array(list(words), pa.string()))
    return pa.array(list(words.values()), pa.string()).take(at)


def _when(column: pa.Array, before: str, after: str) -> pa.Array:
    """Return a field around each value, and nothing where it is null."""
    return pc.fill_null(_joined(before, column, after), "")


def _joined(*parts: str | pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _line(*parts: str | pa.Array) -> pa.Array:
    """Return whole lines with their ends."""
    return _joined(*parts, "\n")
