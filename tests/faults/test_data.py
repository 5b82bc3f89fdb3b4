"""D08 to D29: what a source gets wrong is refused, or set aside and counted; nothing is guessed."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from attending.digests import digest_file
from attending.ingest import hospital as reader
from attending.ingest.hospital_results import RETRACTED
from attending.ingest.rows import Rows

SODIUM, POTASSIUM, GLUCOSE = "LOINC//2951-2", "LOINC//2823-3", "LOINC//2345-7"


@pytest.fixture
def unguarded(ward, monkeypatch):
    """Ingest with the guard switched off, and return the events that it let in."""

    def without(folder, *, keep=()):
        quarantine = Rows.quarantine

        def only(rows, where, reason, **told):
            if reason in keep:
                quarantine(rows, where, reason, **told)

        with monkeypatch.context() as off:
            off.setattr(Rows, "quarantine", only)
            off.setattr(reader, "require_inside_stays", lambda *_, **__: None)
            ward.ingest(folder)
            return ward.events()

    return without


def _of(events, code):
    return events.filter(pc.equal(events["code"], code))


@pytest.mark.fault("D08")
def test_d08_a_number_without_a_known_unit_is_set_aside_and_counted(ward, unguarded):
    folder, planted = ward.write("D08")
    # Control: numbers without a unit stand among the others and would be averaged with them.
    glucose = _of(unguarded(folder), GLUCOSE)
    bare = glucose.filter(pc.and_(glucose["unit"].is_null(), glucose["numeric_value"].is_valid()))
    assert bare.num_rows > 50
    # Guard: exactly what was planted is set aside; no unit was put in its place.
    said = ward.ingest(folder).json
    assert said["quarantined_by_reason"].keys() == {"no_unit", "unknown_unit"}
    assert said["quarantined"] == planted
    assert said["balanced"]
    measured = _of(ward.events(), GLUCOSE)
    assert set(measured.filter(measured["numeric_value"].is_valid())["unit"].to_pylist()) == {
        "mg/dL"
    }


@pytest.mark.fault("D12")
@pytest.mark.requirement("A1")
def test_d12_a_new_source_system_stops_the_training_until_the_contract_names_it(ward):
    folder, planted = ward.write("D12")
    assert planted > 1000
    named = [{"name": "synthetic-hospital", "kind": "ehr", "description": "the one agreed on"}]
    which = ward.ingest(folder).json["snapshot"]
    # Control: a contract that names no source takes the new one for the old.
    ward.specs("contract", lambda spec: _sources(spec, []))
    assert _verdict(ward, which, code=0)["verdict"] == "not_shown"
    # Guard: the promise is broken, and said with what came instead.
    ward.specs("contract", lambda spec: _sources(spec, named))
    found = _verdict(ward, which, code=3)
    assert found["verdict"] == "failed"
    assert "synthetic-hospital-next 2" in found["detail"]
    ward.asked("cohort", "build", "--snapshot", which)
    ward.asked("features", "build")
    assert "refused [contract.broken]" in ward.asked("train", "fit", code=3).err


def _sources(spec, named):
    for item in spec["customProperties"]:
        if item["property"] == "attending.sources":
            item["value"] = named


def _verdict(ward, which, code):
    checks = ward.asked("contract", "check", "--snapshot", which, code=code).json["checks"]
    return next(check for check in checks if check["name"] == "source.known")


@pytest.mark.fault("D15")
@pytest.mark.requirement("D3")
def test_d15_a_site_whose_clock_is_shifted_is_refused_with_its_counts(ward, unguarded):
    folder, _ = ward.write("D15")
    # Control: without the check, vital signs are taken of patients who went home.
    assert _after_leaving(unguarded(folder)) > 50
    # Guard: nothing of the delivery is taken in, and the message says which site.
    said = ward.ingest(folder, code=3)
    assert "refused [ingest.clock_shifted] vitals.csv:taken_at" in said.err
    assert "VALLEY: " in said.err
    assert "CITY" not in said.err


@pytest.mark.fault("D15")
@pytest.mark.parametrize("fault", ["D14", "D15.gap"])
def test_d15_times_without_an_offset_are_never_taken_for_utc(fault, ward, unguarded):
    folder, planted = ward.write(fault, "--since", "2023-01-01T00:00:00Z")
    # Control: local times are read as if they were UTC, hours before they were.
    assert _before_coming(unguarded(folder)) > 5
    # Guard: every such row is set aside, and not one is moved.
    said = ward.ingest(folder).json
    assert said["quarantined_by_reason"] == {"no_offset": planted}
    assert _before_coming(ward.events()) == 0


def _stays(events):
    ends: dict[int, list[int | None]] = {}
    for code, at in (("ENCOUNTER//ADMISSION//", 0), ("ENCOUNTER//DISCHARGE//", 1)):
        rows = events.filter(pc.starts_with(events["code"], code))
        micros = np.asarray(rows["time"].cast("int64"))
        for stay, moment in zip(rows["encounter_id"].to_pylist(), micros.tolist(), strict=True):
            ends.setdefault(stay, [None, None])[at] = moment
    return ends


def _pulses(events):
    rows = _of(events, "LOINC//8867-4")
    micros = np.asarray(rows["time"].cast("int64")).tolist()
    ends = _stays(events)
    return [
        (ends[stay], at) for stay, at in zip(rows["encounter_id"].to_pylist(), micros, strict=True)
    ]


def _after_leaving(events):
    return sum(last is not None and at > last for (_, last), at in _pulses(events))


def _before_coming(events):
    return sum(first is not None and at < first for (first, _), at in _pulses(events))


@pytest.mark.fault("D16")
@pytest.mark.requirement("D3")
def test_d16_seven_kinds_of_impossible_time_are_set_aside_by_rule(ward, unguarded):
    folder, planted = ward.write("D16", "--since", "2022-01-01T00:00:00Z")
    # Control: the four that can be read at all enter as if they had happened.
    events = unguarded(folder, keep=("no_time",))
    years = set(pc.year(_of(events, "LOINC//8867-4")["time"]).to_pylist())
    assert {1820, 1900, 1970, 2099} <= years
    # Guard: seven of seven, each under the rule that it breaks.
    said = ward.ingest(folder).json
    reasons = said["quarantined_by_reason"]
    assert sum(reasons.values()) == planted
    kinds = {"no_time": 3, "epoch_date": 2, "before_birth": 1, "future_time": 1}
    assert reasons.keys() == kinds.keys()
    for reason, of_seven in kinds.items():
        assert abs(reasons[reason] - planted * of_seven / 7) <= of_seven, reason
    years = set(pc.year(_of(ward.events(), "LOINC//8867-4")["time"]).to_pylist())
    assert years == {2022, 2023}


@pytest.mark.fault("D23")
@pytest.mark.parametrize("fault", ["D23", "D23.page"])
def test_d23_a_file_that_ends_early_is_refused_whole(fault, ward):
    sound = ward.ingest(ward.write(name="sound")[0]).json
    folder, _ = ward.write(fault)
    said = ward.ingest(folder, code=3)
    assert "refused [ingest.truncated] labs.csv" in said.err
    assert [item["snapshot"] for item in ward.asked("snapshot", "ls").json] == [sound["snapshot"]]
    # Control: without control totals, the rest passes for the whole.
    _state_again(folder)
    rest = ward.ingest(folder).json
    assert rest["rows_in"] < sound["rows_in"]


def _state_again(folder):
    path, manifest = folder / "labs.csv", folder / "manifest.json"
    lines = path.read_bytes().splitlines(keepends=True)[:-1]
    path.write_bytes(b"".join(lines))
    told = json.loads(manifest.read_bytes())
    told["files"]["labs.csv"] = {"rows": len(lines) - 1, "sha256": digest_file(path)}
    manifest.write_text(json.dumps(told))


@pytest.mark.fault("D24")
def test_d24_rows_that_belong_to_nobody_are_kept_aside_and_counted(ward, unguarded):
    folder, planted = ward.write("D24")
    # Control: rows of unknown patients become people of their own.
    people = len(pc.unique(unguarded(folder, keep=("no_code", "id_reused"))["subject_id"]))
    # Guard: none is lost, none enters, and each is counted under its reason.
    said = ward.ingest(folder).json
    assert said["subjects"] == people - 1
    assert said["quarantined_by_reason"].keys() - {"id_reused"} == {
        "no_code", "unknown_encounter", "unknown_patient",
    }  # fmt: skip
    assert planted <= said["quarantined"] <= planted + said["duplicate"]
    parts = ("accepted", "quarantined", "rejected", "duplicate")
    assert said["rows_in"] == sum(said[part] for part in parts)


@pytest.mark.fault("D25")
def test_d25_numbers_that_stand_for_missing_are_set_aside_or_break_the_contract(ward, unguarded):
    folder, planted = ward.write("D25")
    # Control: words pass for results, and -1 and 9999 for sodium.
    rows = _of(unguarded(folder), SODIUM)
    assert {"NULL", "1,5", "\u22124", "see comment"} <= set(rows["text_value"].to_pylist())
    assert {-1.0, 9999.0} <= set(rows["numeric_value"].to_pylist())
    # Guard: four of the nine are no numbers and are set aside; the others break the range.
    said = ward.ingest(folder).json
    assert said["quarantined_by_reason"].keys() == {"not_a_number"}
    assert abs(said["quarantined"] - planted * 4 / 9) <= 4
    assert not _of(ward.events(), SODIUM)["text_value"].drop_null().to_pylist()
    checks = ward.asked("contract", "check", code=3).json["checks"]
    failed = {check["name"]: check["severity"] for check in checks if check["verdict"] == "failed"}
    assert failed.pop("freshness.0", "warning") == "warning"  # the ward's last day is long past
    assert failed == {"sodium_range": "error"}


_DRIFTS = {
    "D29": (2, "ingest.missing_column"),
    "D29.letters": (2, "ingest.not_a_table"),
    "D29.word": (0, "unknown_status"),
    "D29.nul": (0, "unknown_unit"),
    "D29.reordered": (0, ""),
    "D29.number": (0, ""),
    "D29.column": (0, ""),
    "D29.mark": (0, ""),
}


@pytest.mark.fault("D29")
def test_d29_eight_drifts_of_a_table_are_refused_set_aside_or_change_nothing(ward):
    folder, _ = ward.write(name="sound")
    ward.ingest(folder)
    sound = ward.events()
    # Control: a reader by place takes the reordered table and mixes its columns.
    other, _ = ward.write("D29.reordered", name="reordered")
    names = csv.read_csv(folder / "labs.csv").column_names
    by_place = csv.ReadOptions(column_names=names, skip_rows=1)
    mixed = csv.read_csv(other / "labs.csv", read_options=by_place)
    assert RETRACTED not in mixed["status"].to_pylist()
    # Guard: by name, or not at all.
    for fault, (code, told) in _DRIFTS.items():
        said = ward.ingest(ward.write(fault, name=fault)[0], code=code)
        if code:
            assert f"refused [{told}] labs.csv" in said.err, fault
        elif told:
            assert said.json["quarantined_by_reason"][told] > 0, fault
            assert said.json["balanced"]
        else:
            assert said.json["quarantined"] == 0, fault
            same = [name for name in sound.column_names if name != "source_row"]
            assert ward.events().select(same).equals(sound.select(same)), fault
