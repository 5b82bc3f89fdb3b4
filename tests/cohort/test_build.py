"""Golden patients: who is in, at which step the others leave, and what the label is."""

from __future__ import annotations

from typing import Any

import pytest

from attending.cohort.build import build
from attending.cohort.explain import why
from attending.cohort.shard import codes_read
from attending.errors import BadInput, IntegrityBroken
from attending.records.base import from_content
from attending.records.cohort import Cohort
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, death, hour, landmark, stay
from tests.engines.tables import engine, event, events

END = parse_instant("2030-01-01T00:00:00Z")

#: Patient -> rows, and the expected (label, status) of the stay 1 or the step at which it leaves.
GOLDEN = {
    "birthday tomorrow: 17.99": (
        lambda s: [birth(s, "2006-03-11"), *stay(s, 1, "2024-03-08", "2024-03-10T12:00")],
        "age_at_least",
    ),
    "eighteen on the day": (
        lambda s: [birth(s, "2006-03-10"), *stay(s, 1, "2024-03-08", "2024-03-10T12:00")],
        (0, "no_event"),
    ),
    "leap day, 28 February": (
        lambda s: [birth(s, "2008-02-29"), *stay(s, 1, "2026-02-20", "2026-02-28T23:00")],
        "age_at_least",
    ),
    "leap day, 1 March": (
        lambda s: [birth(s, "2008-02-29"), *stay(s, 1, "2026-02-20", "2026-03-01")],
        (0, "no_event"),
    ),
    "birth not known": (lambda s: stay(s, 1, "2024-03-08", "2024-03-10"), "age_at_least"),
    "same-day discharge, back the same evening": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08T08:00", "2024-03-08T15:00"),
            *stay(s, 2, "2024-03-09T16:00", "2024-03-11"),
        ],
        (1, "event"),
    ),
    "transferred, admitted elsewhere within the day": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-03-10T06:00", "2024-03-12", site="south"),
        ],
        "not_transferred",
    ),
    "transferred, by its disposition": (
        lambda s: [birth(s, "1950-01-01"), *stay(s, 1, "2024-03-08", "2024-03-10", to="TRANSFER")],
        "not_transferred",
    ),
    "planned readmission": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-03-20", "2024-03-21", kind="ELECTIVE"),
        ],
        (0, "no_event"),
    ),
    "planned first, unplanned after: does not count": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-03-20", "2024-03-21", kind="ELECTIVE"),
            *stay(s, 3, "2024-03-25", "2024-03-26"),
        ],
        (0, "no_event"),
    ),
    "back exactly at the end of the horizon": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-04-09", "2024-04-12"),
        ],
        (1, "event"),
    ),
    "back a second after the horizon": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-04-09T00:00:01", "2024-04-12"),
        ],
        (0, "no_event"),
    ),
    "only an emergency visit and an observation stay": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-03-15", "2024-03-15T05:00", place="ED"),
            *stay(s, 3, "2024-03-20", "2024-03-21", place="OBSERVATION"),
        ],
        (0, "no_event"),
    ),
    "died at home in the window": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            death(s, "2024-03-25"),
        ],
        (0, "competing"),
    ),
    "came back and died": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            *stay(s, 2, "2024-03-20", "2024-03-25", to="DIED"),
            death(s, "2024-03-25"),
        ],
        (1, "event"),
    ),
    "died in the stay": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10", to="DIED"),
        ],
        "alive_at_discharge",
    ),
    "died at the hour of discharge": (
        lambda s: [
            birth(s, "1950-01-01"),
            *stay(s, 1, "2024-03-08", "2024-03-10"),
            death(s, "2024-03-10"),
        ],
        "alive_at_discharge",
    ),
    "left against advice": (
        lambda s: [birth(s, "1950-01-01"), *stay(s, 1, "2024-03-08", "2024-03-10", to="AMA")],
        "disposition_not",
    ),
    "still in hospital": (
        lambda s: [birth(s, "1950-01-01"), *stay(s, 1, "2024-03-08")],
        None,
    ),
}


def table_of(people):
    return events([row for subject, rows in people.items() for row in rows(subject)])


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    people = {number: rows for number, (rows, _) in enumerate(GOLDEN.values(), start=1)}
    return engine(tmp_path_factory.mktemp("golden"), table_of(people), shards=3)


def first_stays(spec, local):
    """Return (label, status), or the step, of stay 1 of every subject."""
    record, table = build(spec, local, as_of=END)
    kept = {
        row["subject_id"]: (row["label"], row["status"])
        for row in table.to_pylist()
        if row["encounter_id"] == 1
    }
    found = []
    for subject in range(1, len(GOLDEN) + 1):
        report = why(spec, local.rows(subject), as_of=END)
        mine = [one for one in report.stays if one.encounter_id == "1"]
        failed = [step.name for one in mine for step in one.steps if not step.met]
        assert [one.kept for one in mine] == [subject in kept] * len(mine)
        found.append(kept.get(subject) or (failed[0] if failed else None))
    return record, found


@pytest.mark.fault("D27")
def test_d27_every_golden_patient_has_the_label_or_the_step_that_was_written_down(golden):
    naive = cohort(eligibility=[], exclusions=[], label={
        "readmission": {"variant": "any_later_admission"},
    })  # fmt: skip
    _, control = first_stays(naive, golden)
    assert control.count((1, "event")) == 7, "the control: planned, transferred, all count"
    _, found = first_stays(cohort(), golden)
    assert dict(zip(GOLDEN, found, strict=True)) == {
        name: expected for name, (_, expected) in GOLDEN.items()
    }


@pytest.mark.requirement("A7")
def test_every_step_leaves_its_counts_in_the_order_that_was_asked_for(golden):
    record, table = build(cohort(), golden, as_of=END)
    names = [step.name for step in record.steps]
    assert names == [
        "index",
        "age_at_least",
        "alive_at_discharge",
        "disposition_not",
        "not_transferred",
    ]
    for before, step in zip(record.steps, record.steps[1:], strict=False):
        assert before.kept - step.removed == step.kept
    assert record.steps[-1].kept == record.rows == table.num_rows
    assert [step.removed for step in record.steps[1:]] == [3, 3, 1, 2]
    other = cohort(exclusions=cohort().model_dump(mode="json")["exclusions"][::-1])
    assert build(other, golden, as_of=END)[0].digest != record.digest
    with pytest.raises(ValueError, match="does not match any of the expected tags"):
        cohort(exclusions=[{"rule": "alive_at_dischrge"}])


@pytest.mark.requirement("A9")
def test_planned_readmissions_leave_by_a_rule_that_is_written_in_the_record(golden):
    counted = {"planned": {"admission_types": ["ELECTIVE"], "as": "counted"}}
    record, _ = build(cohort(), golden, as_of=END)
    with_planned, _ = build(cohort(label={"readmission": counted}), golden, as_of=END)
    assert with_planned.positives == record.positives + 2
    assert record.label["readmission"]["planned"] == {
        "admission_types": ["ELECTIVE"],
        "tables": None,
        "as": "excluded",
    }
    assert record.label_digest != with_planned.label_digest
    with pytest.raises(ValueError, match="'unplanned' needs 'planned'"):
        cohort(label={"readmission": {"variant": "unplanned"}})


@pytest.mark.requirement("A8")
@pytest.mark.fault("D30")
def test_an_immature_outcome_is_null_also_when_the_event_was_seen(tmp_path):
    rows = [birth(1, "1950-01-01"), birth(2, "1950-01-01")]
    rows += stay(1, 1, "2024-03-08", "2024-03-10") + stay(1, 2, "2024-03-15", "2024-03-16")
    rows += stay(2, 3, "2024-03-08", "2024-03-10")
    local = engine(tmp_path, events(rows))
    spec = cohort(label={"delay": "3d"})

    def at(text):
        _, table = build(spec, local, as_of=parse_instant(text))
        return [
            (row["label"], row["status"], row["label_time"] is None, row["matured_at"] is None)
            for row in table.to_pylist()
            if row["encounter_id"] in {1, 3}
        ]

    early = at("2024-04-11T23:59:59Z")
    naive = [0 if label is None else label for label, *_ in early]
    assert sum(naive) / 2 == 0.0, "the control: immature read as negative hides the event"
    assert early == [(None, "immature", True, True)] * 2
    assert at("2024-04-12T00:00:00Z") == [
        (1, "event", False, False),
        (0, "no_event", True, False),
    ]
    record, _ = build(spec, local, as_of=parse_instant("2024-04-11T00:00:00Z"))
    assert (record.statuses.immature, record.labelled, record.prevalence) == (3, 0, None)
    with pytest.raises(ValueError, match="never a negative"):
        cohort(censoring={"end_of_data": False})


def test_known_outcomes_alone_can_be_asked_for(golden):
    spec = cohort(exclusions=[{"rule": "known_outcome"}])
    record, table = build(spec, golden, as_of=parse_instant("2024-04-01T00:00:00Z"))
    assert record.steps[-1].removed > 0
    assert record.statuses.immature == 0
    assert table["label"].null_count == 0


@pytest.mark.parametrize(
    ("treatment", "label", "rows"), [("no_event", 0, 1), ("competing", None, 1), ("excluded", 0, 0)]
)
def test_death_before_the_outcome_is_treated_as_declared(tmp_path, treatment, label, rows):
    people = [birth(1, "1950-01-01"), *stay(1, 1, "2024-03-08", "2024-03-10")]
    local = engine(tmp_path, events([*people, death(1, "2024-03-25")]))
    spec = cohort(label={"competing": {"death": treatment}})
    record, table = build(spec, local, as_of=END)
    assert table.num_rows == rows
    assert record.statuses.competing == rows
    if rows:
        assert table["label"].to_pylist() == [label]
    else:
        assert record.steps[-1].name == "competing_death"
        assert record.steps[-1].removed == 1


def test_a_readmission_that_is_known_late_matures_late(tmp_path):
    rows = [birth(1, "1950-01-01"), *stay(1, 1, "2024-03-08", "2024-03-10")]
    late = stay(1, 2, "2024-03-20", "2024-03-22")
    for row in late:
        row["known_at"] = round(hour("2024-06-01") * 3600_000_000)
    local = engine(tmp_path, events(rows + late))
    _, before = build(cohort(), local, as_of=parse_instant("2024-05-01T00:00:00Z"))
    _, after = build(cohort(), local, as_of=parse_instant("2024-06-01T00:00:00Z"))
    assert before["label"].to_pylist() == [0]
    assert after["label"].to_pylist() == [1, 0]
    assert str(after["matured_at"][0]) == "2024-06-01 00:00:00"


def test_stays_that_follow_within_the_merge_are_one_stay(tmp_path):
    rows = [birth(1, "1950-01-01")]
    rows += stay(1, 1, "2024-03-01", "2024-03-05", site="north")
    rows += stay(1, 2, "2024-03-05T10:00", "2024-03-09", site="south", to="SNF")
    rows += stay(1, 3, "2024-03-06", "2024-03-07")
    rows += stay(1, 4, "2024-03-20", "2024-03-22")
    local = engine(tmp_path, events(rows))
    merge = {"planned": {"admission_types": []}, "merge_within": "1d"}
    spec = cohort(exclusions=[], label={"readmission": merge})
    _, table = build(spec, local, as_of=END)
    assert table["encounter_id"].to_pylist() == [2, 4]
    assert table["label"].to_pylist() == [1, 0]
    assert [str(start)[:10] for start in table["index_start"]] == ["2024-03-01", "2024-03-20"]
    assert table["site"].to_pylist() == ["north", "north"]


def test_a_landmark_keeps_stays_that_are_open_and_sees_death_only_in_the_stay(tmp_path):
    rows = []
    ends: list[dict[str, Any]] = [
        {"discharged": "2024-03-09T00:00"},
        {"discharged": "2024-03-09T00:00:01"},
        {"discharged": "2024-03-12", "to": "DIED"},
        {"discharged": None},
    ]
    for subject, more in enumerate(ends, start=1):
        rows += [birth(subject, "1950-01-01"), *stay(subject, subject, "2024-03-08", **more)]
    rows += [death(2, "2024-03-10")]
    local = engine(tmp_path, events(rows))
    record, table = build(landmark(), local, as_of=END)
    assert (record.steps[1].name, record.steps[1].removed) == ("require_stay", 1)
    assert table["subject_id"].to_pylist() == [2, 3, 4]
    assert table["status"].to_pylist() == ["no_event", "event", "immature"]
    assert {str(at) for at in table["prediction_time"]} == {"2024-03-09 00:00:00"}
    short = landmark(label={"kind": "death_in_stay", "horizon": "48h"})
    assert build(short, local, as_of=END)[1]["label"].to_pylist() == [0, 0, 0]
    with pytest.raises(ValueError, match="not known at index 'landmark'"):
        landmark(exclusions=[{"rule": "stay_at_least", "length": "2d"}])


def test_a_coded_outcome_is_an_event_none_or_lost(tmp_path):
    code = "PHYSIONET2012//IN_HOSPITAL_DEATH"
    rows = []
    for subject, value in enumerate([1.0, 0.0, None], start=1):
        rows += [birth(subject, "1940-01-01")]
        rows += stay(subject, subject, "2000-01-01", "2000-01-09", place="ICU")
        if value is not None:
            rows.append(event(subject, hour("2000-01-09"), code, value))
    # One who left alive and died later had no event; one without an outcome died first.
    rows.append(death(2, "2000-03-01"))
    rows += [birth(4, "1940-01-01"), *stay(4, 4, "2000-01-01", "2000-01-09", place="ICU")]
    rows.append(death(4, "2000-03-01"))
    local = engine(tmp_path, events(rows))
    spec = landmark(
        index={"event": "landmark", "after": "48h", "classes": ["ICU"]},
        label={
            "kind": "code_value",
            "horizon": "365d",
            "code_value": {"code": code, "equals": 1},
            "competing": {"death": "no_event"},
        },
    )
    assert code in codes_read(spec)
    record, table = build(spec, local, as_of=END)
    assert table["status"].to_pylist() == ["event", "no_event", "censored", "competing"]
    assert table["label"].to_pylist() == [1, 0, None, 0]
    assert (record.labelled, record.positives) == (3, 1)


def test_groups_are_what_was_visible_at_the_prediction(tmp_path):
    rows = [birth(1, "1950-03-10"), *stay(1, 1, "2024-03-08", "2024-03-10")]
    rows += [
        event(1, None, "INSURANCE//MEDICAID", known=1, superseded=hour("2024-03-15")),
        event(1, None, "INSURANCE//MEDICARE", known=hour("2024-03-15")),
        event(1, None, "GENDER//F", known=1),
    ]
    rows += stay(1, 2, "2024-03-14", "2024-03-20", site=None)
    spec = cohort(
        exclusions=[],
        groups={
            "sex": {"prefix": "GENDER//"},
            "insurance": {"prefix": "INSURANCE//"},
            "race": {"prefix": "RACE//"},
            "age": {"bands": [18, 65, 74]},
            "site": {"column": "site"},
        },
    )
    _, table = build(spec, engine(tmp_path, events(rows)), as_of=END)
    assert table["group_insurance"].to_pylist() == ["MEDICAID", "MEDICARE"]
    assert table["group_sex"].to_pylist() == ["F", "F"]
    assert table["group_race"].to_pylist() == [None, None]
    assert table["group_age"].to_pylist() == ["74+", "74+"]
    assert table["group_site"].to_pylist() == ["north", None]


def test_code_rules_look_back_over_what_was_visible(tmp_path):
    rows = []
    coded = [("2024-03-01", None), ("2024-03-01", "2024-04-01"), ("2023-03-11T00:00:01", None)]
    for subject, (day, known) in enumerate([*coded, ("2023-03-11", None)], start=1):
        rows += [birth(subject, "1950-01-01"), *stay(subject, 1, "2024-03-08", "2024-03-10")]
        rows.append(
            event(subject, hour(day), "ICD10CM//C509", known=hour(known) if known else hour(day))
        )
    local = engine(tmp_path, events(rows))

    def kept(rule):
        rules = [{"rule": rule, "codes": ["ICD10CM//C*"]}]
        spec = cohort(exclusions=rules, observation_window="365d")
        return build(spec, local, as_of=END)[1]["subject_id"].to_pylist()

    assert kept("code_present") == [1, 3]
    assert kept("code_absent") == [2, 4]


def test_the_other_rules_keep_what_they_say(tmp_path):
    rows = [birth(1, "1950-01-01"), birth(2, "2010-01-01")]
    rows += stay(1, 1, "2024-03-01", "2024-03-02", kind="ELECTIVE")
    rows += stay(1, 2, "2024-05-01", "2024-05-09", site="south")
    rows += stay(1, 3, "2024-07-01", "2024-07-04", place="OBSERVATION")
    rows += stay(2, 4, "2024-07-01", "2024-07-04")
    local = engine(tmp_path, events(rows))

    def kept(*rules):
        spec = cohort(
            index={"event": "discharge", "classes": ["INPATIENT", "OBSERVATION"]},
            eligibility=[],
            exclusions=list(rules),
        )
        return build(spec, local, as_of=END)[1]["encounter_id"].to_pylist()

    assert kept() == [1, 2, 3, 4]
    assert kept({"rule": "age_below", "years": 18}) == [4]
    assert kept({"rule": "stay_at_least", "length": "3d"}) == [2, 3, 4]
    assert kept({"rule": "stay_at_most", "length": "3d"}) == [1, 3, 4]
    assert kept({"rule": "class_not", "classes": ["OBSERVATION"]}) == [1, 2, 4]
    assert kept({"rule": "admission_type_not", "types": ["ELECT*"]}) == [2, 3, 4]
    assert kept({"rule": "site_in", "sites": ["south"]}) == [2]
    assert kept({"rule": "first_per_patient"}) == [1, 4]
    south = {"rule": "site_in", "sites": ["south"]}
    assert kept(south, {"rule": "first_per_patient"}) == [2]
    assert kept({"rule": "first_per_patient"}, south) == []
    assert kept({"rule": "alive_at_index"}) == [1, 2, 3, 4]


def test_a_corrected_discharge_counts_as_of_the_instant(tmp_path):
    rows = [birth(1, "1950-01-01")]
    first = stay(1, 1, "2024-03-01", "2024-03-05")
    first[-1]["superseded_at"] = round(hour("2024-03-08") * 3600_000_000)
    rows += first + stay(1, 1, "2024-03-01", "2024-03-04", told="2024-03-08")[-1:]
    local = engine(tmp_path, events(rows))

    def discharged(text):
        _, table = build(cohort(exclusions=[]), local, as_of=parse_instant(text))
        return [str(at)[:10] for at in table["prediction_time"]]

    assert discharged("2024-03-04T12:00:00Z") == []
    assert discharged("2024-03-06T00:00:00Z") == ["2024-03-05"]
    assert discharged("2024-03-08T00:00:00Z") == ["2024-03-04"]


def test_the_record_names_the_spec_the_snapshot_and_the_table(golden):
    calls = []
    record, table = build(cohort(), golden, as_of=END, snapshot="abc", each=lambda: calls.append(1))
    assert len(calls) == 3
    assert record.snapshot == "abc"
    assert record.spec_digest == cohort().digest
    assert record.rows == sum(record.statuses.model_dump().values())
    assert record.positives == sum(filter(None, table["label"].to_pylist()))
    assert record.prevalence == record.positives / record.labelled
    assert from_content(Cohort, record.content()).digest == record.digest
    again, _ = build(cohort(), golden, as_of=END, snapshot="abc")
    assert again.as_bytes() == record.as_bytes()
    order = [(row["subject_id"], row["prediction_time"]) for row in table.to_pylist()]
    assert order == sorted(order)


def test_nobody_is_an_empty_cohort_and_shuffled_rows_are_refused(tmp_path):
    empty = engine(tmp_path, events([]))
    record, table = build(cohort(groups={"age": {"bands": [18]}}), empty, as_of=END)
    assert (record.rows, record.prevalence, table.num_rows) == (0, None, 0)
    assert record.first_prediction is None
    rows = events([birth(1, "1950-01-01"), *stay(1, 1, "2024-03-01", "2024-03-05")])
    with pytest.raises(IntegrityBroken, match="out of order"):
        why(cohort(), rows.take([3, 0, 1, 2]), as_of=END)
    with pytest.raises(BadInput, match="rows of 0 subjects"):
        why(cohort(), events([]), as_of=END)
