"""The demo of MIMIC-IV: 53 of 260 live discharges are followed by any admission in 30 days."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime

import pytest

from attending.cohort.build import build
from attending.times import parse_instant
from tests.cohort.patients import EPOCH, cohort
from tests.engines.tables import engine, event, events

AFTER_EVERYTHING = parse_instant("2300-01-01T00:00:00Z")
BOTH = {"event": "discharge", "classes": ["INPATIENT", "OBSERVATION"]}
LIVE = [{"rule": "alive_at_discharge"}]


def hours(text):
    return (datetime.fromisoformat(text) - EPOCH).total_seconds() / 3600


def rows_of(line):
    kind = line["admission_type"].upper()
    place = "OBSERVATION" if "OBSERVATION" in kind else "INPATIENT"
    subject, same = int(line["subject_id"]), {"encounter_id": int(line["hadm_id"])}
    died = line["hospital_expire_flag"] == "1"
    to = "DIED" if died else line["discharge_location"].upper()
    came, left = hours(line["admittime"]), hours(line["dischtime"])
    yield event(subject, came, f"ENCOUNTER//ADMISSION//{place}", **same)
    yield event(subject, came, f"ADMISSION_TYPE//{kind}", **same)
    yield event(subject, left, f"ENCOUNTER//DISCHARGE//{place}", text_value=to, **same)
    if died and line["deathtime"]:
        yield event(subject, hours(line["deathtime"]), "MEDS_DEATH", **same)


@pytest.fixture(scope="module")
def local(data_folder, tmp_path_factory):
    path = data_folder / "mimic-iv-demo" / "hosp" / "admissions.csv.gz"
    with gzip.open(path, "rt") as stream:
        rows = [row for line in csv.DictReader(stream) for row in rows_of(line)]
    return engine(tmp_path_factory.mktemp("mimic"), events(rows))


@pytest.mark.data
def test_every_later_admission_counts_in_53_of_260_live_discharges(local):
    any_later = {"variant": "any_later_admission"}
    spec = cohort(index=BOTH, eligibility=[], exclusions=LIVE, label={"readmission": any_later})
    record, _ = build(spec, local, as_of=AFTER_EVERYTHING)
    assert [step.kept for step in record.steps] == [275, 260]
    assert (record.positives, record.labelled) == (53, 260)


@pytest.mark.data
def test_the_label_says_which_admissions_count_so_the_strict_one_finds_fewer(local):
    elective = ["ELECTIVE", "SURGICAL SAME DAY ADMISSION"]
    found = {
        how: build(
            cohort(
                index=BOTH,
                eligibility=[],
                exclusions=LIVE,
                label={
                    "readmission": {"planned": {"admission_types": elective, "as": how}},
                },
            ),
            local,
            as_of=AFTER_EVERYTHING,
        )[0].positives
        for how in ("excluded", "counted")
    }
    assert 0 < found["excluded"] < found["counted"] < 53
