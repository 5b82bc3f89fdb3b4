"""Two definitions on the same patients: what changed, who enters and leaves, and by which rule."""

from __future__ import annotations

import pytest

from attending.cohort.difference import difference
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, stay
from tests.engines.tables import engine, events

END = parse_instant("2030-01-01T00:00:00Z")


@pytest.fixture
def local(tmp_path):
    rows = [birth(1, "2006-03-11"), *stay(1, 1, "2024-03-08", "2024-03-10T12:00")]
    rows += [birth(2, "1950-01-01"), *stay(2, 1, "2024-03-08", "2024-03-10", to="AMA")]
    rows += [birth(3, "1950-01-01"), *stay(3, 1, "2024-03-08", "2024-03-10")]
    rows += stay(3, 2, "2024-03-20", "2024-03-21", kind="ELECTIVE")
    return engine(tmp_path, events(rows))


def test_rows_enter_and_leave_by_the_rule_of_the_other_definition(local):
    said = cohort().model_dump(mode="json")
    longer = {"rule": "stay_at_least", "length": "2d"}
    grown = cohort(eligibility=[], exclusions=[*said["exclusions"], longer])
    found = difference(cohort(), grown, local, as_of=END)
    assert [(one.rule, one.rows) for one in found.entering] == [("age_at_least", 1)]
    assert [(one.rule, one.rows) for one in found.leaving] == [("stay_at_least", 1)]
    assert (found.rows_before, found.rows_after, found.relabelled) == (2, 2, 0)
    assert [change.field for change in found.changes] == ["eligibility", "exclusions"]


def test_a_changed_label_is_counted_and_an_unchanged_definition_changes_nothing(local):
    counted = {"planned": {"admission_types": ["ELECTIVE"], "as": "counted"}}
    found = difference(cohort(), cohort(label={"readmission": counted}), local, as_of=END)
    assert (found.relabelled, found.entering, found.leaving) == (1, (), ())
    assert [change.field for change in found.changes] == ["label.readmission.planned.as"]
    same = difference(cohort(), cohort(), local, as_of=END)
    assert (same.changes, same.relabelled, same.entering) == ((), 0, ())


def test_another_index_has_other_predictions(local):
    other = cohort(index={"event": "admission"}, exclusions=[])
    found = difference(cohort(), other, local, as_of=END)
    assert [one.rule for one in found.entering] == ["index"]
    assert [one.rule for one in found.leaving] == ["index"]
