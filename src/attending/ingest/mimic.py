"""Read MIMIC-IV (3.x or the 2.2 demo), with notes where they are, each table by its own clock.

Times are shifted per patient and have no zone (`floating`). What was stored says when it was
known; what was never stored gets a lag that is declared and marked as assumed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attending.digests import digest_file
from attending.ingest import (
    mimic_codes,
    mimic_icu,
    mimic_notes,
    mimic_orders,
    mimic_results,
    mimic_stays,
)
from attending.ingest.batch import Batch, Origin
from attending.ingest.files import Truncated, checked_digest, ordinary, require
from attending.ingest.mimic_rows import SYSTEM, Stays
from attending.ingest.rows import Rows
from attending.ingest.tables import read_text_table
from attending.records.snapshot import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms

_SUMS = "SHA256SUMS.txt"
#: Columns of each table that are read, by name.
COLUMNS: dict[str, str] = {
    "hosp/patients": "subject_id gender anchor_age anchor_year anchor_year_group dod",
    "hosp/admissions": "subject_id hadm_id admittime dischtime deathtime admission_type "
    "discharge_location insurance language race edregtime edouttime hospital_expire_flag",
    "hosp/transfers": "subject_id hadm_id transfer_id eventtype careunit intime",
    "hosp/services": "subject_id hadm_id transfertime prev_service curr_service",
    "hosp/labevents": "labevent_id subject_id hadm_id itemid charttime storetime value valuenum "
    "valueuom",
    "hosp/microbiologyevents": "microevent_id subject_id hadm_id chartdate charttime "
    "spec_type_desc storedate storetime test_itemid test_name org_name ab_name interpretation",
    "hosp/diagnoses_icd": "subject_id hadm_id seq_num icd_code icd_version",
    "hosp/procedures_icd": "subject_id hadm_id seq_num chartdate icd_code icd_version",
    "hosp/drgcodes": "subject_id hadm_id drg_type drg_code description drg_severity drg_mortality",
    "hosp/hcpcsevents": "subject_id hadm_id chartdate hcpcs_cd seq_num short_description",
    "hosp/emar": "subject_id hadm_id emar_id emar_seq charttime medication event_txt storetime",
    "hosp/pharmacy": "subject_id hadm_id pharmacy_id starttime stoptime medication entertime",
    "hosp/prescriptions": "subject_id hadm_id pharmacy_id starttime stoptime drug_type drug "
    "formulary_drug_cd gsn ndc prod_strength form_rx dose_val_rx dose_unit_rx form_val_disp "
    "form_unit_disp doses_per_24_hrs route poe_id poe_seq order_provider_id",
    "hosp/omr": "subject_id chartdate seq_num result_name result_value",
    "icu/icustays": "subject_id hadm_id stay_id first_careunit last_careunit intime outtime",
    "icu/inputevents": "subject_id hadm_id stay_id starttime endtime storetime itemid amount "
    "amountuom rate rateuom orderid",
    "icu/ingredientevents": "subject_id hadm_id stay_id starttime endtime storetime itemid amount "
    "amountuom rate rateuom orderid",
    "icu/outputevents": "subject_id hadm_id stay_id charttime storetime itemid value valueuom",
    "icu/procedureevents": "subject_id hadm_id stay_id starttime endtime storetime itemid value "
    "valueuom orderid",
    "icu/datetimeevents": "subject_id hadm_id stay_id charttime storetime itemid value",
}
#: Tables that a folder may lack: the demo has no charted values, and notes are a set of their own.
OPTIONAL: dict[str, str] = {
    "icu/chartevents": "subject_id hadm_id stay_id charttime storetime itemid value valuenum "
    "valueuom",
    "hosp/poe": "poe_id poe_seq subject_id hadm_id ordertime order_type order_subtype "
    "transaction_type",
    "hosp/poe_detail": "poe_id poe_seq subject_id field_name field_value",
    "hosp/emar_detail": "subject_id emar_id emar_seq parent_field_ordinal dose_given "
    "dose_given_unit product_code product_description",
    "note/discharge": "note_id subject_id hadm_id note_type note_seq charttime storetime text",
    "note/radiology": "note_id subject_id hadm_id note_type note_seq charttime storetime text",
}
#: Tables about no patient, each with a column that it has: counted, never events.
REFERENCE: dict[str, str] = {
    "hosp/d_hcpcs": "code",
    "hosp/d_icd_diagnoses": "icd_code",
    "hosp/d_icd_procedures": "icd_code",
    "hosp/d_labitems": "itemid",
    "hosp/provider": "provider_id",
    "icu/caregiver": "caregiver_id",
    "icu/d_items": "itemid",
    "note/discharge_detail": "note_id",
    "note/radiology_detail": "note_id",
    "demo_subject_id": "subject_id",
}
_NAMED_BY = {
    "labevents": ("labevent_id",),
    "microbiologyevents": ("microevent_id",),
    "transfers": ("transfer_id",),
    "emar": ("emar_id",),
    "pharmacy": ("pharmacy_id",),
    "icustays": ("stay_id",),
    "poe": ("poe_id",),
    "discharge": ("note_id",),
    "radiology": ("note_id",),
    "patients": ("subject_id",),
    "admissions": ("hadm_id",),
}
_MAKERS: dict[str, Callable[..., Batch]] = {
    "transfers": mimic_stays.transfers,
    "services": mimic_stays.services,
    "icustays": mimic_stays.icustays,
    "labevents": mimic_results.labevents,
    "microbiologyevents": mimic_results.microbiologyevents,
    "omr": mimic_results.omr,
    "diagnoses_icd": mimic_codes.diagnoses_icd,
    "procedures_icd": mimic_codes.procedures_icd,
    "drgcodes": mimic_codes.drgcodes,
    "hcpcsevents": mimic_codes.hcpcsevents,
    "emar": mimic_orders.emar,
    "inputevents": partial(mimic_icu.infusions, word="INFUSION"),
    "ingredientevents": partial(mimic_icu.infusions, word="INGREDIENT"),
    "outputevents": mimic_icu.outputevents,
    "procedureevents": mimic_icu.procedureevents,
    "datetimeevents": mimic_icu.datetimeevents,
    "chartevents": mimic_notes.chartevents,
    "discharge": mimic_notes.notes,
    "radiology": mimic_notes.notes,
}


def describe(folder: Path) -> Origin:
    """Return what the folder holds, after comparing files with SHA256SUMS.txt where it is there.

    Raises:
        NotFound: a table is missing.
        Truncated: a file is cut short or altered.
    """
    stated = _stated_digests(folder)
    files = []
    for table in (*COLUMNS, *_present(folder)):
        path, name = _file(folder, table)
        files.append(
            SourceFile(name=name, digest=checked_digest(path, stated.get(name), name=name))
        )
    demo = (folder / "demo_subject_id.csv").is_file()
    version = "iv-demo" if demo else "iv"
    if (folder / _SUMS).is_file():
        version += f"+sums.{digest_file(folder / _SUMS)[:12]}"
    return Origin(system=SYSTEM, version=version, time_zone="floating", files=tuple(files))


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the tables; stays and patients come first.

    Raises:
        BadInput: a column is missing.
        Truncated: a compressed file ends too early.
    """
    people, admissions = _rows(folder, "hosp/patients"), _rows(folder, "hosp/admissions")
    people.drop_repeated(["subject_id"])
    admissions.drop_repeated(["hadm_id"])
    stays = Stays.of(people, admissions, keys=keys)
    stays.check(admissions)
    yield mimic_stays.patients(people, admissions=admissions, stays=stays)
    yield mimic_stays.admissions(admissions, stays=stays)
    del people, admissions
    orders = _ready(folder, "hosp/pharmacy", stays=stays)
    entered = mimic_orders.entered(orders)
    yield mimic_orders.pharmacy(orders, stays=stays)
    prescribed = _ready(folder, "hosp/prescriptions", stays=stays)
    yield mimic_orders.prescriptions(prescribed, stays=stays, entered=entered)
    del orders, prescribed
    present = _present(folder)
    for table in (*COLUMNS, *present):
        make = _MAKERS.get(table.partition("/")[2])
        if make is not None:
            yield make(_ready(folder, table, stays=stays), stays=stays)
    yield from _with_details(folder, present, stays=stays)
    for table in present:
        if table in REFERENCE:
            yield mimic_notes.nothing(_rows(folder, table))


def _with_details(folder: Path, present: list[str], *, stays: Stays) -> Iterator[Batch]:
    """Yield orders of providers, and the details that borrow their clocks from a parent."""
    if "hosp/poe" in present:
        orders = _ready(folder, "hosp/poe", stays=stays)
        parents = mimic_notes.times_of(
            orders, key="poe_id", time="ordertime", known="ordertime", code="order_type"
        )
        yield mimic_notes.poe(orders, stays=stays)
        if "hosp/poe_detail" in present:
            details = _ready(folder, "hosp/poe_detail", stays=stays)
            yield mimic_notes.poe_detail(details, stays=stays, parents=parents)
    if "hosp/emar_detail" in present:
        parents = mimic_notes.times_of(
            _ready(folder, "hosp/emar", stays=stays),
            key="emar_id", time="charttime", known="storetime", code="medication",
        )  # fmt: skip
        details = _ready(folder, "hosp/emar_detail", stays=stays)
        yield mimic_notes.emar_detail(details, stays=stays, parents=parents)


def _present(folder: Path) -> list[str]:
    """Return the tables that a folder may lack and this one has."""
    return [
        table
        for table in (*OPTIONAL, *REFERENCE)
        if (folder / f"{table}.csv").exists() or (folder / f"{table}.csv.gz").exists()
    ]


def _ready(folder: Path, table: str, *, stays: Stays) -> Rows:
    rows = _rows(folder, table)
    rows.drop_repeated()
    stays.check(rows)
    return rows


def _rows(folder: Path, table: str) -> Rows:
    path, file = _file(folder, table)
    columns = (COLUMNS | OPTIONAL | REFERENCE)[table].split()
    read_in, odd_lines = read_text_table(path, columns, name=file)
    name = table.rpartition("/")[2]
    return Rows(SYSTEM, name, read_in, odd_lines=odd_lines, named_by=_NAMED_BY.get(name, ()))


def _file(folder: Path, table: str) -> tuple[Path, str]:
    plain = folder / f"{table}.csv"
    name = f"{table}.csv" if plain.exists() else f"{table}.csv.gz"
    return require(folder, name, of="MIMIC-IV"), name


def _stated_digests(folder: Path) -> dict[str, str]:
    path = folder / _SUMS
    if not path.exists():
        return {}
    text = ordinary(folder, path).read_bytes().decode("utf-8", errors="replace")
    pairs = [line.split(maxsplit=1) for line in text.splitlines()]
    if any(len(pair) != 2 for pair in pairs if pair):
        raise Truncated("a line holds no digest and name", where=_SUMS)
    return {pair[1].strip(): pair[0] for pair in pairs if pair}
