"""Real data come in whole: MIMIC-IV demo, PhysioNet 2012 set-a and Synthea's FHIR."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from attending.errors import NotFound, Refused
from attending.ingest.landmark import not_yet_known
from attending.times import DAY, HOUR
from tests.ingest.handmade import events_of, ingest, rows_of

pytestmark = pytest.mark.data
WARDS = ("INPATIENT", "OBSERVATION")


@pytest.fixture(scope="module")
def mimic(data_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("mimic") / "out"
    return out, ingest(data_folder / "mimic-iv-demo", out, kind="mimic-iv")


@pytest.fixture(scope="module")
def physionet(data_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("physionet") / "out"
    return out, ingest(data_folder / "physionet-2012-set-a", out, kind="physionet-2012")


def stays(events: pa.Table) -> pa.Table:
    """Admission and discharge of each hospital stay."""

    def moment(word: str, name: str) -> pa.Table:
        codes = pa.array([f"ENCOUNTER//{word}//{ward}" for ward in WARDS])
        rows = events.filter(pc.is_in(events["code"], value_set=codes))
        return rows.select(["subject_id", "encounter_id", "time"]).rename_columns(
            ["subject_id", "encounter_id", name]
        )

    ends = moment("DISCHARGE", "left").drop_columns(["subject_id"])
    return moment("ADMISSION", "came").join(ends, keys="encounter_id").sort_by("encounter_id")


def asked(table: pa.Table, at: np.ndarray) -> pa.Table:
    names = ["subject_id", "encounter_id"]
    times = pa.array(at).cast(pa.timestamp("us"))
    return table.select(names).append_column("prediction_time", times)


def micros(column) -> np.ndarray:
    return np.asarray(column.cast(pa.int64()))


def without_assumed_lags(events: pa.Table) -> pa.Table:
    lag = pc.subtract(events["known_at"].cast(pa.int64()), events["time"].cast(pa.int64()))
    return events.filter(pc.fill_null(pc.not_equal(lag, DAY), True))


def test_mimic_has_its_275_admissions_and_15_deaths_in_hospital(mimic):
    out, snapshot = mimic
    table = stays(events_of(out))
    codes = events_of(out)["code"].to_pylist()
    assert (table.num_rows, snapshot.subjects) == (275, 100)
    assert codes.count("ENCOUNTER//ADMISSION//OBSERVATION") == 87
    assert codes.count("ENCOUNTER//ADMISSION//ICU") == 140
    died = events_of(out).filter(pc.equal(events_of(out)["text_value"], "DIED"))
    assert died.num_rows == 15
    assert snapshot.time_zone == "floating"


def test_mimic_is_accounted_for_row_by_row(mimic):
    _, snapshot = mimic
    tables = {one.table: one for one in snapshot.account.tables}
    assert snapshot.account.balanced
    assert len(tables) == 31
    assert (tables["labevents"].rows_in, tables["labevents"].quarantined) == (107_727, 0)
    # Orders and administrations of which nobody wrote what was given, and doses in strange units.
    assert snapshot.account.quarantined_by_reason == {"no_code": 2832, "unknown_unit": 23}
    assert snapshot.account.rejected_by_reason == {"no_dose": 39_451, "reference": 345_944}
    assert (tables["poe"].events, tables["poe_detail"].events) == (45_154, 3795)
    assert tables["outputevents"].early == 1457
    assert tables["datetimeevents"].early == 591


def test_mimic_says_what_was_assumed(mimic):
    _, snapshot = mimic
    found = {(one.table, one.rule): one for one in snapshot.availability}
    assert found["labevents", "lag:24h"].rows + found["labevents", "lag:item_median"].rows == 992
    assert found["labevents", "lag:24h"].assumed
    assert found["diagnoses_icd", "encounter_end+3d"].assumed
    assert not found["labevents", "recorded"].assumed


@pytest.mark.fault("D03")
def test_D03_one_clock_would_let_501_results_in_from_the_future(mimic):
    out, _ = mimic
    events = without_assumed_lags(events_of(out))
    table = stays(events)
    came, left = micros(table["came"]), micros(table["left"])
    day_one = asked(table, came + 24 * HOUR)
    late = np.asarray(not_yet_known(events, day_one, code_prefix="MIMICIV_LAB//")["rows"])
    # The control: `time` alone says that all of these had happened.
    assert (late.sum(), (late > 0).sum()) == (501, 52)
    whole = left - came >= 24 * HOUR
    assert (late[whole].sum(), (late[whole] > 0).sum()) == (488, 49)
    visible = pc.less_equal(events["known_at"], events["time"])
    assert pc.sum(visible.cast(pa.int64())).as_py() < events.num_rows


def test_mimic_codes_are_not_known_before_three_days_after_discharge(mimic):
    out, _ = mimic
    events = events_of(out)
    table = stays(events)
    at_discharge = asked(table, micros(table["left"]))
    for prefix in ("ICD", "DRG//"):
        rows = events.filter(pc.starts_with(events["code"], prefix)).num_rows
        hidden = not_yet_known(events, at_discharge, code_prefix=prefix)
        assert pc.sum(hidden["rows"]).as_py() >= rows - 10
    three_days = asked(table, micros(table["left"]) + 3 * DAY)
    late = not_yet_known(events, three_days, code_prefix="DRG//")
    assert pc.sum(late["rows"]).as_py() == 0


def test_mimic_stops_of_orders_are_unknown_until_they_come(mimic):
    out, _ = mimic
    events = events_of(out)
    stops = events.filter(pc.starts_with(events["code"], "PRESCRIPTION_STOP//"))
    assert stops.num_rows > 18_000 * 0.9
    assert pc.all(pc.greater_equal(stops["known_at"], stops["time"])).as_py()


def test_mimic_notes_and_charted_values_come_in_when_they_are_there(data_folder, tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(data_folder / "mimic-iv-demo", folder, copy_function=shutil.copy)
    for part in (folder, folder / "icu"):
        part.chmod(0o755)
    stays = pa_csv.read_csv(folder / "hosp" / "admissions.csv.gz").slice(0, 1)
    who, stay = stays["subject_id"][0], stays["hadm_id"][0]
    (folder / "note").mkdir()
    (folder / "note" / "discharge.csv").write_text(
        "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text\n"
        f'n1,{who},{stay},DS,1,2150-01-02 00:00:00,2150-01-05 09:30:00,"went, well\nhome"\n'
        f"n2,{who},{stay},DS,2,2150-01-02 00:00:00,,never stored\n"
    )
    (folder / "icu" / "chartevents.csv").write_text(
        "subject_id,hadm_id,stay_id,charttime,storetime,itemid,value,valuenum,valueuom\n"
        f"{who},{stay},1,2150-01-02 10:00:00,2150-01-02 11:15:00,220045,88,88,bpm\n"
    )
    snapshot = ingest(folder, tmp_path / "out", kind="mimic-iv")
    (note,) = rows_of(tmp_path / "out", "NOTE//DISCHARGE//DS")
    assert (str(note["time"]), str(note["known_at"])) == (
        "2150-01-02 00:00:00",
        "2150-01-05 09:30:00",
    )
    assert note["text_value"] == "went, well\nhome"
    assert snapshot.account.quarantined_by_reason["no_known_at"] == 1
    (rate,) = rows_of(tmp_path / "out", "MIMICIV_ITEM//220045")
    assert (rate["numeric_value"], rate["unit"]) == (88, "/min")
    assert str(rate["known_at"]) == "2150-01-02 11:15:00"
    assert snapshot.account.balanced


@pytest.mark.fault("D23")
def test_D23_a_cut_or_missing_mimic_table_refuses_the_whole_batch(data_folder, tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(data_folder / "mimic-iv-demo", folder, copy_function=shutil.copy)
    folder.chmod(0o755)
    for part in ("hosp", "icu"):
        (folder / part).chmod(0o755)
    labs = folder / "hosp" / "labevents.csv.gz"
    labs.chmod(0o644)
    whole = labs.read_bytes()
    labs.write_bytes(whole[: len(whole) // 2])
    assert labs.stat().st_size > 900_000  # the control: half a table looks like a table
    with pytest.raises(Refused, match="digest") as by_digest:
        ingest(folder, tmp_path / "one", kind="mimic-iv")
    assert by_digest.value.code == "ingest.truncated"
    (folder / "SHA256SUMS.txt").unlink()
    with pytest.raises(Refused, match="ends too early") as by_stream:
        ingest(folder, tmp_path / "two", kind="mimic-iv")
    assert (by_stream.value.exit_code, by_stream.value.where) == (3, "hosp/labevents.csv.gz")
    labs.unlink()
    with pytest.raises(NotFound, match="labevents") as gone:
        ingest(folder, tmp_path / "three", kind="mimic-iv")
    assert gone.value.exit_code == 2


def test_physionet_has_4000_stays_and_554_deaths(physionet):
    out, snapshot = physionet
    events = events_of(out)
    label = events.filter(pc.equal(events["code"], "PHYSIONET2012//IN_HOSPITAL_DEATH"))
    assert (label.num_rows, pc.sum(label["numeric_value"]).as_py()) == (4000, 554)
    assert snapshot.account.balanced
    assert snapshot.account.rejected_by_reason == {"missing_value": 2223}
    assert snapshot.time_zone == "relative"
    codes = events["code"].to_pylist()
    assert codes.count("ENCOUNTER//ADMISSION//ICU") == codes.count("MEDS_BIRTH") == 4000
    assert codes.count("PHYSIONET2012//HR") == 224_602


def test_physionet_outcomes_are_not_known_within_the_48_hours(physionet):
    out, _ = physionet
    path = out / "shard-00000.parquet"
    events = pq.read_table(path)
    start = 946_684_800_000_000
    seen = events.filter(pa.array(micros(events["known_at"]) <= start + 48 * HOUR))
    found = set(seen["code"].to_pylist())
    assert {"PHYSIONET2012//SOFA", "PHYSIONET2012//HR", "GENDER//F"} <= found
    assert not {"PHYSIONET2012//IN_HOSPITAL_DEATH", "MEDS_DEATH"} & found
    assert "ENCOUNTER//DISCHARGE//ICU" not in found


def test_synthea_comes_in_with_ucum_units(data_folder, tmp_path):
    snapshot = ingest(data_folder / "synthea-fhir-r4", tmp_path / "out", kind="fhir")
    assert (snapshot.subjects, snapshot.synthetic) == (615, True)
    assert snapshot.account.balanced
    # Immunizations and care plans do not say when they were recorded, and goals have no time.
    assert snapshot.account.quarantined_by_reason == {"no_known_at": 9158, "no_time": 1147}
    assert snapshot.account.rejected_by_reason == {"no_patient": 2186}
    assert len(snapshot.account.tables) == 14
    pressure = events_of(tmp_path / "out")
    pressure = pressure.filter(pc.equal(pressure["code"], "LOINC//8480-6"))
    assert pressure.num_rows > 5000
    # The source leaves some units out; they stay out.
    assert set(pressure["unit"].to_pylist()) == {"mm[Hg]", None}
